"""What a plan has a body from a network searched for: held to a time, for some expressions take for ever on some texts."""

import re
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, TypeVar

_LIMIT_S = 0.2
_AGAIN_S = 0.1
"""An alarm that rings while Python lets nothing out (an object's own end, a callback of the garbage collector) is lost."""
T = TypeVar("T")


class TooSlow(Exception):
    """It was still searching when its time was over."""


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Where `pattern` is found first in `text`, within a fifth of a second of this process's work.

    Raises:
        TooSlow: it took more. re.error: it is no regular expression.
    """
    compiled = re.compile(pattern)
    return within(_LIMIT_S, lambda: compiled.search(text))


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns, if it does so with that much of this process's own time on a processor.

    How long others keep a processor from us says nothing of the page that is read. The `re` module looks for signals while it searches, as Python does between steps, so an alarm stops it where it is.
    Only a main thread can set one, and the agent's loop runs there; elsewhere nothing bounds the search.

    Raises:
        TooSlow: it took more.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    before = signal.signal(signal.SIGPROF, _stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_S)
            return work()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)  # it may have rung just before the other
        signal.signal(signal.SIGPROF, before)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TooSlow
