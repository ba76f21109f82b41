"""Spans: the same results give the same spans, whatever order, repetition and cutting they came in."""

import time
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.facts import Row, in_runs, runs_of
from collector.spans import REACH, Span, Stream, kind

INTERVAL = 5_000
STATUSES = st.sampled_from(
    [("up", ""), ("down", "timeout"), ("degraded", "loss|0.2"), ("degraded", "loss|0.4")]
)
STEPS = st.sampled_from([INTERVAL, INTERVAL, INTERVAL, 4_990, int(REACH * INTERVAL), 12_501, 60_000, -100])


@st.composite
def measured(draw: st.DrawFn) -> list[Row]:
    """What one check of one epoch measured: every ordinal once, times as clocks have them."""
    at, rows = 1_000_000, []
    for k in range(1, draw(st.integers(1, 25)) + 1):
        at += draw(STEPS)
        status, reason = draw(STATUSES)
        rows.append(Row(7, k, at, at + 123, status, reason))
    return rows


def folded(rows: list[Row]) -> list[Span]:
    stream = Stream(INTERVAL)
    for row in rows:
        stream.add(row)
    return stream.spans


def by_definition(rows: list[Row]) -> list[Span]:
    """Spans as the module's text defines them, from the whole set at once."""
    spans: list[Span] = []
    for row in sorted(set(rows), key=lambda row: row.k):
        last = spans[-1] if spans else None
        if (
            last
            and last.k_last + 1 == row.k
            and last.status == row.status
            and kind(last.reason) == kind(row.reason)
            and 0 <= row.at - last.last_at <= REACH * INTERVAL
        ):
            last.k_last, last.last_at, last.agent_last, last.reason = row.k, row.at, row.agent_at, row.reason
        else:
            spans.append(
                Span(row.k, row.k, row.at, row.at, row.agent_at, row.agent_at, row.status, row.reason)
            )
    return spans


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_any_order_and_repetition_of_any_part_gives_the_spans_of_the_set(data: st.DataObject) -> None:
    rows = data.draw(measured())
    part = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=3 * len(rows)))
    assert folded(part) == by_definition(part)


@given(measured(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=100)
def test_what_was_stored_in_between_changes_nothing(rows: list[Row], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    stream, stored = Stream(INTERVAL), {}
    for row in shuffled:
        stream.add(row)
        for k in stream.touched:  # as a store does it: written where a span begins there, else deleted
            span = stream.at_ordinal(k)
            stored.pop(k, None)
            if span is not None:
                stored[k] = (span.k_last, span.first_at, span.last_at, span.status, span.reason)
        stream.touched.clear()
    assert stored == {
        span.k_first: (span.k_last, span.first_at, span.last_at, span.status, span.reason)
        for span in by_definition(rows)
    }


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_spans_since_a_time_are_found_even_when_clocks_went_back(data: st.DataObject) -> None:
    rows = data.draw(st.permutations(data.draw(measured())))
    start = data.draw(st.integers(990_000, 1_500_000))
    stream = Stream(INTERVAL)
    for row in rows:
        stream.add(row)
    assert list(stream.since(start)) == [span for span in stream.spans if span.last_at >= start]


def settled_by_definition(rows: list[Row]) -> list[Span]:
    """Settled spans as they follow from the whole set at once."""
    spans: list[Span] = []
    for each in by_definition(rows):
        last = spans[-1] if spans else None
        alike = last and (last.status == each.status or {last.status, each.status} == {"up", "degraded"})
        if (
            last
            and alike
            and last.k_last + 1 == each.k_first
            and 0 <= each.first_at - last.last_at <= REACH * INTERVAL
        ):
            last.status = each.status if last.status == each.status else "up"
            last.reason = "" if last.status == "up" else each.reason
            last.k_last, last.last_at, last.agent_last = each.k_last, each.last_at, each.agent_last
        else:
            spans.append(each)
    return spans


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_settled_spans_are_those_of_the_set_whenever_they_were_settled(data: st.DataObject) -> None:
    rows = data.draw(measured())
    part = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=3 * len(rows)))
    stream, stored = Stream(INTERVAL), {}
    for row in part:
        stream.add(row)
        if data.draw(st.booleans()):
            stream.settle(1 << 50)
    stream.settle(1 << 50)
    assert stream.spans == settled_by_definition(part)
    for k in stream.touched:
        span = stream.at_ordinal(k)
        if span is not None:
            stored[k] = span
    assert sorted(stored) == [span.k_first for span in stream.spans]


