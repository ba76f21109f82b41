"""Server-sent events over a real server: changes at once, resuming, slow clients, and prompt ends."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_web import PASSWORD, QUICK, Web, served, web

from collector.feed import News
from core.values import Status
from web.auth import Role
from web.auth.secrets import csrf_of
from web.auth.users import add_user
from web.events import BOX, Box

WITHIN_S = 30.0


class Listener:
    """Reads the events of one stream; each is a dictionary of its fields."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(WITHIN_S):
            async for line in self._lines:
                if not line:
                    return fields
                name, _, value = line.partition(": ")
                fields[name] = value
        raise EOFError

    async def of(self, kind: str) -> dict[str, str]:
        while (event := await self.next())["event"] != kind:
            pass
        return event


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path, heartbeat_s=0.2) as made:
        yield made


@contextlib.asynccontextmanager
async def listening(
    url: str, nhip: Web, path: str = "/events", **headers: str
) -> AsyncIterator[tuple[Listener, httpx2.Response]]:
    client = nhip.client(Role.VIEWER)
    token = {"Authorization": client.headers["authorization"]}
    async with (
        httpx2.AsyncClient(base_url=url, headers=token | headers, timeout=WITHIN_S) as http,
        http.stream("GET", path) as answer,
    ):
        yield Listener(answer.aiter_lines()), answer


async def test_it_is_closed_to_strangers(nhip: Web):
    assert (await nhip.client().get("/events")).status_code == 401


async def test_it_begins_with_a_heartbeat_that_says_the_time_and_the_place(nhip: Web):
    async with served(nhip.app) as url, listening(url, nhip) as (listener, answer):
        first = await listener.next()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert first["event"] == "heartbeat"
        assert json.loads(first["data"]) == {"now": nhip.clock.now()}
        assert first["id"] == str(nhip.views.feed.last_id)


async def test_a_change_from_any_thread_arrives_with_the_units_state(nhip: Web):
    async with served(nhip.app) as url, listening(url, nhip) as (listener, _):
        await listener.next()
        change = threading.Thread(target=nhip.views.set_status, args=("11950", Status.DOWN, "timeout", 8))
        change.start()
        event = await listener.of("unit")
        change.join()
        state = json.loads(event["data"])
        assert (state["code"], state["status"], state["outage"]) == ("11950", "down", 8)
        assert event["id"] == str(nhip.views.feed.last_id)


async def test_outages_and_agents_come_as_their_ids(nhip: Web):
    path = "/events?kinds=unit,outage,agent"
    async with served(nhip.app) as url, listening(url, nhip, path) as (listener, _):
        await listener.next()
        nhip.views.feed.publish("outage", "8")
        nhip.views.feed.publish("agent", "11950-3f2a")
        assert json.loads((await listener.of("outage"))["data"]) == {"id": 8}
        assert json.loads((await listener.of("agent"))["data"]) == {"agent": "11950-3f2a"}


async def test_what_was_not_asked_for_does_not_come_and_the_place_moves_on(nhip: Web):
    async with served(nhip.app) as url, listening(url, nhip) as (listener, _):
        await listener.next()
        nhip.views.feed.publish("agent", "11950-3f2a")
        before = nhip.views.feed.last_id - 1
        while (event := await listener.next())["id"] == str(before):
            assert event["event"] == "heartbeat"  # one that was on its way
        assert (event["event"], event["id"]) == ("heartbeat", str(before + 1))


async def test_heartbeats_come_among_the_busiest_news(nhip: Web):
    async def be_busy() -> None:
        while True:
            nhip.views.feed.publish("unit", "11950")
            await asyncio.sleep(0.01)

    async with served(nhip.app) as url, listening(url, nhip) as (listener, _):
        busy = asyncio.create_task(be_busy())
        for _ in range(3):
            await listener.of("heartbeat")
        busy.cancel()


async def test_heartbeats_go_on_while_nothing_happens(nhip: Web):
    async with served(nhip.app) as url, listening(url, nhip) as (listener, _):
        for _ in range(3):
            assert (await listener.next())["event"] == "heartbeat"


async def test_a_line_that_broke_resumes_where_it_was(nhip: Web):
    nhip.views.feed.publish("unit", "11950")
    here = nhip.views.feed.last_id
    nhip.views.feed.publish("unit", "11953")
    nhip.views.feed.publish("outage", "7")
    async with (
        served(nhip.app) as url,
        listening(url, nhip, **{"Last-Event-ID": str(here)}) as (listener, _),
    ):
        assert (await listener.next())["id"] == str(here)
        assert json.loads((await listener.of("unit"))["data"])["code"] == "11953"
        assert json.loads((await listener.of("outage"))["data"]) == {"id": 7}


async def test_a_page_begins_from_the_place_at_which_it_was_made(nhip: Web):
    here = nhip.views.feed.last_id
    nhip.views.feed.publish("unit", "11953")
    async with served(nhip.app) as url, listening(url, nhip, f"/events?after={here}") as (listener, _):
        assert json.loads((await listener.of("unit"))["data"])["code"] == "11953"


@pytest.mark.parametrize("place", ["0", "99999999999999", "-1", "x", "9" * 40, "²"])
async def test_a_place_that_is_forgotten_or_was_never_ours_says_resync(nhip: Web, place: str):
    nhip.views.feed.publish("unit", "11950")
    nhip.views.feed._kept.popleft()
    async with served(nhip.app) as url, listening(url, nhip, f"/events?after={place}") as (listener, _):
        event = await listener.of("resync")
        assert event["id"] == str(nhip.views.feed.last_id)


