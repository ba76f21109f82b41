"""The thread that digests: when to take, to store and to checkpoint, and what to do when one of them fails."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from collector.digest import Digest
from collector.reader import Taken
from core.compress import inflate
from core.wire import MAX_PLAIN

GATHER_S = 0.05
"""Reports are digested together with all that follow within this time: fewer turns, and answers are not held up."""
GROUP_SAMPLES = 250_000
GROUP_S = 1.0
"""Samples are stored when there are so many, or when the first of them has waited so long."""
CHECKPOINT_BYTES = 64 << 20
CHECKPOINT_S = 10.0
MAX_HELD_SAMPLES = 2_000_000
"""While the sample store cannot be written, digesting goes on until so many samples are held in memory."""
RETRY_S = 5.0
MAX_WAITING_BYTES = 64 << 20
"""Of reports, plain, that are in the journal and not digested: past this no more are accepted."""
_log = logging.getLogger(__name__)


class Worker:
    """Runs a `Digest`. `set_aside` is the folder for reports that could not be digested, which is a bug of ours."""

    def __init__(self, digest: Digest, set_aside: Path) -> None:
        self._digest, self._set_aside = digest, set_aside
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, Taken]] = deque()
        self._waiting_bytes = 0
        self._undone_bytes = 0
        """Digested since the last checkpoint."""
        self._take_at = 0.0
        self._sleeping_long = False
        self._store_at: float | None = None
        self._checkpoint_at: float | None = None
        self._wanted = self._settled = 0
        self._ending = self._failing = False
        self.busy_s = 0.0
        self.failures = 0
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)

    def start(self, forget: Callable[[int], None]) -> None:
        """`forget` lets the journal go up to a number."""
        self._forget = forget
        self._thread.start()

    def put(self, first: int, taken: Sequence[Taken]) -> None:
        """Reports that are in the journal, numbered from `first`. Calls come in order of numbers."""
        with self._changed:
            if not self._waiting:
                self._take_at = time.monotonic() + GATHER_S
            self._waiting.extend(enumerate(taken, first))
            self._waiting_bytes += sum(one.size for one in taken)
            if self._sleeping_long:
                self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        return self._waiting_bytes > MAX_WAITING_BYTES

    def wait_for_room(self, timeout_s: float = 60.0) -> bool:
        """Wait while it is full; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.is_full, timeout_s)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Wait until all that was put before is stored and in a checkpoint; False if it could not be."""
        with self._changed:
            self._wanted += 1
            wanted = self._wanted
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: self._settled >= wanted, timeout_s)
            return done and self._store_at is None and self._checkpoint_at is None

    def stop(self) -> None:
        """Digest all that was put, store what can be stored, and end. The journal keeps what could not be."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._wait()
                ending, wanted = self._ending, self._wanted
                taken = self._grab()
            began = time.monotonic()
            for number, one in taken:
                self._take(number, one)
            hurry = ending or wanted > self._settled
            if self._is_due(self._store_at, hurry, early=self._digest.held >= GROUP_SAMPLES):
                self._store_at = self._try("samples", self._digest.store)
            if self._is_due(self._checkpoint_at, hurry, early=self._undone_bytes >= CHECKPOINT_BYTES):
                self._checkpoint_at = self._try("checkpoint", self._checkpoint)
                self._undone_bytes = 0
            self.busy_s += time.monotonic() - began
            with self._changed:
                self._settled = wanted
                self._changed.notify_all()
            if ending and not (self._waiting and self._may_take()):
                return

    def _wait(self) -> None:
        """Until something is due. `put` notifies only when nothing was waiting: no wake-up for each report."""
        while not (self._ending or self._wanted > self._settled):
            takes = [self._take_at] if self._waiting and self._may_take() else []
            due = [at for at in (*takes, self._store_at, self._checkpoint_at) if at is not None]
            pause = min(due) - time.monotonic() if due else None
            if pause is not None and pause <= 0:
                return
            self._sleeping_long = not takes
            self._changed.wait(pause)
            self._sleeping_long = False

    def _may_take(self) -> bool:
        return self._digest.held < MAX_HELD_SAMPLES

    def _is_due(self, at: float | None, hurry: bool, *, early: bool) -> bool:
        if at is None:
            return False
        return hurry or (early and not self._failing) or time.monotonic() >= at

    def _grab(self) -> list[tuple[int, Taken]]:
        if not self._may_take():
            return []
        taken = list(self._waiting)
        self._waiting.clear()
        self._undone_bytes += self._waiting_bytes
        self._waiting_bytes = 0
        return taken

    def _take(self, number: int, one: Taken) -> None:
        now = time.monotonic()
        self._store_at = self._store_at or now + GROUP_S
        self._checkpoint_at = self._checkpoint_at or now + CHECKPOINT_S
        try:
            self._digest.take(number, one)
        except Exception:  # noqa: BLE001 - the guard of the loop
            # A report that we cannot digest must not stand in the way of the others; it is kept to be looked at.
            self.failures += 1
            _log.exception("report %d of the journal could not be digested", number)
            self._set_aside.mkdir(exist_ok=True)
            (self._set_aside / f"{number}.json").write_bytes(inflate(one.body, one.encoding, MAX_PLAIN))

    def _checkpoint(self) -> None:
        self._forget(self._digest.checkpoint())

    def _try(self, what: str, act: Callable[[], None]) -> float | None:
        """None when it is done; else the time to try again. The journal keeps what is not stored."""
        try:
            act()
            self._failing = False
        except Exception:  # noqa: BLE001 - whatever an engine raises
            self.failures += 1
            self._failing = True
            _log.exception("%s cannot be stored now; tried again in %s s", what, RETRY_S)
            return time.monotonic() + RETRY_S
        return None
