"""The uplink against a real HTTP server."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from support_agents import LIFE, SECRET, Centre

from agents.credential import Credential
from agents.outbox import About, Outbox
from agents.uplink import Uplink, load_plan
from core import wire
from core.clock import SteadyClock
from core.values import Result, Status


class Rig:
    """An outbox and an uplink to a centre of the test's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = SteadyClock()
        self.plans: list[wire.Plan] = []
        self.centre = Centre()
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self, *, url: str = "", ca: str = "") -> None:
        url = url or await self.centre.start()
        credential = Credential(url, SECRET, "11950-3f2a", "11950", ca)
        self.outbox = Outbox(self.directory / "outbox.db", LIFE, self.clock.now)
        self.uplink = Uplink(
            credential,
            self.outbox,
            self.clock,
            tls=credential.tls(),
            plan_path=self.directory / "plan.json",
            about=self.about,
            on_plan=self.take_plan,
        )
        self.uplink._set_pace(self.centre.plan)
        self.tasks.append(asyncio.create_task(self.uplink.report()))
        self.tasks.append(asyncio.create_task(self.uplink.fetch_plans()))

    def about(self) -> About:
        return About(
            "11950-3f2a", self.clock.now(), self.uplink.clock_error.estimate(), 0, 1, 1.0, self.uplink.note
        )

    async def take_plan(self, plan: wire.Plan) -> None:
        self.plans.append(plan)
        self.centre.news.set()

    async def put(self, count: int, age_ms: int = 0) -> None:
        # Figures as different as real ones, so that reports are as large as real ones.
        results = (Result(Status.UP, figures={"rtt_mean_seconds": random.random()}) for _ in range(count))
        await asyncio.gather(*(self.outbox.put(1, self.clock.now() - age_ms, each) for each in results))

    def numbers(self) -> list[int]:
        return [n for _, n, _, _ in self.centre.rows()]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.uplink.close()
        await self.outbox.close()
        await self.centre.stop()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    await rig.stop()


async def test_results_arrive_once_and_leave_the_outbox(rig: Rig) -> None:
    await rig.start()
    await rig.put(50)
    await rig.centre.until(lambda: len(rig.numbers()) == 50)
    assert sorted(rig.numbers()) == list(range(1, 51))
    async with asyncio.timeout(60):
        while await rig.outbox.pending():
            pass  # the acknowledgement is on its way


async def test_a_report_without_an_answer_is_sent_again_with_the_same_bytes(rig: Rig) -> None:
    rig.centre.answers = [(500, {}), (502, {})]
    await rig.start()
    await rig.put(5)
    await rig.centre.until(lambda: len(rig.numbers()) == 5)
    assert rig.centre.bodies[0] == rig.centre.bodies[1] == rig.centre.bodies[2]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_bad_report_is_set_aside_and_the_next_goes_on(rig: Rig, status: int) -> None:
    rig.centre.answers = [(status, {})]
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: bool(rig.centre.events()))
    assert rig.centre.events()[0].kind == "report refused"
    report = next(iter(rig.centre.reports.values()))
    assert [(d.first, d.last, d.why) for d in report.dropped] == [(1, 3, f"refused|{status}")]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_keeps_everything_and_is_noted(rig: Rig, status: int) -> None:
    rig.centre.answers = [(status, {})]
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: len(rig.centre.bodies) == 1)
    await rig.put(3)
    await rig.centre.until(lambda: len(rig.numbers()) == 6)
    assert (await rig.outbox.depth()).totals.dropped == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_waited_out(rig: Rig, status: int) -> None:
    rig.centre.answers = [(status, {"Retry-After": "1"})]
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: len(rig.centre.bodies) == 1)
    asked = rig.clock.now()
    await rig.centre.until(lambda: len(rig.numbers()) == 3)
    assert rig.clock.now() - asked >= 900


async def test_anything_but_204_is_no_acknowledgement(rig: Rig) -> None:
    rig.centre.answers = [(200, {}), (302, {"Location": "/elsewhere"}), (404, {})]
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: len(rig.numbers()) == 3)
    assert len(rig.centre.bodies) == 4


async def test_what_is_fresh_goes_ahead_of_a_backlog(rig: Rig) -> None:
    rig.centre.plan = wire.Plan("11950", [], report_every_ms=100, backlog_bytes_per_s=20_000)
    rig.centre.answers = [(503, {"Retry-After": "1"})]
    await rig.start()
    await rig.put(9_000, age_ms=3_600_000)
    await rig.put(10)
    await rig.centre.until(lambda: len(rig.numbers()) >= 3_000)
    await rig.put(10)
    await rig.centre.until(lambda: {9_011, 9_020} <= set(rig.numbers()))
    assert len(rig.numbers()) < 9_000
    old = [n for n in rig.numbers() if n <= 9_000]
    assert old == sorted(old)


async def test_a_backlog_goes_no_faster_than_the_plan_allows(rig: Rig) -> None:
    rig.centre.plan = wire.Plan("11950", [], report_every_ms=100, backlog_bytes_per_s=30_000)
    await rig.start()
    began = rig.clock.now()
    await rig.put(12_000, age_ms=3_600_000)
    await rig.centre.until(lambda: len(rig.numbers()) == 12_000)
    seconds = (rig.clock.now() - began) / 1000
    sent = sum(map(len, rig.centre.bodies))
    largest = max(map(len, rig.centre.bodies))
    assert sent <= 30_000 * seconds + 30_000 + largest


