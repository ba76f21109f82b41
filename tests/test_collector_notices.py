"""What devices told is evidence: of power, of the line, and of nothing when it does not belong to the outage."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_ingest import LIFE
from support_story import GATEWAY, PC, START, UPS, Registry, S, Story

from collector.evidence import Evidence
from collector.notices import MOST, Device, Notice, Notices, plain_address
from collector.signs import link_lost, power_gone
from collector.views import Outage
from core import wire
from core.told import LINK_DOWN, LINK_UP, POWER_BACK, POWER_LOST, SYSLOG
from core.values import Cause

UNIT = "h1c1"


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path, Registry(ups=True))
    story.until(60)
    yield story
    story.close()


def one(story: Story) -> Outage:
    (outage,) = story.outages()
    return outage


def sentences(story: Story) -> list[tuple[int | None, str]]:
    return [((said.at - START) // S if said.at else None, said.text) for said in one(story).evidence]


def cut_and_heal(story: Story) -> None:
    story.sites[UNIT].line = False
    story.until(120)
    story.sites[UNIT].line = True
    story.until(140)


def test_a_ups_that_tells_of_lost_power_before_a_line_went_makes_it_power(story: Story) -> None:
    story.notice(UNIT, POWER_LOST, UPS, "UPS on battery")
    story.until(63)
    cut_and_heal(story)
    assert (one(story).cause, one(story).final) == (Cause.POWER, True)
    assert (60, "power lost|ups") in sentences(story)


def test_power_that_was_back_long_before_says_nothing_of_a_line_that_went(story: Story) -> None:
    story.notice(UNIT, POWER_LOST, UPS)
    story.until(65)
    story.notice(UNIT, POWER_BACK, UPS)
    story.until(130)
    story.sites[UNIT].line = False
    story.until(160)
    story.sites[UNIT].line = True
    story.until(180)
    assert one(story).cause is Cause.LINE
    assert not any("power lost" in text for _, text in sentences(story))


def test_a_router_that_tells_of_a_lost_link_is_among_the_evidence_for_line(story: Story) -> None:
    story.notice(UNIT, LINK_DOWN, GATEWAY, "link down: ether1 | WAN")
    cut_and_heal(story)
    assert one(story).cause is Cause.LINE
    assert (60, "link down|gateway|link down: ether1 / WAN") in sentences(story)


def test_where_nobody_else_saw_it_the_routers_word_makes_it_line(tmp_path: Path) -> None:
    for told in (False, True):
        (tmp_path / str(told)).mkdir()
        story = Story(tmp_path / str(told), Registry(routers=False))
        story.until(60)
        # The unit's own checks of the line are gone from its plan; the agent lives on in silence.
        for check in (story.sites[UNIT].number * 10 + kind for kind in (2, 3)):
            del story.registry._checks[check]
        if told:
            story.notice(UNIT, LINK_DOWN, GATEWAY, "ether1")
        cut_and_heal(story)
        assert one(story).cause is (Cause.LINE if told else Cause.UNDETERMINED)
        story.close()


def test_a_lost_link_of_another_device_says_nothing_of_the_line(story: Story) -> None:
    story.notice(UNIT, LINK_DOWN, PC, "port 5")
    cut_and_heal(story)
    assert not any("link down" in text for _, text in sentences(story))


def test_notices_are_kept_over_a_restart_and_come_late(story: Story) -> None:
    story.notice(UNIT, POWER_LOST, UPS)
    told = story.sites[UNIT].heard
    story.sites[UNIT].heard = []
    cut_and_heal(story)
    assert one(story).cause is Cause.LINE
    story.sites[UNIT].heard = told
    story.until(150)
    assert one(story).cause is Cause.POWER
    story.restart()
    story.reports.clear()
    story.begin()
    story.until(160)
    assert one(story).cause is Cause.POWER
    (kept,) = story.world.evidence(UNIT, START, story.now).notices
    assert (kept.kind, kept.source, kept.name) == (POWER_LOST, "192.0.2.6", "ups")


def test_a_checkpoint_that_was_rolled_back_is_written_again(story: Story) -> None:
    story.notice(UNIT, POWER_LOST, UPS)
    story.until(70)
    with contextlib.suppress(RuntimeError), story.state.write() as connection:
        story.world.checkpoint(connection)
        raise RuntimeError("the disk")
    story.restart()
    story.reports.clear()
    story.begin()
    assert [each.kind for each in story.world.evidence(UNIT, START, story.now).notices] == [POWER_LOST]


def header(sent_at: int, error: int = 0) -> wire.Header:
    return wire.Header(
        "a", "e", 1, sent_at, error, LIFE, wire.Counters(0, 0, 0, 0, 0), wire.Health(1, 1.0, 1, None)
    )


def test_times_are_the_centres_and_none_is_past_its_report() -> None:
    notices = Notices()
    event = wire.Event(50_000, POWER_LOST, "x", "FD00::1")
    assert notices.take("u1", header(90_000, 7_000), [event]) == 43_000
    assert notices.take("u1", header(90_000, 7_000), [event]) is None
    assert notices.take("u1", header(20_000), [wire.Event(9**15, LINK_DOWN, "y", "10.0.0.1")]) == 20_000
    assert notices.of("u1", 0, {"fd00::1": Device("ups", False)}) == [
        Notice(20_000, LINK_DOWN, "10.0.0.1", "10.0.0.1", False, "y"),
        Notice(43_000, POWER_LOST, "fd00::1", "ups", False, "x"),
    ]


def test_only_what_devices_told_of_links_and_power_is_evidence() -> None:
    own, chatter = wire.Event(1, LINK_DOWN, "", ""), wire.Event(1, SYSLOG, "", "10.0.0.1")
    assert Notices().take("u1", header(9), [own, chatter]) is None


events = st.lists(
    st.tuples(
        st.integers(0, 5_000),
        st.sampled_from([POWER_LOST, POWER_BACK, LINK_DOWN, LINK_UP]),
        st.sampled_from(["10.0.0.1", "10.0.0.2"]),
        st.integers(-3, 3),
    ),
    max_size=40,
)


@given(events, st.integers())
def test_in_any_order_and_number_the_same_is_known(told: list[tuple[int, str, str, int]], seed: int) -> None:
    dice = random.Random(seed)
    one_way, another = Notices(), Notices()
    reports = [
        (header(9_000, error), [wire.Event(at, kind, str(error), who)]) for at, kind, who, error in told
    ]
    for each in reports:
        one_way.take("u1", *each)
    again = reports * 2
    dice.shuffle(again)
    for each in again:
        another.take("u1", *each)
    assert one_way.of("u1", -10, {}) == another.of("u1", -10, {})


def test_of_a_flood_the_newest_stay_whatever_came_first() -> None:
    told = [wire.Event(at, LINK_DOWN, "", "10.0.0.1") for at in range(MOST + 50)]
    one_way, another = Notices(), Notices()
    one_way.take("u1", header(9_000), told)
    for event in reversed(told):
        another.take("u1", header(9_000), [event])
    assert one_way.of("u1", 0, {}) == another.of("u1", 0, {})
    assert one_way.of("u1", 0, {})[0].at == 50


def test_what_is_old_and_stored_is_let_go_of() -> None:
    notices = Notices()
    notices.take("u1", header(9_000), [wire.Event(at, LINK_DOWN, "", "10.0.0.1") for at in (1, 5_000)])
    notices.forget(4_000, ())
    assert len(notices.of("u1", 0, {})) == 2
    (old, _) = sorted(notices.touched)
    notices.touched.clear()
    notices.forget(4_000, {old})
    assert len(notices.of("u1", 0, {})) == 2
    notices.forget(4_000, ())
    assert [each.at for each in notices.of("u1", 0, {})] == [5_000]


@pytest.mark.parametrize(
    ("text", "plain"), [("FD00:0::1", "fd00::1"), ("10.0.0.1", "10.0.0.1"), ("sw1", "sw1")]
)
def test_an_address_is_written_in_one_way(text: str, plain: str) -> None:
    assert plain_address(text) == plain


def told(at: int, kind: str, who: str = "10.0.0.9", *, router: bool = True) -> Notice:
    return Notice(at * S, kind, who, who, router, "")


@pytest.mark.parametrize(
    ("notices", "since"),
    [
        ([], None),
        ([told(900, POWER_LOST)], 900),
        ([told(900, POWER_LOST), told(930, POWER_LOST), told(950, POWER_BACK)], 900),
        ([told(900, POWER_LOST), told(930, POWER_BACK)], None),
        ([told(900, POWER_LOST), told(930, POWER_BACK, "10.0.0.8")], 900),
        ([told(1_200, POWER_LOST)], 1_200),
        ([told(1_300, POWER_LOST)], None),
        ([told(-2_700, POWER_LOST)], None),
    ],
)
def test_when_power_was_gone_around_an_outage_from_1000_to_1300_s(
    notices: list[Notice], since: int | None
) -> None:
    found = power_gone(Evidence(notices=notices), 1_000 * S, 1_300 * S)
    assert (found and found[0]) == (since * S if since is not None else None)


@pytest.mark.parametrize(
    ("at", "counts"), [(939, False), (940, True), (1_000, True), (1_060, True), (1_061, False)]
)
def test_a_lost_link_counts_at_the_beginning_only(at: int, *, counts: bool) -> None:
    evidence = Evidence(notices=[told(at, LINK_DOWN)])
    assert (link_lost(evidence, 1_000 * S, 1_300 * S) is not None) is counts
    other = Evidence(notices=[told(at, LINK_DOWN, router=False)])
    assert link_lost(other, 1_000 * S, 1_300 * S) is None
