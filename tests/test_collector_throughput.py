"""Throughput against the real centre: what it gives and takes, to whom, how much, and how many at once."""

import asyncio
import json
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from support_centre import UNIT, FakeAgent, Site, agent, site
from support_ingest import SECRET
from support_netns import ROOT_WITH_TUN, WHY_NOT, namespaces
from support_registry import THEN

from agents.bulk import Bulk
from agents.credential import Credential
from agents.probes.throughput import Throughput
from collector import throughput
from collector.routes import agent_routes
from core import wire
from core.clock import SystemClock
from core.errors import Unavailable
from core.values import Check, Result, Status
from inventory.changes import put
from lab.manual_clock import ManualClock
from lab.netns import inside
from lab.relay import Relay

ADDRESS = "/api/v1/agent/throughput"
NIGHT = 1_795_374_000_000 - 1_795_374_000_000 % 86_400_000 + 19 * 3_600_000
"""2:00 in Việt Nam."""


def line(here: Site, box: FakeAgent) -> Bulk:
    return Bulk(Credential(here.url, SECRET, box.name, UNIT), None)


@asynccontextmanager
async def joined(folder: Path) -> AsyncIterator[tuple[Site, FakeAgent, Bulk]]:
    async with site(folder) as here, agent(here) as box:
        yield here, box, line(here, box)


async def test_what_is_asked_for_comes_and_what_is_sent_is_counted(tmp_path: Path) -> None:
    async with joined(tmp_path) as (_here, _box, bulk):
        down = await bulk.down(1 << 20, 5)
        up = await bulk.up(1 << 20, 5)
    # The first piece does not count, nobody knows how long it took: it is as large as the kernel let it grow.
    assert 1 << 19 < down.bytes < 1 << 20
    assert 1 << 19 < up.bytes < 1 << 20
    assert down.ms > 0
    assert up.ms > 0


async def test_the_bytes_are_such_as_nothing_can_compress_and_differ_each_time(tmp_path: Path) -> None:
    async with joined(tmp_path) as (_here, box, _bulk):
        one, other = [
            (await box.http.get(f"{ADDRESS}?bytes=100000", headers=box.headers)).content for _ in range(2)
        ]
    from core.compress import deflate

    assert len(one) == len(other) == 100_000
    assert one != other
    assert len(deflate(one)) > 99_000


async def test_no_more_bytes_go_either_way_than_the_setting_allows(tmp_path: Path) -> None:
    async with joined(tmp_path) as (here, box, bulk):
        setting = {"name": "throughput_bytes", "value": "200000", "valid_from": THEN}
        put(here.state, here.clock.now(), {"settings": [setting]})
        here.centre.registry.refresh()
        answer = await box.http.get(f"{ADDRESS}?bytes={1 << 30}", headers=box.headers)
        assert len(answer.content) == 200_000
        # The piece that goes past it counts whole, and one that had to wait is larger.
        assert 200_000 <= (await bulk.up(64 << 20, 5)).bytes < 1_000_000


@pytest.mark.alone
async def test_a_test_ends_when_its_time_is_over_though_the_other_side_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "SECONDS", 0.3)
    async with joined(tmp_path) as (here, _box, bulk):
        setting = {"name": "throughput_bytes", "value": str(10**11), "valid_from": THEN}
        put(here.state, here.clock.now(), {"settings": [setting]})
        here.centre.registry.refresh()
        # Its own time, far from a minute, for which it is asked.
        up = await bulk.up(10**11, 60)
        assert 150 < up.ms < 10_000
        down = await bulk.down(10**11, 60)
        assert 150 < down.ms < 10_000
        assert not here.centre.throughput._running


async def test_who_hangs_up_is_given_no_more_and_others_have_their_turn(tmp_path: Path) -> None:
    gone, sent = asyncio.Event(), 0

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        """As a server's: it never waits when nobody is there any more."""
        nonlocal sent
        sent += 1
        gone.set()

    async with joined(tmp_path) as (here, box, _bulk):
        setting = {"name": "throughput_bytes", "value": str(10**11), "valid_from": THEN}
        put(here.state, here.clock.now(), {"settings": [setting]})
        here.centre.registry.refresh()
        headers = [(name.lower().encode(), value.encode()) for name, value in box.headers.items()]
        scope = {"type": "http", "method": "GET", "query_string": b"", "headers": headers}
        await here.centre.throughput(scope, receive, send)
        assert not here.centre.throughput._running
    assert sent < 10


