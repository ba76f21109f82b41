"""Sessions of the e-office: who signed in, and the token that a form must give back."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from core.clock import Clock, SystemClock

LASTS_MS = 30 * 60_000
MOST = 5_000
"""Sessions at once; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Session:
    ends_at: int
    user: str = ""
    """Empty before the sign-in."""
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class Sessions:
    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self, user: str = "") -> tuple[str, Session]:
        """A new session and the secret that its cookie holds."""
        key = secrets.token_urlsafe(24)
        self._open[key] = Session(self._clock.now() + LASTS_MS, user)
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return key, self._open[key]

    def of(self, key: str | None) -> Session | None:
        found = self._open.get(key or "")
        return found if found is not None and found.ends_at > self._clock.now() else None

    def end(self, key: str | None) -> None:
        self._open.pop(key or "", None)

    def __len__(self) -> int:
        return len(self._open)
