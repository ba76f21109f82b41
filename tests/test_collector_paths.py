"""Versions of paths: one for each different way, the same in any order, and none of what is no path."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_ingest import NOW, report, site

from collector.paths import KEPT, PathVersion, read_paths, store_path
from collector.tables import paths
from core.errors import BadInput
from core.wire import Document
from inventory.state import State

MINUTE = 60_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def body(
    *addresses: str | None, reached: bool = True, rtt_ms: float = 1.0, **more: object
) -> dict[str, object]:
    hops = [
        {"ttl": ttl, "address": address, "rtt_ms": None if address is None else rtt_ms, "loss": 0.0}
        for ttl, address in enumerate(addresses, 1)
    ]
    broke_at = None if reached else len(hops) + 1
    return {
        "target": "10.33.0.10",
        "method": "icmp",
        "reached": reached,
        "hops": hops,
        "broke_at": broke_at,
        "refused": "",
        **more,
    }


def stored(state: State, *documents: tuple[int, dict[str, object]], unit: str = "11950") -> list[PathVersion]:
    with state.write() as connection:
        for at, content in documents:
            document = Document("path", at, content)
            store_path(connection, unit=unit, document=document, received_at=NOW)
        return list(read_paths(connection, unit, 500))


def test_the_same_way_is_one_version_with_the_newest_figures(state: State) -> None:
    (only,) = stored(
        state,
        (NOW - 3 * MINUTE, body("a", "b", rtt_ms=1.0)),
        (NOW - 1 * MINUTE, body("a", "b", rtt_ms=3.0)),
        (NOW - 2 * MINUTE, body("a", "b", rtt_ms=2.0)),
    )
    assert (only.first_seen, only.last_seen) == (NOW - 3 * MINUTE, NOW - 1 * MINUTE)
    assert [hop.rtt_ms for hop in only.trace.hops] == [3.0, 3.0]


def test_another_way_a_break_and_another_target_are_versions_of_their_own(state: State) -> None:
    versions = stored(
        state,
        (NOW - 4, body("a", "b")),
        (NOW - 3, body("a", "c")),
        (NOW - 2, body("a", reached=False)),
        (NOW - 1, body("a", "b", target="10.33.0.11")),
        (NOW, body("a", "b", method="tcp")),
    )
    assert [version.last_seen for version in versions] == [NOW, NOW - 1, NOW - 2, NOW - 3, NOW - 4]
    assert versions[2].trace.broke_at == 2


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["ab", "ac", "a"])), min_size=1, max_size=4))
def test_the_same_documents_in_any_order_leave_the_same_versions(told: list[tuple[int, str]]) -> None:
    documents = [(NOW - at, body(*way, rtt_ms=float(at))) for at, way in told]

    def kept(order: tuple[tuple[int, dict[str, object]], ...]) -> list[tuple[object, ...]]:
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            paths.create(connection)
            for at, content in (*order, *order):
                document = Document("path", at, content)
                store_path(connection, unit="u", document=document, received_at=NOW)
            found = [(v.first_seen, v.last_seen, v.trace) for v in read_paths(connection, "u", 50)]
        engine.dispose()
        return found

    assert len({repr(kept(order)) for order in itertools.permutations(documents)}) == 1


def test_the_oldest_versions_of_a_target_give_way(state: State) -> None:
    versions = stored(state, *((NOW - n, body(f"10.0.0.{n}")) for n in range(KEPT + 20)))
    assert len(versions) == KEPT
    assert versions[-1].last_seen == NOW - KEPT + 1
    assert len(stored(state, (NOW, body("x", target="elsewhere")))) == KEPT + 1


def test_a_trace_from_the_future_counts_as_of_now(state: State) -> None:
    assert stored(state, (NOW + 99 * MINUTE, body("a")))[0].last_seen == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        body("a", hops=[{"ttl": 0}]),
        body("a", hops=[{"ttl": 1}] * 65),
        body("a", hops="none"),
        body("a", target="x" * 300),
        body("a" * 46),
        body("a", reached="yes"),
        body("a", broke_at=-1),
    ],
)
def test_what_is_no_path_is_refused(state: State, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="not a path"):
        stored(state, (NOW, wrong))


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["target", "method", "reached", "hops", "broke_at", "x"]), json))
def test_no_body_at_all_raises_anything_else(wrong: dict[str, object]) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        paths.create(connection)
        with contextlib.suppress(BadInput):
            store_path(connection, unit="u", document=Document("path", NOW, wrong), received_at=NOW)
    engine.dispose()


async def test_a_path_that_an_agent_reports_is_kept_and_a_bad_one_costs_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        name = here.enrol()
        documents = [Document("path", NOW, {"no": "path"}), Document("path", NOW, body("a", "b"))]
        answer = await here.post(report(name, 1, [100], extra={"documents": documents}))
        assert answer.status_code == 204
        assert await here.ingest.settle()
        with here.state.read() as connection:
            (only,) = read_paths(connection, "u1", 50)
        assert [hop.address for hop in only.trace.hops] == ["a", "b"]
        assert here.ingest.counters()["documents_refused_total"] == 1
