"""Where the agent has devices asked: keeps the worker running while there is something to ask, and hands answers back.

One for each event loop. The worker is started with the first question, again when it ended, and ended when nobody has asked
for a while.
"""

import asyncio
import contextlib
import itertools
import subprocess
import sys
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

IDLE_S = 180.0
"""Longer than the interval of a check: the worker stays while there is a plan with one."""
AT_ONCE = 32
"""Questions that may be open at the same time."""
LONGEST = 4 << 20
"""Bytes of one answer."""


class Desk:
    def __init__(self, *, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._ids = itertools.count(1)
        self._open: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._worker: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._rest: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Of the worker, while it runs."""
        return self._worker.pid if self._worker is not None else None

    async def ask(self, target: dict[str, Any], within_s: float = 10.0) -> dict[str, Any]:
        """The worker's answer (`agents.snmp.survey.Answer`) about a target (`agents.snmp.client.Target`).

        Raises:
            OSError: the worker cannot be started, or ended while it was asked.
        """
        async with self._places:
            answer: dict[str, Any] = (await self._answer({"target": target, "within_s": within_s}))["answer"]
            return answer

    async def read(self, datagram: dict[str, Any]) -> dict[str, Any]:
        """What a trap (`agents.snmp.traps.Datagram`) means (`agents.snmp.traps.Meaning`). Takes the place of no question.

        Raises:
            OSError: the worker cannot be started, or ended meanwhile.
        """
        meaning: dict[str, Any] = (await self._answer({"trap": datagram}))["trap"]
        return meaning

    async def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        worker = await self._running()
        number = next(self._ids)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        try:
            assert worker.stdin is not None  # noqa: S101 - for the type checker: it was asked for
            worker.stdin.write(msgspec.json.encode({"id": number, **question}) + b"\n")
            return await answer
        finally:
            del self._open[number]
            self._rest_later()

    async def close(self) -> None:
        """End the worker."""
        if self._rest is not None:
            self._rest.cancel()
        worker, self._worker = self._worker, None
        if worker is not None and worker.stdin is not None:
            worker.stdin.close()
            try:
                await asyncio.wait_for(worker.wait(), 2)
            except TimeoutError:
                worker.kill()
                await worker.wait()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._rest is not None:
                self._rest.cancel()
            if self._worker is None or self._worker.returncode is not None:
                self._worker = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "agents.snmp.worker",
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    limit=LONGEST,
                )
                self._reading = asyncio.create_task(self._read(self._worker))
            return self._worker

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdout is not None  # noqa: S101 - for the type checker: it was asked for
        while line := await worker.stdout.readline():
            said = msgspec.json.decode(line)
            if (answer := self._open.get(said["id"])) is not None and not answer.done():
                answer.set_result(said)
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(OSError("the program that asks devices ended"))
        with contextlib.suppress(ProcessLookupError):
            await worker.wait()

    def _rest_later(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        loop = asyncio.get_running_loop()
        self._rest = loop.call_later(self._idle_s, lambda: loop.create_task(self.close()))


_desks: WeakKeyDictionary[asyncio.AbstractEventLoop, Desk] = WeakKeyDictionary()


def desk() -> Desk:
    """This event loop's."""
    loop = asyncio.get_running_loop()
    if (found := _desks.get(loop)) is None:
        found = _desks[loop] = Desk()
    return found
