"""Regular expressions from a plan, on bodies from a network: held to a time, for some take for ever on some text."""

import re
import signal
import threading
from types import FrameType
from typing import NoReturn

_LIMIT_S = 0.2


class TooSlow(Exception):
    """The expression was still searching when its time was over."""


def search(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`, within a fifth of a second.

    The `re` module looks for signals while it searches, so an alarm stops it where it is. Only a main thread can
    set one, and the agent's loop runs there; elsewhere nothing bounds the search.

    Raises:
        TooSlow: it took longer. re.error: it is no regular expression.
    """
    compiled = re.compile(pattern)
    if threading.current_thread() is not threading.main_thread():
        return compiled.search(text) is not None
    before = signal.signal(signal.SIGALRM, _stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, _LIMIT_S)
            return compiled.search(text) is not None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TooSlow
