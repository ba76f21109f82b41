"""The relay between real namespaces: what crosses, when, and that each packet is accounted for."""

import contextlib
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_icmp import with_checksum
from support_netns import ROOT_WITH_TUN, WHY_NOT, namespaces, run_in
from support_processes import until

from core.errors import BadInput, Unavailable
from lab.netns import inside
from lab.relay import Ends, Line, Relay

pytestmark = [pytest.mark.root, pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT)]
FAR = "10.99.0.2"


@pytest.fixture
def ends() -> Iterator[list[str]]:
    with namespaces(2) as names:
        yield names


@pytest.fixture
def line(ends: list[str]) -> Iterator[Line]:
    with Relay.between(*ends, seed=7) as line:
        yield line


def ping(namespace: str, line: Line, count: int = 20) -> tuple[int, float]:
    """Replies, and the shortest round trip in ms: others on this machine can only lengthen one.

    Of all that the line let through, however late: ping(8) waits for twice the longest round trip and no more, and that is
    no time on a busy machine.
    """
    before, sent, trips = line.counts(), dict[int, float](), list[float]()
    with inside(namespace):
        icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with icmp:
        icmp.setblocking(False)

        def hear() -> None:
            with contextlib.suppress(BlockingIOError):
                while packet := icmp.recv(2048):
                    kind, _, _, _, number = struct.unpack_from(">BBHHH", packet, 20)
                    if kind == 0:
                        trips.append((time.monotonic() - sent[number]) * 1000)

        def all_are_heard() -> bool:
            hear()
            now = line.counts()
            there, back = (
                {fate: now[way][fate] - before[way][fate] for fate in ("entered", "forwarded", "under_way")}
                for way in ("ab", "ba")
            )
            return (
                (there["entered"], back["entered"]) == (count, there["forwarded"])
                and there["under_way"] == back["under_way"] == 0
                and len(trips) == back["forwarded"]
            )

        for number in range(count):
            sent[number] = time.monotonic()
            icmp.sendto(with_checksum(struct.pack(">BBHHH", 8, 0, 0, 7, number) + bytes(56)), (FAR, 0))
            while (left := sent[number] + 0.01 - time.monotonic()) > 0:
                select.select([icmp], [], [], left)
                hear()
        until(all_are_heard, 60, "every reply that the line carried is heard")
    return len(trips), min(trips, default=float("nan"))


def test_a_ping_takes_the_delay_of_both_directions(ends: list[str], line: Line) -> None:
    line.set(way="ab", delay_ms=20)
    line.set(way="ba", delay_ms=10)
    least = []

    def one_was_not_held_up() -> bool:
        received, shortest = ping(ends[0], line)
        assert received == 20
        least.append(shortest)
        return min(least) < 38.0

    until(one_was_not_held_up, 60, "a round trip of 30 ms and a little")
    assert min(least) >= 30.0


def test_a_cut_line_carries_nothing_until_it_is_healed(ends: list[str], line: Line) -> None:
    line.set(cut=True)
    assert ping(ends[0], line, 3)[0] == 0
    assert line.counts()["ab"]["cut"] == 3
    line.relay.heal(["line"])
    assert ping(ends[0], line, 3)[0] == 3


def test_loss_is_counted_to_the_packet(ends: list[str], line: Line) -> None:
    line.set(loss=0.2, delay_ms=1)
    received, _ = ping(ends[0], line, 100)
    there, back = line.counts()["ab"], line.counts()["ba"]
    assert there["entered"] == 100
    assert there["lost"] > 0
    assert back["entered"] == there["forwarded"] == 100 - there["lost"]
    assert received == back["forwarded"] == back["entered"] - back["lost"]
    assert there["overrun"] == back["overrun"] == there["under_way"] == back["under_way"] == 0


def test_a_rate_bounds_what_a_tcp_stream_gets_through(ends: list[str], line: Line) -> None:
    line.set(rate_bps=4_000_000)
    size, got = 250_000, 0
    with inside(ends[1]):
        server = socket.create_server((FAR, 0))
    with inside(ends[0]):
        client = socket.create_connection(server.getsockname(), timeout=20)
    far, _ = server.accept()
    with server, client, far:
        began = time.monotonic()
        sender = threading.Thread(target=client.sendall, args=(bytes(size),))
        sender.start()
        while got < size:
            got += len(far.recv(1 << 16))
        took = time.monotonic() - began
        sender.join()
    assert size * 8 / took <= 4_400_000, "half a second's worth may not arrive in less"
    assert line.counts()["ab"]["forwarded_bytes"] >= size


def test_bad_figures_are_refused_and_change_nothing(line: Line) -> None:
    with pytest.raises(BadInput, match="ratio"):
        line.set(loss=1.5)
    with pytest.raises(BadInput, match="no line"):
        line.relay.cut(["elsewhere"])
    with pytest.raises(BadInput, match="lossy"):
        line.set(lossy=0.5)
    assert line.relay.conditions()["line"]["ab"]["loss"] == 0.0


def test_a_namespace_that_is_not_there_is_refused_and_leaves_no_device(
    ends: list[str], tmp_path: Path
) -> None:
    with Relay.running(tmp_path / "s") as relay:
        with pytest.raises(BadInput, match="No such file"):
            relay.add([Ends("x", (ends[0], "wan"), ("nhip-test-nowhere", "wan"))])
        assert "wan" not in run_in(ends[0], "ip", "link")
        assert relay.usage()["lines"] == 0


def test_the_relay_leaves_no_process_socket_or_device(ends: list[str], tmp_path: Path) -> None:
    with Relay.running(tmp_path / "s") as relay:
        relay.add([Ends("x", (ends[0], "wan"), (ends[1], "wan"))])
        pid = int(relay.usage()["pid"])
    assert not (tmp_path / "s").exists()
    assert not Path(f"/proc/{pid}").exists()
    assert "wan" not in run_in(ends[0], "ip", "link")
    with pytest.raises(Unavailable):
        relay.usage()


def test_the_relay_survives_a_namespace_that_goes_away(ends: list[str], tmp_path: Path) -> None:
    with Relay.running(tmp_path / "s") as relay:
        relay.add([Ends("x", (ends[0], "wan"), (ends[1], "wan"))])
        subprocess.run(["ip", "netns", "del", ends[1]], check=True)
        assert relay.usage()["lines"] == 1
        assert relay.counters(["x"])["x"]["ba"]["forwarded"] == 0


def test_a_thread_comes_back_from_a_namespace(ends: list[str]) -> None:
    home = str(Path("/proc/thread-self/ns/net").readlink())
    with inside(ends[0]):
        assert str(Path("/proc/thread-self/ns/net").readlink()) != home
    assert str(Path("/proc/thread-self/ns/net").readlink()) == home
