"""Load for `bench/ingest.py`: requests made beforehand, sent over kept connections, and what it costs the server."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process so far."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: centre", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Client:
    """One kept connection that sends its requests one after the other."""

    port: int
    requests: Sequence[bytes]
    took: list[float] = field(default_factory=list)

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, one: bytes) -> None:
        began = time.perf_counter()
        self._writer.write(one)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 204"):
            raise AssertionError(head.decode() + (await self._reader.read(2_000)).decode(errors="replace"))
        self.took.append(time.perf_counter() - began)

    async def run(self) -> None:
        for one in self.requests:
            await self.send(one)

    def close(self) -> None:
        self._writer.close()


async def stream(port: int, work: Sequence[Sequence[bytes]]) -> float:
    """Every client as fast as it is answered; returns seconds until the last answer."""
    clients = [Client(port, requests) for requests in work]
    await asyncio.gather(*(client.open() for client in clients))
    began = time.perf_counter()
    await asyncio.gather(*(client.run() for client in clients))
    took = time.perf_counter() - began
    for client in clients:
        client.close()
    return took


async def bursts(port: int, work: Sequence[Sequence[bytes]], pause_s: float) -> list[float]:
    """All clients at the same instant, once for each of their requests, with a pause between; all answer times."""
    clients = [Client(port, requests) for requests in work]
    await asyncio.gather(*(client.open() for client in clients))
    for together in zip(*work, strict=True):
        await asyncio.gather(*(client.send(one) for client, one in zip(clients, together, strict=True)))
        await asyncio.sleep(pause_s)
    for client in clients:
        client.close()
    return [took for client in clients for took in client.took]


def quantile(values: Sequence[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * q))]
