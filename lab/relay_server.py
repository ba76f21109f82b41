"""The relay's process: one epoll loop that carries packets between pairs of TUN devices. `python -m lab.relay_server`.

Packets under way wait in one heap by the time they are due. The wait is a `select` on the epoll descriptor, because
epoll's own timeout counts whole milliseconds and a line of 20 ms should be 20.0.

Each request is a line of JSON with `do`, each answer a line too, `{"error": …}` when it was refused:
`add`, `set` (also `cut`, `heal`), `get`, `counters`, `usage`, `quit`.
"""

import argparse
import contextlib
import ctypes
import errno
import heapq
import json
import os
import select
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from lab.line import Conditions, Direction
from lab.netns import device_drops, inside, open_tun

MTU = 1500
_PR_SET_TIMERSLACK = 29
CLOSE_AT_ONCE = 32
READ_AT_ONCE = 64
"""Packets of one device in a row, before others get their turn."""


class End:
    """One TUN device: what is read here goes through `direction` to `peer`."""

    __slots__ = ("device", "direction", "fd", "namespace", "peer")

    def __init__(self, namespace: str, device: str, fd: int, direction: Direction) -> None:
        self.namespace, self.device, self.fd, self.direction = namespace, device, fd, direction
        self.peer = self


class Server:
    """All lines of one relay, and its control socket."""

    def __init__(self, path: Path, *, while_stdin: bool) -> None:
        self._path = path
        self._lines: dict[str, tuple[End, End]] = {}
        self._ends: dict[int, End] = {}
        self._due: list[tuple[int, int, End, bytes]] = []
        self._order = 0
        self._clients: dict[int, tuple[socket.socket, bytearray]] = {}
        self._stop = False
        self._epoll = select.epoll()
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control.bind(str(path))
        path.chmod(0o600)
        self._control.listen(16)
        self._epoll.register(self._control, select.EPOLLIN)
        self._stdin = sys.stdin.fileno() if while_stdin else -1
        if while_stdin:
            self._epoll.register(self._stdin, select.EPOLLIN | select.EPOLLHUP)

    def stop(self, *_: object) -> None:
        self._stop = True

    def run(self) -> None:
        """Carry packets until told to stop."""
        epoll_fd = [self._epoll.fileno()]
        try:
            while not self._stop:
                wait = None
                if self._due:
                    wait = max(0.0, (self._due[0][0] - time.monotonic_ns()) / 1e9)
                if wait is None or wait > 0:
                    # A signal wakes this at most a second late: PEP 475 restarts the wait after the handler.
                    select.select(epoll_fd, [], [], 1.0 if wait is None else min(wait, 1.0))
                for fd, _ in self._epoll.poll(0):
                    end = self._ends.get(fd)
                    if end is not None:
                        self._take(end)
                    else:
                        self._serve(fd)
                self._deliver()
        finally:
            self._path.unlink(missing_ok=True)
            # The kernel waits a while for each device that goes; these waits can overlap.
            with ThreadPoolExecutor(CLOSE_AT_ONCE) as pool:
                list(pool.map(os.close, self._ends))

    def _take(self, end: End) -> None:
        """Read what waits at one device."""
        direction, fd = end.direction, end.fd
        for _ in range(READ_AT_ONCE):
            try:
                packet = os.read(fd, MTU + 64)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.EIO:  # the device is down
                    return
                # Its namespace is gone, and the device with it.
                self._epoll.unregister(fd)
                self._ends.pop(fd)
                return
            now = time.monotonic_ns()
            due = direction.admit(now, len(packet))
            if due is None:
                continue
            if due <= now:
                self._put(end, packet)
            else:
                self._order += 1
                heapq.heappush(self._due, (due, self._order, end, packet))

    def _deliver(self) -> None:
        """Hand over what is due by now."""
        due, now = self._due, time.monotonic_ns()
        while due and due[0][0] <= now:
            _, _, end, packet = heapq.heappop(due)
            if end.direction.arrives():
                self._put(end, packet)

    def _put(self, end: End, packet: bytes) -> None:
        counts = end.direction.counts
        try:
            os.write(end.peer.fd, packet)
        except OSError:
            counts.failed += 1
        else:
            counts.forwarded += 1
            counts.forwarded_bytes += len(packet)

    def _serve(self, fd: int) -> None:
        """News at the control socket, at a client, or at standard input."""
        if fd == self._control.fileno():
            client, _ = self._control.accept()
            client.settimeout(1)
            self._clients[client.fileno()] = (client, bytearray())
            self._epoll.register(client, select.EPOLLIN)
        elif fd == self._stdin:
            self._stop = not os.read(fd, 4096)
        elif fd in self._clients:
            client, waiting = self._clients[fd]
            try:
                news = client.recv(1 << 16)
                waiting += news
                while (cut := waiting.find(b"\n")) >= 0:
                    line, waiting[: cut + 1] = bytes(waiting[:cut]), b""
                    client.sendall(json.dumps(self._answer(line)).encode() + b"\n")
            except OSError:
                news = b""
            if not news:
                self._epoll.unregister(client)
                client.close()
                del self._clients[fd]

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            answer: dict[str, Any] = getattr(self, f"_do_{request['do']}")(request)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return {"error": f"not understood: {error!r}"}
        except OSError as error:
            return {"error": str(error)}
        return answer

    def _do_add(self, request: dict[str, Any]) -> dict[str, Any]:
        for line in request["lines"]:
            name, seed = str(line["name"]), int(line["seed"])
            if name in self._lines:
                raise ValueError(f"there is a line {name!r} already")
            queue, frames = int(request["queue"]), bool(line.get("frames"))
            near = _end(line["a"], queue, Direction(2 * seed), frames)
            try:
                far = _end(line["b"], queue, Direction(2 * seed + 1), frames)
            except OSError:
                os.close(near.fd)
                raise
            near.peer, far.peer = far, near
            self._lines[name] = (near, far)
            for end in (near, far):
                self._ends[end.fd] = end
                self._epoll.register(end.fd, select.EPOLLIN)
        return {"lines": len(self._lines)}

    def _do_set(self, request: dict[str, Any]) -> dict[str, Any]:
        way, changes = request.get("way", "both"), request["conditions"]
        directions = [
            end.direction
            for name in self._known(request)
            for key, end in zip(("ab", "ba"), self._lines[name], strict=True)
            if way in ("both", key)
        ]
        # All or none: every new set of conditions is checked before the first is in force.
        wanted = [
            msgspec.convert({**msgspec.to_builtins(d.conditions), **changes}, Conditions) for d in directions
        ]
        for fault in filter(None, (conditions.fault() for conditions in wanted)):
            raise ValueError(fault)
        for direction, conditions in zip(directions, wanted, strict=True):
            direction.conditions = conditions
        return {"changed": len(directions)}

    def _do_cut(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._do_set({**request, "conditions": {"cut": True}})

    def _do_heal(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._do_set({**request, "conditions": {"cut": False}})

    def _do_get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "lines": {
                name: {
                    way: msgspec.to_builtins(end.direction.conditions)
                    for way, end in zip(("ab", "ba"), self._lines[name], strict=True)
                }
                for name in self._known(request)
            }
        }

    def _do_counters(self, request: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, dict[str, dict[str, int]]] = {}
        for name in self._known(request):
            found[name] = {}
            for way, end in zip(("ab", "ba"), self._lines[name], strict=True):
                counts = end.direction.counts
                with contextlib.suppress(OSError), inside(end.namespace):
                    found[name][way] = {"overrun": device_drops(end.device)}
                found[name].setdefault(way, {}).update(asdict(counts), under_way=counts.under_way)
        return {"lines": found}

    def _do_usage(self, _request: dict[str, Any]) -> dict[str, Any]:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            "pid": os.getpid(),
            "cpu_seconds": time.process_time(),
            "rss_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
            "lines": len(self._lines),
        }

    def _do_quit(self, _request: dict[str, Any]) -> dict[str, Any]:
        self._stop = True
        return {}

    def _known(self, request: dict[str, Any]) -> list[str]:
        names = request.get("lines") or list(self._lines)
        for name in names:
            if name not in self._lines:
                raise ValueError(f"there is no line {name!r}")
        return names


def _end(place: list[str], queue: int, direction: Direction, frames: bool) -> End:
    namespace, device = place
    return End(namespace, device, open_tun(namespace, device, queue=queue, frames=frames), direction)


def be_punctual() -> None:
    """A line is not slower because the machine is busy: ask for exact timers, and to go ahead of ordinary work."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)


def main() -> None:
    parser = argparse.ArgumentParser(description="Carry packets between pairs of TUN devices.")
    parser.add_argument("socket", type=Path, help="where to take orders; made here, and removed at the end")
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    be_punctual()
    server = Server(options.socket, while_stdin=options.while_stdin)
    signal.signal(signal.SIGTERM, server.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN if not options.while_stdin else server.stop)
    server.run()


if __name__ == "__main__":
    main()
