"""The relay between real namespaces: what crosses, when, and that each packet is accounted for."""

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_netns import ROOT_WITH_TUN, WHY_NOT, namespaces, run_in

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


def ping(namespace: str, count: int = 20) -> tuple[int, float]:
    """Replies, and the shortest round trip in ms: others on this machine can only lengthen one."""
    text = run_in(namespace, "ping", "-q", "-c", str(count), "-i", "0.01", "-W", "1", FAR)
    received = re.search(r"(\d+) received", text)
    least = re.search(r"= ([\d.]+)/", text)
    return int(received[1]) if received else 0, float(least[1]) if least else float("nan")


def test_a_ping_takes_the_delay_of_both_directions(ends: list[str], line: Line) -> None:
    line.set(way="ab", delay_ms=20)
    line.set(way="ba", delay_ms=10)
    received, least = ping(ends[0])
    assert received == 20
    assert 30.0 <= least < 38.0


def test_a_cut_line_carries_nothing_until_it_is_healed(ends: list[str], line: Line) -> None:
    line.set(cut=True)
    assert ping(ends[0], 3)[0] == 0
    line.relay.heal(["line"])
    assert ping(ends[0], 3)[0] == 3


def test_loss_is_counted_to_the_packet(ends: list[str], line: Line) -> None:
    line.set(loss=0.2, delay_ms=1)
    received, _ = ping(ends[0], 100)
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
