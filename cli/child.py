"""A child process that is kept running, and ended with whoever started it."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)

RESTART_AFTER_S = 5
ENDS_WITHIN_S = 10


async def run_once(command: Sequence[str]) -> None:
    """Run `command` to its end; RuntimeError when it fails."""
    process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
    if code := await process.wait():
        raise RuntimeError(f"`{' '.join(command[1:4])} …` ended with {code}")


@asynccontextmanager
async def kept_running(command: Sequence[str]) -> AsyncIterator[None]:
    """Start `command`, start it again when it ends by itself, and end it in order at the end of the block.

    It has a session of its own: Ctrl-C reaches the parent alone, which ends its children in its own order.
    """
    keeper = asyncio.create_task(_keep(command))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def _keep(command: Sequence[str]) -> None:
    while True:
        process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        log.warning("`%s` ended with %d; starting it again", " ".join(command[1:4]), code)
        await asyncio.sleep(RESTART_AFTER_S)


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