async def test_a_unit_that_changes_while_nobody_reads_is_told_of_once(nhip: Web):
    stream = nhip.context.streams.stream(None, None)
    await anext(stream)
    for status in (Status.DOWN, Status.UP, Status.DEGRADED):
        nhip.views.set_status("11950", status)
        nhip.views.set_status("11953", status)
    text = (await anext(stream)).decode()
    assert text.count("event: unit") == 2
    assert text.count('"degraded"') == 2
    await stream.aclose()


async def test_one_change_that_cannot_be_told_does_not_silence_the_others(
    nhip: Web, caplog: pytest.LogCaptureFixture
):
    nhip.views.units["11950"] = replace(nhip.views.units["11950"], name=object())  # type: ignore[arg-type]
    async with served(nhip.app) as url, listening(url, nhip) as (listener, _):
        await listener.next()
        nhip.views.feed.publish("unit", "11950")
        nhip.views.feed.publish("unit", "11953")
        assert json.loads((await listener.of("unit"))["data"])["code"] == "11953"
    assert "cannot tell of unit 11950" in caplog.text


async def test_signing_out_ends_the_stream_at_once(nhip: Web):
    add_user(nhip.state, "lan", Role.VIEWER, PASSWORD, 1, QUICK)
    async with served(nhip.app) as url, httpx2.AsyncClient(base_url=url, timeout=WITHIN_S) as http:
        await http.post("/sign-in", data={"name": "lan", "password": PASSWORD})
        nhip.context.streams._heartbeat_s = 60.0
        async with http.stream("GET", "/events") as answer:
            listener = Listener(answer.aiter_lines())
            await listener.next()
            await http.post("/sign-out", data={"csrf": csrf_of(http.cookies["nhip"])})
            with pytest.raises(EOFError):
                await listener.next()


async def test_a_session_that_expires_ends_its_stream_with_the_next_heartbeat(nhip: Web):
    add_user(nhip.state, "lan", Role.VIEWER, PASSWORD, 1, QUICK)
    async with served(nhip.app) as url, httpx2.AsyncClient(base_url=url, timeout=WITHIN_S) as http:
        await http.post("/sign-in", data={"name": "lan", "password": PASSWORD})
        async with http.stream("GET", "/events") as answer:
            listener = Listener(answer.aiter_lines())
            await listener.next()
            nhip.clock.set(nhip.clock.now() + 8 * 86_400_000)
            with pytest.raises(EOFError):
                await listener.next()


async def test_open_streams_do_not_hold_up_the_end_of_the_server(nhip: Web):
    nhip.context.streams._heartbeat_s = 60.0
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as clients:
        async with served(nhip.app) as url:
            listeners = [(await clients.enter_async_context(listening(url, nhip)))[0] for _ in range(5)]
            for listener in listeners:
                await listener.next()
            assert len(nhip.context.streams) == 5
            began = loop.time()
        assert loop.time() - began < 30  # and not with the next heartbeat
        for listener in listeners:
            with pytest.raises(EOFError):
                await listener.next()


async def test_clients_that_leave_are_forgotten(nhip: Web):
    async with served(nhip.app) as url:
        async with listening(url, nhip) as (listener, _):
            await listener.next()
        async with asyncio.timeout(WITHIN_S):
            while len(nhip.context.streams):  # noqa: ASYNC110 -- nothing tells when a server sees a client go
                await asyncio.sleep(0.01)


async def test_a_hundred_streams_take_no_threads(nhip: Web):
    streams = [nhip.context.streams.stream(None, None) for _ in range(100)]
    for stream in streams:
        await anext(stream)
    before = set(threading.enumerate())
    nhip.views.set_status("11950", Status.DOWN)
    texts = await asyncio.gather(*(anext(stream) for stream in streams))
    assert all(b'"down"' in text for text in texts)
    assert set(threading.enumerate()) <= before  # one of an earlier test may end meanwhile
    for stream in streams:
        await stream.aclose()


def test_a_client_too_slow_for_its_box_is_told_to_load_anew():
    box = Box(0)
    for id_ in range(1, BOX + 2):
        box.put(News(id_, "unit", str(id_)), b"{}")
    assert box.take() == b"id: %d\nevent: resync\ndata: {}\n\n" % (BOX + 1)
    box.put(News(BOX + 2, "unit", "1"), b"{}")
    assert box.take().startswith(b"id: %d\nevent: unit\n" % (BOX + 2))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.integers(0, 4), st.none()), max_size=40), st.integers(1, 4))
def test_whatever_a_box_drops_a_later_event_makes_up_for(steps: list[int | None], size: int):
    """What a client knows after reading is the newest change of each thing, or it was told to load anew."""
    box, id_ = Box(0, size=size), 0
    truth: dict[str, int] = {}
    known: dict[str, int] = {}

    def read() -> None:
        events = [
            dict(line.split(": ", 1) for line in text.split("\n"))
            for text in box.take().decode().split("\n\n")
            if text
        ]
        ids = [int(event["id"]) for event in events]
        assert ids == sorted(set(ids))
        for event in events:
            if event["event"] == "resync":
                known.clear()
                known.update({name: last for name, last in truth.items() if last <= int(event["id"])})
            else:
                known[json.loads(event["data"])["code"]] = int(event["id"])

    for step in steps:
        if step is None:
            read()
            continue
        id_ += 1
        truth[str(step)] = id_
        box.put(News(id_, "unit", str(step)), json.dumps({"code": str(step)}).encode())
    read()
    assert known == truth