@pytest.mark.parametrize("query", ["bytes=0", "bytes=-1", "bytes=many", "bytes=nan"])
async def test_a_size_that_is_none_is_refused(tmp_path: Path, query: str) -> None:
    async with joined(tmp_path) as (_here, box, _bulk):
        assert (await box.http.get(f"{ADDRESS}?{query}", headers=box.headers)).status_code == 422


async def test_nobody_without_a_credential_and_no_other_method(tmp_path: Path) -> None:
    async with joined(tmp_path) as (_here, box, _bulk):
        assert (await box.http.get(ADDRESS)).status_code == 401
        assert (await box.http.post(ADDRESS, content=b"x")).status_code == 401
        put_ = await box.http.put(ADDRESS, headers=box.headers)
        assert (put_.status_code, put_.headers["allow"]) == (405, "GET, POST")


@asynccontextmanager
async def occupied(here: Site, name: str) -> AsyncIterator[None]:
    """An agent that has asked, and does not read: its test is under way."""
    host, _, port = here.url.removeprefix("http://").partition(":")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        text = f"GET {ADDRESS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {name}.{SECRET}\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(sock, text.encode())
        assert await asyncio.get_running_loop().sock_recv(sock, 15) == b"HTTP/1.1 200 OK"
        yield


async def test_one_test_of_an_agent_at_a_time_and_never_both_ways(tmp_path: Path) -> None:
    async with joined(tmp_path) as (here, box, bulk):
        async with occupied(here, box.name):
            for transfer in (bulk.down, bulk.up):
                with pytest.raises(Unavailable) as refused:
                    await transfer(1 << 20, 5)
                assert refused.value.retry_after_s == throughput.SOON_S
        # Whoever hangs up makes room at once.
        async with asyncio.timeout(60):
            while here.centre.throughput._running:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        assert (await bulk.down(1 << 20, 5)).bytes > 0


async def test_no_more_agents_are_measured_at_once_than_the_centre_s_own_line_bears(tmp_path: Path) -> None:
    async with joined(tmp_path) as (here, box, _bulk):
        names = []
        for _ in range(throughput.TESTS_AT_ONCE):
            token = here.centre.enrolled.create_token(UNIT)
            names.append(here.centre.enrolled.enrol(wire.Enrol(token=token, secret=SECRET)).agent)
        async with occupied(here, names[0]), occupied(here, names[1]):
            answer = await box.http.get(ADDRESS, headers=box.headers)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "15")


async def measured(probe: Throughput, **params: object) -> Result:
    return await probe.run(Check(1, "throughput", "centre", 86_400_000, 60_000, params))


async def test_the_probe_measures_both_ways_and_compares_with_the_contract(tmp_path: Path) -> None:
    async with joined(tmp_path) as (_here, _box, bulk):
        probe = Throughput(bulk, ManualClock(NIGHT))
        found = await measured(probe, bytes=1 << 20)
        assert found.status is Status.UP
        down, up = found.figures["down_bits_per_second"], found.figures["up_bits_per_second"]
        assert down > 1e6
        assert up > 1e6
        found = await measured(probe, bytes=1 << 20, contract_down_kbps=1e9, contract_up_kbps=1)
        assert found.status is Status.DEGRADED
        assert found.reason.startswith("slow line|0.0")
        assert len(found.figures) == 2
        found = await measured(probe, bytes=1 << 20, contract_down_kbps=1, contract_up_kbps=1)
        assert found.status is Status.UP


