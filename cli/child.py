"""A child process that is kept running, and ended with whoever started it."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)

RESTART_AFTER_S = 5
ENDS_WITHIN_S = 10


@asynccontextmanager
async def kept_running(command: Sequence[str], *, first: Sequence[str] | None = None) -> AsyncIterator[None]:
    """Start `command`, start it again when it ends by itself, and end it in order at the end of the block.

    `first` has to succeed once before; it is tried until it does. Children have sessions of their own: Ctrl-C
    reaches the parent alone, which ends its children in its own order.
    """
    keeper = asyncio.create_task(_keep(command, first))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def _keep(command: Sequence[str], first: Sequence[str] | None) -> None:
    while first is not None and (code := await _run(first)):
        log.warning("`%s` failed with %d; trying it again", _short(first), code)
        await asyncio.sleep(RESTART_AFTER_S)
    while True:
        code = await _run(command)
        log.warning("`%s` ended with %d; starting it again", _short(command), code)
        await asyncio.sleep(RESTART_AFTER_S)


async def _run(command: Sequence[str]) -> int:
    """Run to its end; when cancelled, end the child before."""
    process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
    try:
        return await process.wait()
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)
    except TimeoutError:
        log.warning("process %d did not end when asked; killing it", process.pid)
        process.kill()
        await process.wait()


def _short(command: Sequence[str]) -> str:
    return " ".join(command[1:4]) + " …"
