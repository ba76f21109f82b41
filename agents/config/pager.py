"""A device that shows a screen at a time, and asks whether to go on: text in, text without its questions out. Pure.

Devices are told not to ask. Some ask all the same, and then wipe the question away with backspaces or by moving the cursor:
what they wipe with is taken out too, since a blank more at the start of a line is another line.
"""

import re

_ASKS = re.compile(
    r"(?<=[\r\n])[ \t]*(?:<-+|-{2,}) ?\(?more\)?[^\r\n]{0,40}?(?:-+>|-{2,})[ \x08]*\Z", re.IGNORECASE
)
_MAY_ASK = re.compile(r"(?<=[\r\n])[ \t]*(?:<|<?-[^\r\n]{0,60}|[ \t])\Z")
_WIPES = re.compile(r"[-> ]*(?:\(?\d+%\)?[-)>]*)? *(?:\x08+ *\x08+|\x1b\[\d+D *\x1b\[\d+D|\r *\r|\r?\x1b\[K)")
"""With the rest of the question, which may come after it was answered."""
_MAY_WIPE = re.compile(r"[\x08 \r\x1b\[\dDK()%>-]*\Z")
_HELD = 256


class Pager:
    """What a device says goes through `read`; when `asked` says so, a blank is to be sent."""

    def __init__(self) -> None:
        self._held, self._wiping, self.asked = "", False, False
        self._before = "\n"
        """What was let through last."""

    def read(self, data: str) -> str:
        """What of this, and of what was held back before, is text."""
        data, self._held, self.asked = self._held + data, "", False
        if self._wiping:
            if _MAY_WIPE.match(data) and len(data) < _HELD:
                self._held = data
                return ""
            wiped = _WIPES.match(data)
            data, self._wiping = data[wiped.end() :] if wiped else data, False
        text = self._before + data
        if (asks := _ASKS.search(text)) is not None:
            self.asked = self._wiping = True
            return self._through(text[1 : asks.start()])
        if (may := _MAY_ASK.search(text)) is not None and len(text) - may.start() < _HELD:
            self._held, text = text[may.start() :], text[: may.start()]
        return self._through(text[1:])

    def _through(self, text: str) -> str:
        self._before = "\n" if self.asked else text[-1:] or self._before
        return text