def test_what_ends_later_is_not_settled() -> None:
    stream = Stream(INTERVAL)
    for k, status in enumerate(("up", "degraded", "up", "degraded"), start=1):
        stream.add(Row(7, k, k * INTERVAL, k * INTERVAL, status, ""))
    assert stream.settle(3 * INTERVAL)
    assert [(span.k_first, span.k_last) for span in stream.spans] == [(1, 2), (3, 3), (4, 4)]
    assert not stream.settle(3 * INTERVAL)


def test_a_gap_of_two_and_a_half_intervals_joins_and_a_longer_one_does_not() -> None:
    assert len(folded([Row(7, 1, 0, 0, "up", ""), Row(7, 2, 12_500, 12_500, "up", "")])) == 1
    assert len(folded([Row(7, 1, 0, 0, "up", ""), Row(7, 2, 12_501, 12_501, "up", "")])) == 2


def test_a_missing_ordinal_parts_two_spans_until_it_comes() -> None:
    one, two, three = (Row(7, k, k * INTERVAL, k * INTERVAL, "up", "") for k in (1, 2, 3))
    stream = Stream(INTERVAL)
    stream.add(three)
    stream.add(one)
    assert len(stream.spans) == 2
    assert stream.add(two) == INTERVAL
    assert stream.spans == [Span(1, 3, 5_000, 15_000, 5_000, 15_000, "up", "")]


def test_a_duplicate_changes_nothing_and_says_so() -> None:
    stream = Stream(INTERVAL)
    row = Row(7, 1, 0, 0, "up", "")
    assert stream.add(row) == 0
    assert stream.add(row) is None
    assert stream.add(row._replace(status="down")) is None
    assert stream.spans == [Span(1, 1, 0, 0, 0, 0, "up", "")]


def test_a_span_keeps_the_reason_of_its_last_result() -> None:
    rows = [Row(7, k, k * INTERVAL, k * INTERVAL, "degraded", f"loss|0.{k}") for k in (1, 2, 3)]
    assert [span.reason for span in folded(rows)] == ["loss|0.3"]


def test_a_hundred_thousand_results_fold_within_a_second() -> None:
    rows = [Row(7, k, k * INTERVAL, k * INTERVAL, "up", "") for k in range(1, 100_001)]
    stream = Stream(INTERVAL)
    began = time.process_time()
    for row in rows:
        stream.add(row)
    assert time.process_time() - began < 1.0
    assert len(stream.spans) == 1


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_runs_fold_to_the_same_spans_as_their_rows_one_by_one(data: st.DataObject) -> None:
    rows = data.draw(measured())
    part = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=3 * len(rows)))
    if data.draw(st.booleans()):
        part.sort()
    stream, single = Stream(INTERVAL), Stream(INTERVAL)
    news = []
    for start in range(0, len(part), 5):
        runs = in_runs(part[start : start + 5])
        for run in runs:
            if (since := stream.extend(run)) is not None:
                news.append(since)
                continue
            news += [since for row in run.rows() if (since := stream.add(row)) is not None]
    singly = [since for row in part if (since := single.add(row)) is not None]
    assert stream.spans == single.spans
    assert stream.touched == single.touched
    assert min(news, default=None) == min(singly, default=None)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6), STATUSES), max_size=30),
    st.booleans(),
    st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_runs_hold_each_result_once_in_the_order_of_its_check(
    drawn: list[tuple[int, int, tuple[str, str]]], regular: bool, alike: bool
) -> None:
    rows = [Row(check, k, 10 * i, 10 * i + 1, *words) for i, (check, k, words) in enumerate(drawn)]
    if regular:
        rows = [row._replace(check=i % 3, k=i // 3 + 1) for i, row in enumerate(rows)]
    if alike:
        rows = [row._replace(status="up", reason="") for row in rows]
    columns = [[row[i] for row in rows] for i in range(4)]
    words = [(*said, len(list(same))) for said, same in groupby((row.status, row.reason) for row in rows)]
    taken = [row for run in runs_of(*columns, words) for row in run.rows()]
    for check in {row.check for row in rows}:
        assert [row for row in taken if row.check == check] == [row for row in rows if row.check == check]
    assert len(taken) == len(rows)
