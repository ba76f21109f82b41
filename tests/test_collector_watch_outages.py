"""Outages: found in timelines, matched with those that are stored."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.judge import LINE_FAILS, SILENT
from collector.outages import CHANGES, Found, find, reconcile
from collector.timeline import Stretch
from collector.views import Outage
from core.values import Status


def timeline(*statuses: tuple[str, str]) -> list[Stretch]:
    """Stretches of 10 ms each."""
    return [
        Stretch(10 * i, 10 * i + 10, Status(status), reason) for i, (status, reason) in enumerate(statuses)
    ]


UP, DOWN, UNKNOWN = ("up", ""), ("down", SILENT), ("unknown", "no news")


def test_unknown_time_inside_does_not_end_an_outage_and_alone_is_none() -> None:
    assert find(timeline(UP, DOWN, UNKNOWN, DOWN, UP, UNKNOWN), 0)[1] == [Found(10, 50 - 10, SILENT, False)]


def test_an_outage_begins_where_what_vouched_ended() -> None:
    assert find(timeline(UP, UNKNOWN, DOWN), 0)[1] == [Found(10, None, SILENT, False)]


def test_a_unit_that_was_never_up_is_down_from_the_first_sign_of_it() -> None:
    assert find(timeline(UNKNOWN, DOWN), 0)[1] == [Found(10, None, SILENT, True)]


def test_a_unit_that_is_being_installed_has_no_outage_for_it() -> None:
    assert find(timeline(UNKNOWN, DOWN, UP), 0)[1] == []
    late = [
        each._replace(end=each.end + 60_000) if each.status is Status.DOWN else each
        for each in timeline(DOWN)
    ]
    assert len(find([*late, Stretch(late[-1].end, late[-1].end + 1, Status.UP, "")], 0)[1]) == 1


def test_the_most_telling_reason_is_the_outage_s() -> None:
    assert find(timeline(UP, DOWN, ("down", LINE_FAILS), DOWN), 0)[1][0].reason == LINE_FAILS


def test_only_outages_that_touch_the_period_are_looked_at() -> None:
    story = timeline(UP, DOWN, UP, UP, DOWN, DOWN, UP)
    assert find(story, 25) == (20, [Found(40, 60, SILENT, False)])
    assert find(story, 55) == (40, [Found(40, 60, SILENT, False)])


def stored(id: int, began_at: int, ended_at: int | None, **more: object) -> Outage:  # noqa: A002
    return replace(Outage(id, "u1", began_at, began_at, ended_at, SILENT, 0, retracted=False), **more)


def test_nothing_changes_when_what_is_found_is_stored() -> None:
    assert reconcile("u1", [Found(10, 20, SILENT, False)], [stored(1, 10, 20)], 99) == []


def test_an_outage_keeps_its_id_while_it_overlaps() -> None:
    (change,) = reconcile("u1", [Found(12, 30, LINE_FAILS, False)], [stored(7, 10, 20)], 99)
    assert (change.what, change.outage.id, change.outage.revision) == (("revised",), 7, 1)


def test_an_outage_that_falls_in_two_keeps_its_id_for_the_first() -> None:
    found = [Found(10, 20, SILENT, False), Found(30, None, SILENT, False)]
    changes = reconcile("u1", found, [stored(7, 10, None)], 99)
    assert [(change.what, change.outage.id) for change in changes] == [(("closed",), 7), (("opened",), 0)]


def test_two_outages_that_become_one_keep_the_older_and_retract_the_other() -> None:
    changes = reconcile("u1", [Found(10, 40, SILENT, False)], [stored(7, 10, 20), stored(8, 30, 40)], 99)
    assert [(change.what, change.outage.id) for change in changes] == [(("revised",), 7), (("retracted",), 8)]


def test_a_retracted_outage_has_an_end_and_comes_back_under_its_id() -> None:
    (gone,) = reconcile("u1", [], [stored(7, 10, None)], 99)
    assert (gone.what, gone.outage.retracted, gone.outage.ended_at) == (("retracted",), True, 99)
    (back,) = reconcile("u1", [Found(10, None, SILENT, False)], [replace(gone.outage)], 120)
    assert (back.what, back.outage.id, back.outage.retracted) == (("opened",), 7, False)


def test_what_is_found_when_it_is_over_opens_and_closes() -> None:
    (change,) = reconcile("u1", [Found(10, 20, SILENT, False)], [], 99)
    assert change.what == ("opened", "closed")
    assert change.outage.detected_at == 99


def test_an_outage_that_reaches_further_back_than_memory_keeps_its_beginning() -> None:
    assert reconcile("u1", [Found(50, None, SILENT, True)], [stored(7, 10, None)], 99) == []


@pytest.mark.parametrize("before", ["none", "open", "ended", "retracted"])
@pytest.mark.parametrize("after", ["none", "open", "ended"])
def test_every_change_of_an_outage_is_in_the_table(before: str, after: str) -> None:
    nothing = before in ("none", "retracted") and after == "none"
    assert ((before, after) in CHANGES) != nothing


@st.composite
def disjoint(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    edges = sorted(draw(st.sets(st.integers(0, 60), max_size=8)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return [*pairs, (70, None)] if draw(st.booleans()) else pairs


@given(disjoint(), disjoint(), st.lists(st.booleans(), min_size=6, max_size=6))
@settings(deadline=None, max_examples=200)
def test_after_the_changes_what_is_stored_is_what_was_found(
    found: list[tuple[int, int | None]], before: list[tuple[int, int | None]], gone: list[bool]
) -> None:
    had = [
        stored(i, began, ended, retracted=gone[i] and ended is not None)
        for i, (began, ended) in enumerate(before, start=1)
    ]
    changes = reconcile("u1", [Found(*each, SILENT, False) for each in found], had, 99)
    after = {outage.id: outage for outage in had}
    for number, change in enumerate(changes):
        after[change.outage.id or 100 + number] = change.outage
    assert sorted((o.began_at, o.ended_at or 0) for o in after.values() if not o.retracted) == sorted(
        (began, ended or 0) for began, ended in found
    )
