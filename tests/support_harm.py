"""Check targets that mean harm, and an agent in a process of its own that visits them.

A target says what its script has it say and counts what it could get rid of. The agent is `agents.loop` with the real
probes: it tells of each visit what came of it and what it cost. Run as a program it is that agent.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Words = bytes | float
"""What is said next, or seconds of silence."""
Script = Callable[[], Iterable[Words]]
_MIB = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PIECE = 16 << 10
_SEND_BUFFER = 64 << 10
"""Of the kernel, so that what was sent is hardly more than what was taken."""


@dataclass
class Target:
    port: int
    visitors: int = 0
    sent: int = 0
    """Bytes, of all visitors."""


@contextlib.asynccontextmanager
async def target(
    script: Script, *, asked: bool = True, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Target]:
    """Who listens on loopback and says the script to each that comes, after it has `asked` something as HTTP does."""
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        found.visitors += 1
        writer.transport.set_write_buffer_limits(0)
        try:
            if asked:
                await reader.readuntil(b"\r\n\r\n")
            for words in script():
                if isinstance(words, float):
                    await asyncio.sleep(words)
                    continue
                for at in range(0, len(words), _PIECE):
                    piece = words[at : at + _PIECE]
                    writer.write(piece)
                    await writer.drain()
                    found.sent += len(piece)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the visitor has had enough, or the test
        finally:
            writer.transport.abort() if trust else writer.close()

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    server = await asyncio.start_server(serve, sock=listening, ssl=trust)
    found = Target(listening.getsockname()[1])
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Visit:
    """What came of a check, and what it cost the agent: CPU seconds, MiB resident at the highest and afterwards."""

    status: str
    reason: str
    excerpt: str
    cpu_s: float
    highest: float
    after: float


async def visits(checks: Sequence[tuple[str, str, int, dict[str, Any]]], times: int) -> list[list[Visit]]:
    """Have an agent of its own do each of the checks (kind, target, timeout in ms, parameters) so often, one after the other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        told, _ = await process.communicate(json.dumps({"checks": checks, "times": times}).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    return [[Visit(**visit) for visit in of_check] for of_check in json.loads(told)]


async def _visited(job: dict[str, Any]) -> list[list[dict[str, Any]]]:
    from agents.loop import Loop
    from agents.probes import PROBES
    from agents.probes.guard import refuses_all_but
    from core.clock import SystemClock
    from core.values import Check, Result

    came: asyncio.Queue[Result] = asyncio.Queue()

    async def sink(check: int, at: int, result: Result) -> None:
        came.put_nowait(result)

    loop = Loop(PROBES, SystemClock(), sink)
    running = asyncio.create_task(loop.run())
    found = []
    for number, (kind, where, timeout_ms, params) in enumerate(job["checks"], 1):
        of_check: list[dict[str, Any]] = []
        loop.take(
            [Check(number, kind, where, 86_400_000, timeout_ms, params)], refuses_all_but(["127.0.0.0/8"])
        )
        for _ in range(job["times"]):
            _forget_highest()
            used = _cpu()
            loop.start(number)
            result = await came.get()
            await asyncio.sleep(0)
            document = dict(result.documents).get("step", {})
            of_check.append({
                "status": result.status, "reason": result.reason, "excerpt": document.get("excerpt", ""),
                "cpu_s": _cpu() - used, "highest": _highest(), "after": _resident(),
            })  # fmt: skip
        found.append(of_check)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return found


def _forget_highest() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _highest() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / _MIB


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    print(json.dumps(asyncio.run(_visited(json.load(sys.stdin)))))
