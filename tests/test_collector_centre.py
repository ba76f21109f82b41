"""The whole collector, end to end: real server, real stores, the real protocol; only time is moved by hand."""

from pathlib import Path

from support_centre import UNIT, agent, site

from core.values import Status


async def test_a_unit_goes_up_down_and_up_and_late_results_retract_what_was_none(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        assert here.status() == "unknown"
        await box.connect()
        await box.beat()
        await here.settle()
        assert here.status() == "up"
        await here.passes(10_000, box)
        assert (await box.post(box.measure("up"))).status_code == 204
        await here.settle()
        assert here.status() == "up"

        last_heard = here.clock.now()
        await here.passes(3_250)
        assert here.status() == "up", "a heartbeat that is late is no outage"
        await here.passes(500)
        assert here.status() == "down"
        (outage,) = here.centre.outages(UNIT)
        assert (outage.began_at, outage.ended_at, outage.reason) == (last_heard, None, "no contact")
        assert here.centre.unit(UNIT).outage == outage.id

        await here.passes(60_000)
        await box.beat()
        await here.passes(250)
        assert here.status() == "up"
        (closed,) = here.centre.outages(UNIT)
        assert closed.id == outage.id
        assert closed.ended_at == last_heard + 63_750

        for late in range(last_heard + 5_000, last_heard + 65_000, 5_000):
            await box.post(box.measure("up", at=late))
        await here.settle()
        (retracted,) = here.centre.outages(UNIT)
        assert retracted.retracted, "its own results reached the hub all the time"
        assert [change.what for change in here.centre.changes(0)] == ["opened", "closed", "retracted"]


async def test_a_centre_that_starts_again_knows_what_it_knew(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        await box.connect()
        await here.passes(6_000, box)
        await box.post(box.measure("up"))
        await here.settle()
        await here.passes(6_000)
        assert here.status() == "down"
        before, clock, day = here.centre.outages(UNIT), here.clock, here.centre.uptimes(UNIT)["24h"]
    clock.set(clock.now() + 30_000)
    async with site(tmp_path, clock) as here, agent(here) as box:
        assert here.centre.outages(UNIT) == before, "the outage is the same, and still open"
        assert here.centre.uptimes(UNIT)["24h"].up == day.up
        changes = [change.what for change in here.centre.changes(0) if change.outage.unit == UNIT]
        assert changes == ["opened"]
        await box.connect()
        await box.beat()
        await here.passes(250)
        assert here.status() == "up"
        (closed,) = here.centre.outages(UNIT)
        assert (closed.id, closed.ended_at is not None) == (before[0].id, True)


async def test_checks_are_told_as_last_seen_and_go_stale(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        assert {check.status for check in here.centre.checks(UNIT)} == {Status.UNKNOWN}
        measured_at = here.clock.now()
        await box.post(box.measure("up", hub="down"))
        await here.settle()
        seen = {check.label: check for check in here.centre.checks(UNIT)}
        assert (seen["gateway"].status, seen["hub"].status) == (Status.UP, Status.DOWN)
        assert (seen["hub"].reason, seen["hub"].since) == ("timeout", measured_at)
        with_figures = [check for check in seen.values() if check.figures]
        assert [dict(check.figures) for check in with_figures] == [{"rtt_mean_seconds": (measured_at, 0.01)}]
        (series,) = with_figures[0].series.values()
        assert here.centre.series_of(series) == (with_figures[0].check.id, "rtt_mean_seconds")
        assert here.centre.points(series, measured_at, measured_at + 1) == [(measured_at, 0.01)]

        await here.passes(13_000)
        stale = {check.label: check for check in here.centre.checks(UNIT)}
        assert stale["hub"].status is Status.UNKNOWN
        assert stale["hub"].since == measured_at + 12_500
        assert stale["hub"].last_at == measured_at


async def test_an_agent_is_told_of_with_its_accounts(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        assert [(a.agent, a.unit, a.last_seen) for a in here.centre.agents()] == [(box.name, UNIT, None)]
        await box.connect()
        await box.post(box.measure("up"))
        await here.settle()
        state = here.centre.agent(box.name)
        assert state is not None
        assert (state.connected, state.last_seen, state.clock_error) == (True, here.clock.now(), 0)
        assert [(e.produced, e.received, e.missing) for e in state.epochs] == [(2, 2, 0)]
        assert here.centre.agent("nobody") is None


async def test_the_wall_has_every_unit_but_the_province_s_own(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        assert [unit.code for unit in here.centre.wall()] == ["so-yt", "323", "11950", "11953"]
        assert here.centre.unit("33") is not None
        assert here.centre.unit("nowhere") is None
        assert here.centre.checks("nowhere") == []


async def test_a_period_older_than_memory_is_judged_from_what_is_on_disk(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        start = here.clock.now()
        await box.connect()
        await here.passes(6_000, box)
        await here.passes(10_000)
        await here.passes(4_000, box)
        end = here.clock.now()
        now_known = here.centre.uptime(UNIT, start, end)
        assert now_known.down > 8_000
    here.clock.set(end + 40 * 86_400_000)
    async with site(tmp_path, here.clock) as again:
        assert again.centre.uptime(UNIT, start, end) == now_known
        year = again.centre.uptime(UNIT, start - 86_400_000, again.clock.now() + 86_400_000)
        assert year.up + year.down + year.unknown == year.end - year.start


async def test_live_pages_hear_of_each_change(tmp_path: Path) -> None:
    async with site(tmp_path) as here, agent(here) as box:
        seen = here.centre.feed.last_id
        await box.connect()
        await box.beat()
        await here.settle()
        news = {(each.kind, each.subject) for each in here.centre.feed.since(seen) or ()}
        assert {("unit", UNIT), ("agent", box.name)} <= news
