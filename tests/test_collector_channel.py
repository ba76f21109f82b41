"""The channel and the agents' routes, over a real server."""

import asyncio
from pathlib import Path

import httpx2
import msgspec
import pytest
import sqlalchemy as sa
import websockets
from support_centre import UNIT, FakeAgent, Site, agent, site
from support_ingest import SECRET

from collector import channel
from collector.centre import REFRESH_MS
from collector.routes import FAILURES, FAILURES_IN_MS
from collector.verdict_tables import diagnoses
from core import wire
from core.errors import Unavailable
from inventory.changes import put


async def reply(box: FakeAgent, *, status: str = "up") -> wire.Diagnose:
    """Answer the next diagnostic as an agent does."""
    request = await box.hear(wire.Diagnose)
    answer = wire.Diagnosis(request.id, status, "", {"rtt_mean_seconds": 0.01}, 12, {"path": {"hops": []}})
    assert box.channel is not None
    await box.channel.send(wire.encode(answer).decode())
    return request


async def enrol(here: Site, token: str, secret: str = SECRET) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=here.url, timeout=60) as http:
        return await http.post(
            "/api/v1/agent/enrol", content=wire.encode(wire.Enrol(token=token, secret=secret))
        )


async def test_each_heartbeat_is_answered_with_the_centre_s_time(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        here.clock.set(here.clock.now() + 123)
        assert (await box.beat()).at == here.clock.now()
        assert here.centre.hub.connected(box.name)
        here.clock.set(here.clock.now() + 4_001)
        assert not here.centre.hub.connected(box.name)


async def test_a_channel_without_a_valid_credential_is_refused(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        box.headers = {"authorization": f"Bearer {box.name}.wrong"}
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            await box.connect()
        assert refused.value.response.status_code == 401


async def test_the_newest_connection_of_an_agent_takes_the_place_of_the_older(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        await box.beat()
        older = box.channel
        assert older is not None
        await box.connect()
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            await older.recv()
        await box.beat()
        assert len(here.centre.hub) == 1
        assert here.centre.hub.connected(box.name)


async def test_what_is_no_message_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        assert box.channel is not None
        await box.channel.send('{"type":"nonsense"}')
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            await box.channel.recv()
        await box.connect()
        await box.beat()


async def test_a_goodbye_leaves_the_unit_up_until_its_next_report_is_overdue(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        await box.beat()
        assert box.channel is not None
        await box.channel.close()
        await here.passes(12_000)
        assert here.status() == "up"
        await here.passes(1_000)
        assert here.status() == "down"


async def test_reports_alone_keep_a_unit_up(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        for _ in range(3):
            await box.post(box.measure("up"))
            await here.passes(10_000)
        assert here.status() == "up"
        await here.passes(3_000)
        assert here.status() == "down"


async def test_a_diagnostic_goes_to_the_agent_and_its_answer_back_and_both_are_kept(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        asked = asyncio.create_task(
            here.centre.hub.diagnose(box.name, "ping", "192.0.2.1", {"count": 3}, "an")
        )
        request = await reply(box)
        assert (request.kind, request.target, request.params) == ("ping", "192.0.2.1", {"count": 3})
        assert (await asked).figures == {"rtt_mean_seconds": 0.01}
        with here.state.read() as connection:
            (kept,) = connection.execute(sa.select(diagnoses)).all()
        assert (kept.agent, kept.who, kept.kind, kept.target) == (box.name, "an", "ping", "192.0.2.1")
        assert (kept.params, kept.status, kept.took_ms) == ('{"count":3}', "up", 12)
        assert kept.details == '{"path":{"hops":[]}}'


async def test_a_status_that_an_agent_makes_up_is_not_known(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        asked = asyncio.create_task(here.centre.hub.diagnose(box.name, "ping", "192.0.2.1", {}, "an"))
        await reply(box, status="splendid")
        assert (await asked).status == "unknown"
        assert kept_of(here) == ("unknown", "")


def kept_of(here: Site) -> tuple[str | None, str | None]:
    with here.state.read() as connection:
        (kept,) = connection.execute(sa.select(diagnoses)).all()
    return kept.status, kept.reason


async def test_a_diagnostic_that_is_not_answered_is_kept_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "DIAGNOSE_S", 0.05)
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        with pytest.raises(Unavailable, match="did not answer"):
            await here.centre.hub.diagnose(box.name, "ping", "192.0.2.1", {}, "an")
        assert kept_of(here) == ("unknown", "no answer")


async def test_a_diagnostic_whose_line_is_lost_or_whose_asker_leaves_is_kept_as_such(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        asked = asyncio.create_task(here.centre.hub.diagnose(box.name, "ping", "192.0.2.1", {}, "an"))
        await box.hear(wire.Diagnose)
        assert box.channel is not None
        await box.channel.close()
        with pytest.raises(Unavailable, match="was closed"):
            await asked
        assert kept_of(here) == ("unknown", "no answer")
    (tmp_path / "other").mkdir()
    async with site(tmp_path / "other") as here, agent(here) as box:
        await box.connect()
        asked = asyncio.create_task(here.centre.hub.diagnose(box.name, "ping", "192.0.2.1", {}, "an"))
        await box.hear(wire.Diagnose)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert kept_of(here) == ("unknown", "no answer")


async def test_the_channel_of_an_agent_that_is_revoked_is_closed_and_vouches_no_more(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        await box.beat()
        here.centre.enrolled.revoke(box.name)
        here.clock.set(here.clock.now() + channel.LOOK_AGAIN_MS)
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            await box.beat()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == channel.NOT_ALLOWED
        assert here.centre.world.last_contact(UNIT) == here.clock.now() - channel.LOOK_AGAIN_MS


async def test_a_diagnostic_of_an_agent_that_is_not_there_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        with pytest.raises(Unavailable, match="not connected"):
            await here.centre.hub.diagnose(box.name, "ping", "192.0.2.1", {}, "an")


async def test_an_agent_that_is_there_is_told_to_run_a_check_now(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        with pytest.raises(Unavailable, match="not connected"):
            await here.centre.hub.run(box.name, 7)
        await box.connect()
        await here.centre.hub.run(box.name, 7)
        assert (await box.hear(wire.Run)).check == 7


async def test_a_plan_is_sent_once_and_news_of_it_come_down_the_channel(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        first = await box.http.get("/api/v1/agent/plan", headers=box.headers)
        plan = msgspec.json.decode(first.content, type=wire.Plan)
        assert plan.unit == UNIT
        assert {check.target for check in plan.checks} == {"gw", "hub"}
        etag = first.headers["etag"]
        asking = {**box.headers, "if-none-match": etag}
        assert (await box.http.get("/api/v1/agent/plan", headers=asking)).status_code == 304

        put(here.state, here.clock.now(), {"settings": [{"name": "report_every_ms", "value": "7000"}]})
        await here.rest()
        await here.clock.advance(REFRESH_MS)
        await box.hear(wire.PlanChanged)
        changed = await box.http.get("/api/v1/agent/plan", headers=asking)
        assert msgspec.json.decode(changed.content, type=wire.Plan).report_every_ms == 7_000


async def test_every_answer_tells_the_centre_s_time(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        answers = [
            await box.http.get("/api/v1/agent/plan", headers=box.headers),
            await box.http.get("/api/v1/agent/plan"),
            await box.post(box.measure("up")),
            await box.http.post("/api/v1/reports", content=b"nonsense", headers=box.headers),
            await enrol(here, "nonsense"),
        ]
        assert [answer.status_code for answer in answers] == [200, 401, 204, 422, 401]
        assert {answer.headers[wire.TIME_HEADER] for answer in answers} == {str(here.clock.now())}
        assert all("problem+json" in a.headers["content-type"] for a in answers if a.status_code >= 400)


async def test_guessing_join_tokens_is_slow_and_costs_nobody_else(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        for _ in range(FAILURES):
            assert (await enrol(here, "guess")).status_code == 401
        slow = await enrol(here, "guess")
        assert slow.status_code == 429
        assert int(slow.headers["retry-after"]) <= FAILURES_IN_MS / 1000 + 1
        here.clock.set(here.clock.now() + FAILURES_IN_MS)
        token = here.centre.enrolled.create_token(UNIT)
        assert (await enrol(here, token)).status_code == 200


async def test_an_enrolment_that_is_none_is_the_asker_s_fault(tmp_path: Path) -> None:
    async with site(tmp_path) as here, httpx2.AsyncClient(base_url=here.url, timeout=60) as http:
        assert (await http.post("/api/v1/agent/enrol", content=b"{}")).status_code == 422
        assert (await http.post("/api/v1/agent/enrol", content=b"x" * 20_000)).status_code == 413
