"""Reports on the wire: round trips, and one bad item never loses the good ones beside it."""

import contextlib
import itertools
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import wire
from core.errors import BadInput
from core.reports import decode_report


def a_report(rows: int = 2, values: list[float] | None = None) -> wire.Report:
    values = values if values is not None else [0.5] * rows
    return wire.Report(
        header=wire.Header(
            agent="11950-3f2a",
            epoch="e",
            seq=1,
            sent_at=1_000,
            clock_error=None,
            life=wire.Life(1, 2, "boot", True, "0.1"),
            counters=wire.Counters(rows, 0, 0, 0, 0),
            health=wire.Health(1, 0.1, 2, None),
        ),
        results=wire.Results.of(
            n=list(range(1, rows + 1)),
            check=[7] * rows,
            k=list(range(1, rows + 1)),
            at=[1_000] * rows,
            status=["up"] * rows,
            reason=[""] * rows,
        ),
        figures=[wire.Figures(row=list(range(len(values))), value={"rtt_seconds": values})],
    )


def as_json(report: wire.Report) -> dict[str, Any]:
    return dict(json.loads(wire.encode(report)))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_a_report_comes_back_as_it_was_sent(values: list[float]) -> None:
    report = a_report(max(1, len(values)), values)
    assert decode_report(wire.encode(report)) == (report, 0)


@given(st.lists(st.sampled_from([1.5, 0.0, math.nan, math.inf, -math.inf]), min_size=1, max_size=8))
def test_figures_that_are_not_finite_are_left_out_and_counted(values: list[float]) -> None:
    raw = as_json(a_report(len(values)))
    raw["figures"] = [{"row": list(range(len(values))), "value": {"rtt_seconds": values}}]
    report, lost = decode_report(json.dumps(raw).encode())
    good = [(i, v) for i, v in enumerate(values) if math.isfinite(v)]
    column = report.columns()["rtt_seconds"]
    assert list(zip(column.row, column.value, strict=True)) == good
    assert lost == len(values) - len(good)
    assert len(report.results.numbers()) == len(values)


@pytest.mark.parametrize("text", ["1e999", "null", '"0.5"', "true", "[]"])
def test_a_figure_that_is_no_number_costs_only_itself(text: str) -> None:
    plain = wire.encode(a_report(2, [0.25, 0.75])).replace(b"0.75", text.encode())
    report, lost = decode_report(plain)
    assert (report.columns()["rtt_seconds"].value, lost) == ([0.25], 1)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("results", "k"), [1], "$.results"),
        (("results", "n"), [[1, 1]], "$.results.n"),
        (("results", "n"), [[2, 2], [1, 1]], "$.results.n"),
        (("results", "n"), [[2, 1], [1, 2]], "$.results.n"),
        (("results", "outcome"), [["up", "", 1]], "$.results.outcome"),
        (("figures", 0, "row"), [0], "$.figures[0].value.rtt_seconds"),
        (("figures", 0, "row"), [0, 9], "$.figures[0].row"),
        (("header", "seq"), "one", "$.header.seq"),
        (("results", "at"), [1, "two"], "$.results.at[1]"),
    ],
)
def test_a_report_that_does_not_fit_names_the_place(
    path: tuple[str | int, ...], value: object, where: str
) -> None:
    raw = as_json(a_report())
    inner: Any = raw
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(BadInput) as caught:
        decode_report(json.dumps(raw).encode())
    assert caught.value.where == where


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_junk_is_bad_input(plain: bytes) -> None:
    with pytest.raises(BadInput):
        decode_report(plain)


@given(st.data())
def test_a_damaged_report_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    plain = bytearray(wire.encode(a_report(3)))
    for _ in range(data.draw(st.integers(1, 6))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadInput):
        report, _ = decode_report(bytes(plain))
        assert len(report.results.numbers()) == len(report.results.words()[0]) == len(report.results.k)


def test_deep_nesting_is_bad_input() -> None:
    with pytest.raises(BadInput):
        decode_report(b'{"header":' + b"[" * 100_000)


def test_messages_of_the_channel_are_told_apart_by_their_tag() -> None:
    for message in (wire.Beat(1), wire.PlanChanged(), wire.Diagnose("1", "ping", "127.0.0.1")):
        assert msgspec.json.decode(wire.encode(message), type=wire.ToAgent) == message


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["up", "down"]), st.sampled_from(["", "timeout"])),
        max_size=20,
    )
)
def test_what_repeats_is_told_once_and_comes_back_as_it_was(rows: list[tuple[int, str, str]]) -> None:
    numbers = list(itertools.accumulate(step for step, _, _ in rows))
    status, reason = [row[1] for row in rows], [row[2] for row in rows]
    results = wire.Results.of(numbers, numbers, numbers, numbers, status, reason)
    assert results.numbers() == numbers
    assert results.words() == (status, reason)


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 5), max_size=4)))
def test_figures_gathered_by_their_rows_are_the_same_figures(rows: dict[str, list[int]]) -> None:
    columns = {name: wire.Column(row, [float(i) for i in range(len(row))]) for name, row in rows.items()}
    gathered = wire.gathered(columns)
    assert len(gathered) == len({tuple(row) for row in rows.values()})
    report = msgspec.structs.replace(a_report(6), figures=gathered)
    assert report.columns() == columns