async def test_the_clock_error_is_learned_from_answers(rig: Rig) -> None:
    await rig.start()
    rig.centre.clock_ms = rig.clock.now() + 3_600_000  # where it stands still
    await rig.put(1)
    await rig.centre.until(lambda: len(rig.numbers()) == 1)
    await rig.put(1)
    await rig.centre.until(lambda: len(rig.numbers()) == 2)
    error = list(rig.centre.reports.values())[-1].header.clock_error
    assert error is not None
    assert -3_600_000 <= error < -3_540_000


async def test_what_was_measured_before_the_centre_was_first_heard_is_told_with_the_clocks_error(
    rig: Rig,
) -> None:
    url = await rig.centre.start()
    await rig.centre.stop()
    rig.centre.clock_ms = rig.clock.now() + 90 * 86_400_000
    await rig.start(url=url)
    await rig.put(20)
    while rig.uplink.tally.failures < 2:  # noqa: ASYNC110 - what fails here has nobody to tell it
        await asyncio.sleep(0)
    await rig.centre.start(port=int(url.rpartition(":")[2]))
    await rig.centre.until(lambda: len(rig.numbers()) == 20)
    errors = [report.header.clock_error for report in rig.centre.reports.values()]
    assert all(error is not None and error < -89 * 86_400_000 for error in errors)


async def test_an_end_before_the_centre_was_heard_leaves_the_results_unformed(rig: Rig) -> None:
    url = await rig.centre.start()
    await rig.centre.stop()
    await rig.start(url=url)
    await rig.put(20)
    await rig.uplink.flush()
    assert (await rig.outbox.depth()).totals.waiting == 20
    await rig.centre.start()


async def test_an_error_page_on_the_way_does_not_stand_for_the_centre(rig: Rig) -> None:
    rig.centre.tells_time = False
    rig.centre.plan_answers = [502, 403]
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: not rig.centre.plan_answers)
    assert rig.centre.bodies == []
    rig.centre.tells_time = True
    rig.uplink.fetch_plan()
    await rig.centre.until(lambda: len(rig.numbers()) == 3)
    assert next(iter(rig.centre.reports.values())).header.clock_error is not None


async def test_a_centre_that_never_tells_its_time_is_reported_to_all_the_same(rig: Rig) -> None:
    rig.centre.tells_time = False
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: len(rig.numbers()) == 3)
    assert next(iter(rig.centre.reports.values())).header.clock_error is None


async def test_the_plan_is_fetched_kept_and_asked_for_only_when_changed(rig: Rig) -> None:
    await rig.start()
    await rig.centre.until(lambda: bool(rig.plans))
    saved = load_plan(rig.directory / "plan.json")
    assert saved is not None
    assert saved.plan == rig.centre.plan
    rig.uplink.fetch_plan()
    await rig.centre.until(lambda: rig.centre.plan_fetches == [200, 304])
    rig.centre.plan = wire.Plan("11950", [wire.PlanCheck(1, "icmp", "192.0.2.1", 1_000, 500)])
    rig.uplink.fetch_plan()
    await rig.centre.until(lambda: len(rig.plans) == 2)
    assert rig.plans[1].checks[0].id == 1


async def test_when_the_line_is_back_what_waits_is_sent_at_once(rig: Rig) -> None:
    rig.centre.answers = [(503, {"Retry-After": "3000"})]
    await rig.start()
    await rig.put(3)
    await rig.centre.until(lambda: len(rig.centre.bodies) == 1)
    await rig.uplink.line_is_back()
    await rig.centre.until(lambda: len(rig.numbers()) == 3)


async def test_a_request_that_hangs_is_given_up_when_the_line_is_back(rig: Rig) -> None:
    hung = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        hung.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await rig.start(url=f"http://127.0.0.1:{port}")
    await rig.put(3)
    await asyncio.wait_for(hung.wait(), 60)
    server.close()
    await rig.centre.start(port=port)
    await rig.uplink.line_is_back()
    await rig.centre.until(lambda: len(rig.numbers()) == 3)


async def test_a_centre_that_was_away_gets_everything_when_it_comes_back(rig: Rig) -> None:
    url = await rig.centre.start()
    await rig.centre.stop()
    await rig.start(url=url)
    await rig.put(20)
    while rig.uplink.tally.failures < 2:  # noqa: ASYNC110 - what fails here has nobody to tell it
        await asyncio.sleep(0)
    await rig.centre.start(port=int(url.rpartition(":")[2]))
    await rig.centre.until(lambda: len(rig.numbers()) == 20)


async def test_a_pinned_ca_is_trusted_and_another_is_not(rig: Rig, tmp_path: Path) -> None:
    ca, other = trustme.CA(), trustme.CA()
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    url = await rig.centre.start(ssl_certfile=str(tmp_path / "server.pem"))
    await rig.start(url=url, ca=str(tmp_path / "other.pem"))
    await rig.put(1)
    while not rig.uplink.tally.failures:  # noqa: ASYNC110 - what fails here has nobody to tell it
        await asyncio.sleep(0)
    assert rig.centre.bodies == []
    rig.uplink._tls = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    await rig.uplink.line_is_back()
    await rig.centre.until(lambda: len(rig.numbers()) == 1)
