"""Descriptions of streams: SDP, RFC 8866, as far as a picture needs it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MOST_LINES = 500
_RTPMAP = re.compile(r"(\d{1,3}) ([\w.+-]{1,40})/(\d{1,9})")
_CLOCK = 90_000
"""Of every kind of video that has a number of its own: RFC 3551."""
_STATIC = {26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}


@dataclass(frozen=True, slots=True)
class Media:
    """One stream: `kind` is `video`, `audio`, …; `control` is its URL or a part of one; `clock` ticks a second."""

    kind: str
    protocol: str
    payload: int
    encoding: str
    clock: int
    control: str


@dataclass(frozen=True, slots=True)
class Description:
    control: str
    media: Sequence[Media]

    @property
    def video(self) -> Media | None:
        """The first stream of video over RTP."""
        return next(
            (one for one in self.media if one.kind == "video" and one.protocol.startswith("RTP/")), None
        )


def read(data: bytes) -> Description:
    """The description; lines that make no sense are passed over, as cameras write many that do not."""
    control, found = "", list[dict[str, str]]()
    for line in data.decode("utf-8", "replace").splitlines()[:_MOST_LINES]:
        kind, _, value = line.partition("=")
        if kind == "m":
            found.append({"m": value, "map": "", "control": ""})
        elif kind == "a":
            name, _, value = value.partition(":")
            if name == "rtpmap" and found:
                found[-1]["map"] += value + "\n"
            elif name == "control" and found:
                found[-1]["control"] = value.strip()
            elif name == "control":
                control = value.strip()
    return Description(control, [media for one in found if (media := _media(one)) is not None])


def _media(found: Mapping[str, str]) -> Media | None:
    words = found["m"].split()
    if len(words) < 4 or not words[3].isascii() or not words[3].isdigit() or int(words[3]) > 127:
        return None
    payload = int(words[3])
    encoding, clock = _STATIC.get(payload, ""), _CLOCK
    for number, name, rate in _RTPMAP.findall(found["map"]):
        if int(number) == payload and int(rate) > 0:
            encoding, clock = name.upper(), int(rate)
            break
    return Media(words[0].lower(), words[2].upper(), payload, encoding, clock, found["control"])
