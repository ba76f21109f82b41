"""The newest sample of each series: a dictionary with the greatest time would say the same."""

from hypothesis import given, settings
from hypothesis import strategies as st
from support_samples import batch

from collector.samples import Point
from collector.samples.latest import Latest

rows = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 50)), max_size=40)


@settings(deadline=None, max_examples=300)
@given(st.lists(rows, max_size=6))
def test_whatever_the_order_the_newest_in_time_is_kept(batches):
    latest, known = Latest(), {}
    for taken in batches:
        latest.take(batch(*[(series, at, series + at / 100) for series, at in taken]))
        for series, at in taken:
            known[series] = max(at, known.get(series, -1))
    assert dict(latest) == {series: Point(at, series + at / 100) for series, at in known.items()}
    assert len(latest) == len(known)
    arrays = latest.arrays()
    assert arrays.series.tolist() == sorted(known)
