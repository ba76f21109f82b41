"""What a plan has a body from a network searched for: held to a time, for some expressions take for ever on some texts."""

import re
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, TypeVar

_LIMIT_S = 0.2
T = TypeVar("T")


class TooSlow(Exception):
    """It was still searching when its time was over."""


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Where `pattern` is found first in `text`, within a fifth of a second.

    Raises:
        TooSlow: it took longer. re.error: it is no regular expression.
    """
    compiled = re.compile(pattern)
    return within(_LIMIT_S, lambda: compiled.search(text))


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns, if it does so in that time.

    The `re` module looks for signals while it searches, as Python does between steps, so an alarm stops it where it is.
    Only a main thread can set one, and the agent's loop runs there; elsewhere nothing bounds the search.

    Raises:
        TooSlow: it took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    before = signal.signal(signal.SIGALRM, _stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            return work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TooSlow
