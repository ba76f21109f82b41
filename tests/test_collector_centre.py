"""The whole collector, end to end: real server, real stores, the real protocol; only time is moved by hand."""

from pathlib import Path

from support_centre import UNIT, agent, site


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
        await here.passes(3_750)
        assert here.status() == "up", "one lost heartbeat is no outage"
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
        assert closed.ended_at == last_heard + 64_250

        for late in range(last_heard + 5_000, last_heard + 65_000, 5_000):
            await box.post(box.measure("up", at=late))
        await here.settle()
        (retracted,) = here.centre.outages(UNIT)
        assert retracted.retracted, "its own results reached the hub all the time"
        assert [change.what for change in here.centre.changes(0)] == ["opened", "closed", "retracted"]