class Busy:
    """A centre that has no room the first times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    async def down(self, size: int, seconds: float) -> wire.Received:
        self.asked += 1
        if self.asked <= self.times:
            raise Unavailable("others", retry_after_s=15)
        return wire.Received(size, 1_000)

    async def up(self, size: int, seconds: float) -> wire.Received:
        return wire.Received(size, 1_000)


async def test_a_busy_centre_is_asked_again_while_there_is_time() -> None:
    clock, busy = ManualClock(NIGHT), Busy(2)
    running = asyncio.create_task(measured(Throughput(busy, clock)))
    for _ in range(3):
        await clock.advance(15_000)
    found = await running
    assert (found.status, busy.asked) == (Status.UP, 3)
    assert found.figures["down_bits_per_second"] == (8 << 20) * 8
    clock, busy = ManualClock(NIGHT), Busy(99)
    running = asyncio.create_task(measured(Throughput(busy, clock)))
    for _ in range(3):
        await clock.advance(15_000)
    assert (await running).reason == "centre busy"


async def test_outside_of_its_hours_nothing_is_sent_unless_the_whole_day_is_asked_for() -> None:
    clock, line = ManualClock(NIGHT), Busy(0)
    for hour in range(24):
        clock.set(NIGHT + hour * 3_600_000)
        found = await measured(Throughput(line, clock))
        assert (found.reason == "not now") == (hour not in (0, 1, 23))
    assert line.asked == 3
    clock.set(NIGHT + 8 * 3_600_000)
    assert (await measured(Throughput(line, clock), from_hour=0, to_hour=24)).status is Status.UP


@pytest.mark.parametrize(("first", "last"), [(1, 4), (22, 2), (0, 24)])
def test_a_check_is_due_each_night_at_its_own_moment_of_the_window(first: int, last: int) -> None:
    probe = Throughput(None, SystemClock())
    params = {"from_hour": first, "to_hour": last}
    places = [
        probe.place(Check(id_, "throughput", "centre", 86_400_000, 60_000, params)) for id_ in range(1, 189)
    ]
    hours = [(place / 3_600_000 + 7) % 24 for place in places]
    length = (last - first) % 24 or 24
    assert all((hour - first) % 24 < length for hour in hours)
    assert len({round(hour * 60) for hour in hours}) > 100


async def test_a_program_without_a_centre_says_so() -> None:
    assert (await measured(Throughput(None, ManualClock(NIGHT)))).reason == "no centre"
    short = Check(1, "throughput", "centre", 86_400_000, 5_000)
    assert (await Throughput(Busy(0), ManualClock(NIGHT)).run(short)).reason.startswith("bad parameter|")


async def test_tls_and_a_credential_that_is_not_good_are_told_apart_from_a_slow_line(tmp_path: Path) -> None:
    async with joined(tmp_path) as (here, box, _bulk):
        wrong = Bulk(Credential(here.url, "x" * 43, box.name, UNIT), None)
        found = await measured(Throughput(wrong, ManualClock(NIGHT)))
        assert (found.status, found.reason) == (Status.UNKNOWN, "no measurement|the centre answers 401")
        plain = Bulk(Credential(here.url, SECRET, box.name, UNIT), ssl.create_default_context())
        found = await measured(Throughput(plain, ManualClock(NIGHT)))
        assert found.status is Status.DOWN


MEASURE = """
import asyncio, json, sys
from agents.bulk import Bulk
from agents.credential import Credential
from agents.probes.throughput import Throughput
from core.clock import SystemClock
from core.values import Check
url, secret, agent = sys.argv[1:]
probe = Throughput(Bulk(Credential(url, secret, agent), None), SystemClock())
params = {"seconds": 4, "from_hour": 0, "to_hour": 24, "contract_down_kbps": 10_000}
print(json.dumps(asyncio.run(probe.run(Check(1, "throughput", "centre", 1, 60_000, params))).figures))
"""


@pytest.mark.alone
@pytest.mark.root
@pytest.mark.slow
@pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT)
@pytest.mark.parametrize(("down", "up"), [(10_000_000, 2_000_000), (4_000_000, 4_000_000)])
async def test_a_line_of_a_set_rate_is_measured_within_a_quarter_of_it(
    tmp_path: Path, down: int, up: int
) -> None:
    with namespaces(2) as (unit, centre), Relay.between(unit, centre, delay_ms=5) as relay:
        relay.set(way="ab", rate_bps=up)
        relay.set(way="ba", rate_bps=down)
        async with joined(tmp_path) as (here, box, _bulk):
            with inside(centre):
                listening = socket.create_server(("10.99.0.2", 0))
            server = uvicorn.Server(
                uvicorn.Config(
                    Starlette(routes=agent_routes(here.centre)), log_level="critical", lifespan="off"
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            url = f"http://10.99.0.2:{listening.getsockname()[1]}"
            command = ["ip", "netns", "exec", unit, sys.executable, "-c", MEASURE, url, SECRET, box.name]
            child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            output, _ = await child.communicate()
            server.should_exit = True
            await serving
    figures = json.loads(output)
    assert figures["down_bits_per_second"] == pytest.approx(down, rel=0.25)
    assert figures["up_bits_per_second"] == pytest.approx(up, rel=0.25)
