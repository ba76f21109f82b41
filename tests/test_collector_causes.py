"""Causes: what happens in a little province, and what the centre says of it in the end. Times in seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_story import START, Registry, S, Story

from collector import history
from core.values import Cause


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path)
    story.until(60)
    assert story.outages() == []
    yield story
    story.close()


def one(story: Story, unit: str, subject: str = "unit"):
    (outage,) = [each for each in story.outages() if (each.unit, each.subject) == (unit, subject)]
    return outage


def keys(outage) -> list[str]:
    return [sentence.text.partition("|")[0] for sentence in outage.evidence]


def test_a_cut_line_is_line_at_once_and_finally(story: Story) -> None:
    story.sites["h1c1"].line = False
    story.until(66)
    first = one(story, "h1c1")
    assert (first.cause, first.final, first.root) == (Cause.LINE, False, None)
    assert first.detected_at - (START + 60 * S) <= 5 * S
    story.until(120)
    story.sites["h1c1"].line = True
    story.until(140)
    assert story.verdicts() == {("h1c1", "unit", "line", True)}
    assert {"own line failed", "gateway answered", "hub well", "own evidence in"} <= set(
        keys(one(story, "h1c1"))
    )


def test_a_power_cut_is_power_once_the_machine_tells_of_it(story: Story) -> None:
    story.power_off("h1c1")
    story.until(120)
    assert not one(story, "h1c1").final
    story.power_on("h1c1")
    story.until(160)
    assert story.verdicts() == {("h1c1", "unit", "power", True)}
    assert {"boot id changed", "unclean end"} <= set(keys(one(story, "h1c1")))


def test_a_ups_on_battery_tells_of_power_at_once(tmp_path: Path) -> None:
    story = Story(tmp_path, Registry(ups=True))
    story.until(60)
    story.sites["h1c1"].battery = True
    story.until(90)
    story.sites["h1c1"].line = False
    story.until(100)
    assert one(story, "h1c1").cause is Cause.POWER
    story.close()


def test_an_agent_that_dies_behind_a_line_that_works_is_the_agent(story: Story) -> None:
    story.kill_agent("h1c1")
    story.until(120)
    assert one(story, "h1c1", "agent").cause is Cause.AGENT
    story.start_agent("h1c1")
    story.until(150)
    assert story.verdicts() == {("h1c1", "agent", "agent", True)}


def test_a_restart_of_an_agent_is_no_outage(story: Story) -> None:
    story.kill_agent("h1c1")
    story.until(75)
    story.start_agent("h1c1")
    story.until(150)
    assert story.outages() == []


def test_a_cut_hub_is_one_outage_that_explains_all_behind_it(story: Story) -> None:
    story.sites["h1"].line = False
    story.until(67)
    hub = one(story, "h1", "hub")
    assert hub.detected_at - (START + 60 * S) <= 6.5 * S
    assert {each.root for each in story.outages() if each.subject == "unit"} == {hub.id}
    assert {each.unit for each in story.outages() if each.root == hub.id} == {
        "h1",
        *(f"h1c{n}" for n in range(1, 6)),
    }
    story.until(120)
    story.sites["h1"].line = True
    story.until(150)
    assert story.verdicts() == {
        ("h1", "hub", "line", True),
        *((unit, "unit", "upstream", True) for unit in ("h1", *(f"h1c{n}" for n in range(1, 6)))),
    }
    assert [each.root for each in story.outages() if each.subject == "hub"] == [None]


def test_no_outage_of_a_commune_opens_before_that_of_its_hub(story: Story) -> None:
    story.sites["h1"].line = False
    story.until(67)
    outages = sorted(story.outages(), key=lambda each: each.id)
    assert outages[0].subject == "hub"


def test_a_hub_without_power_is_power(story: Story) -> None:
    story.power_off("h1")
    story.until(120)
    story.power_on("h1")
    story.until(170)
    assert one(story, "h1", "hub").cause is Cause.POWER
    assert one(story, "h1c3").cause is Cause.UPSTREAM


def test_a_collector_that_was_stopped_blames_itself_and_fills_the_time_in(story: Story) -> None:
    story.listening = False
    story.until(120)
    story.begin()
    story.listening = True
    story.until(200)
    assert story.verdicts() == {("33", "centre", "centre", True)}
    for unit in story.sites:
        up = story.watch.uptime(unit, START + 61 * S, START + 119 * S)
        assert (up.down, up.unknown) == (0, 0)


def test_a_hub_that_is_cut_soon_after_the_collector_came_back_is_a_hub_that_was_cut(story: Story) -> None:
    story.listening = False
    story.until(67)
    story.listening = True
    story.until(80)
    story.sites["h1"].line = False
    story.until(100)
    story.sites["h1"].line = True
    story.until(200)
    assert story.verdicts() == {
        ("33", "centre", "centre", True),
        ("h1", "hub", "line", True),
        *((unit, "unit", "upstream", True) for unit in ("h1", *(f"h1c{n}" for n in range(1, 6)))),
    }


def test_when_everything_falls_silent_it_is_the_centre(story: Story) -> None:
    for site in story.sites.values():
        if story.registry.all[site.code].parent == "33":
            site.line = False
    story.until(100)
    assert [(each.unit, each.subject) for each in story.outages()] == [("33", "centre")]
    assert story.watch.states()["h1c1"].status == "unknown"
    for site in story.sites.values():
        site.line = True
    story.until(220)
    assert ("33", "centre", "centre", True) in story.verdicts()
    # What is reckoned from the disk years later says the same as what is in memory.
    with story.state.write() as connection:
        story.world.checkpoint(connection)
    period = (START + 30 * S, START + 200 * S)
    with story.state.read() as connection:
        for unit in story.sites:
            again = history.uptime(connection, story.registry, unit, *period, story.now)
            assert again == story.watch.uptime(unit, *period)


def test_a_pc_that_is_unplugged_is_a_device(story: Story) -> None:
    story.sites["h1c1"].pc = False
    story.until(120)
    story.sites["h1c1"].pc = True
    story.until(150)
    (outage,) = story.outages()
    assert (outage.cause, outage.final, outage.subject.partition("|")[0]) == (Cause.DEVICE, True, "device")
    assert "gateway answered" in keys(outage)


def test_an_agent_that_loses_its_gateway_is_the_lan(story: Story) -> None:
    story.sites["h1c1"].gateway = False
    story.until(130)
    story.sites["h1c1"].gateway = True
    story.until(170)
    assert story.verdicts() == {("h1c1", "lan", "lan", True)}


@pytest.mark.parametrize(("unit", "below"), [("h1c1", False), ("h1", True)])
def test_planned_work_is_planned(story: Story, unit: str, below: bool) -> None:
    story.plan(unit, 55, 300, below=below)
    story.sites[unit].line = False
    story.until(100)
    story.sites[unit].line = True
    story.until(140)
    assert {each.cause for each in story.outages() if each.unit == unit} == {Cause.PLANNED}
    assert not {each.cause for each in story.outages()} - {Cause.PLANNED, Cause.UPSTREAM}


def test_an_outage_that_outlasts_planned_work_is_not_planned_any_more(story: Story) -> None:
    story.plan("h1c1", 55, 90)
    story.sites["h1c1"].line = False
    story.until(100)
    assert one(story, "h1c1").cause is Cause.PLANNED
    story.until(420)
    assert one(story, "h1c1").cause is Cause.LINE


def test_a_hub_that_outlasts_planned_work_is_not_planned_any_more(story: Story) -> None:
    story.plan("h1", 55, 90, below=True)
    story.sites["h1"].line = False
    story.until(100)
    assert one(story, "h1", "hub").cause is Cause.PLANNED
    story.until(420)
    assert one(story, "h1", "hub").cause is Cause.LINE


def test_outages_of_two_units_at_once_are_two(story: Story) -> None:
    story.sites["h1c1"].line = False
    story.sites["h2c1"].line = False
    story.until(80)
    assert story.verdicts() == {("h1c1", "unit", "line", False), ("h2c1", "unit", "line", False)}


@pytest.mark.slow
def test_an_hour_of_loss_on_every_line_is_degraded_and_no_outage(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.until(30)
    story.loss = 0.1
    seen = set()
    for minute in range(2, 62):
        story.until(30 + minute * 60)
        seen |= {state.status.value for code, state in story.watch.states().items() if code != "33"}
    assert story.outages() == []
    assert [change for change in story.changes() if change.outage.unit != "33"] == []
    assert seen == {"degraded"}
    story.loss = 0.0
    story.until(30 + 62 * 60 + 200)
    assert {state.status.value for code, state in story.watch.states().items() if code != "33"} == {"up"}
    story.close()


def test_three_hours_without_a_line_are_revised_once_and_nothing_is_lost(tmp_path: Path) -> None:
    story = Story(tmp_path, Registry(hubs=1, communes=3, departments=3))
    story.until(60)
    story.sites["h1c1"].line = False
    story.until(60 + 3 * 3600)
    story.sites["h1c1"].line = True
    story.until(60 + 3 * 3600 + 60)
    outage = one(story, "h1c1")
    assert [change.what for change in story.changes() if change.outage.id == outage.id] == [
        "opened",
        "closed",
        "revised",
    ]
    assert (outage.cause, outage.final) == (Cause.LINE, True)
    assert abs(outage.began_at - (START + 60 * S)) <= 5 * S
    assert abs((outage.ended_at or 0) - (START + 60 * S + 3 * 3600 * S)) <= 5 * S
    story.close()


def test_a_unit_that_goes_up_and_down_flaps_and_says_how_often(story: Story) -> None:
    for _ in range(4):
        story.sites["h1c1"].line = False
        story.until((story.now - START) / S + 20)
        story.sites["h1c1"].line = True
        story.until((story.now - START) / S + 20)
    assert story.watch.states()["h1c1"].flapping >= 6
    assert story.watch.states()["h1c2"].flapping == 0
    story.until((story.now - START) / S + 3700)
    assert story.watch.states()["h1c1"].flapping == 0


def test_a_hub_is_out_for_as_long_as_it_is_though_nothing_comes_in_meanwhile(tmp_path: Path) -> None:
    story = Story(tmp_path, Registry(routers=False))
    story.until(60)
    story.sites["h1"].line = False
    story.until(300)
    hub = one(story, "h1", "hub")
    assert hub.ended_at is None
    assert len(story.outages()) == 7
    story.sites["h1"].line = True
    story.until(330)
    (hub,) = [each for each in story.outages() if each.subject == "hub"]
    assert (hub.ended_at or 0) >= START + 300 * S
    story.close()
