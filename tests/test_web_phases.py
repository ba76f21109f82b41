"""Layers of time and Apdex, bucket by bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.evidence import Said
from collector.samples import Bucket, Point
from web.phases import REST, layers, scores, stacked

MINUTE = 60_000


def bucket(at: int, mean: float) -> Bucket:
    return Bucket(at, mean, mean, mean, 1, mean, mean)


SERIES = {
    "total_seconds": 1,
    "step_seconds#a": 2,
    "step_seconds#b": 3,
    "connect_seconds#a": 4,
    "connect_seconds#b": 5,
    "first_byte_seconds#a": 6,
    "certificate_days_left": 7,
}


def test_phases_sum_over_steps_and_steps_stand_in_their_order() -> None:
    by_phase = layers(SERIES, ["b", "a"], by_step=False)
    assert [(each.name, each.series) for each in by_phase] == [
        ("connect_seconds", [4, 5]),
        ("first_byte_seconds", [6]),
    ]
    by_step = layers(SERIES, ["b", "a", "gone"], by_step=True)
    assert [(each.name, each.series) for each in by_step] == [("b", [3]), ("a", [2])]


def test_a_check_without_phases_shows_its_one_figure() -> None:
    assert [each.name for each in layers({"query_seconds": 9}, [], by_step=False)] == ["query_seconds"]
    assert layers({"certificate_days_left": 7}, [], by_step=False) == []


def test_what_no_layer_has_is_the_rest() -> None:
    at, found = stacked({"a": [[bucket(0, 0.1)], [bucket(0, 0.2), bucket(60, 0.1)]]}, [bucket(0, 1.0)])
    assert at == [0, 60]
    assert found["a"] == [pytest.approx(0.3), 0.1]
    assert found[REST] == [pytest.approx(0.7), None]


means = st.lists(st.floats(0, 5), max_size=6)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(means, max_size=2), max_size=3), means)
def test_layers_with_the_rest_are_never_less_than_the_total(
    told: dict[str, list[list[float]]], total: list[float]
) -> None:
    rows = {
        name: [[bucket(place * 60, mean) for place, mean in enumerate(each)] for each in of]
        for name, of in told.items()
    }
    at, found = stacked(rows, [bucket(place * 60, mean) for place, mean in enumerate(total)])
    for place, mean in enumerate(total):
        height = sum(row[at.index(place * 60)] or 0 for row in found.values())
        assert height >= mean - 1e-9


def apdex(points: list[Point], said: list[Said]) -> dict[int, float | None]:
    found = scores(
        points, said, interval_ms=MINUTE, objective_ms=1000, start=0, end=60 * MINUTE, bucket_ms=10 * MINUTE
    )
    return {at: score.value for at, score in found.items()}


def test_apdex_is_as_the_index_defines_it() -> None:
    quick, slow, late = 0.9, 3.9, 4.1
    points = [Point(n * MINUTE, value) for n, value in enumerate([quick, quick, slow, late])]
    assert apdex(points, []) == {0: (2 + 1 / 2) / 4}


def test_a_failed_run_is_frustrated_once_whatever_is_known_of_its_time() -> None:
    points = [Point(0, 0.5), Point(MINUTE, 0.5), Point(2 * MINUTE, 0.5), Point(3 * MINUTE, 0.5)]
    failed = [Said(MINUTE, 2 * MINUTE, "down", "timeout")]
    assert apdex(points, failed) == {0: 0.5}
    assert apdex(points[:1] + points[3:], failed) == {0: 0.5}


def test_a_stretch_without_any_figure_has_an_apdex_of_nought() -> None:
    assert apdex([], [Said(20 * MINUTE, 29 * MINUTE, "down", "refused")]) == {20 * MINUTE: 0.0}


def test_what_failed_before_the_period_does_not_count() -> None:
    long = [Said(-30 * MINUTE, 5 * MINUTE, "down", "refused")]
    found = scores(
        [], long, interval_ms=MINUTE, objective_ms=1000, start=0, end=60 * MINUTE, bucket_ms=60 * MINUTE
    )
    assert found[0].count == 6


@given(
    st.lists(st.tuples(st.integers(0, 59), st.floats(0, 9)), max_size=30),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=3),
)
def test_an_apdex_is_between_nought_and_one(
    measured: list[tuple[int, float]], down: list[tuple[int, int]]
) -> None:
    points = sorted(Point(minute * MINUTE, value) for minute, value in measured)
    said = sorted(Said(start * MINUTE, (start + length) * MINUTE, "down", "") for start, length in down)
    assert all(value is not None and 0 <= value <= 1 for value in apdex(points, said).values())
