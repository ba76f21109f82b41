"""Digesting: whatever a report holds, good results beside bad ones are kept, and nothing is ever a server's error."""

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_ingest import NOW, Recorder, report, site

from collector.columns import Columns, pack
from collector.series import FIGURES_PER_CHECK, PART_FIGURES_PER_CHECK, REFUSED, SeriesTable, is_figure
from collector.sift import sift
from core import wire
from core.compress import deflate, inflate
from core.errors import BadInput
from core.reports import decode_report
from inventory.state import State

# Mutations of a report's JSON: what a broken or hostile agent may send.

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["up", "zz", 1 << 53, 1 << 63, 1 << 64, -1, 0, 1e308, "\x00", "e" * 600]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=6,
)


def places(value, path=()):
    """The path of everything in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*path, index))


def put(value, path, new):
    if not path:
        return new
    value[path[0]] = put(value[path[0]], path[1:], new)
    return value


def rich_report(agent, seq):
    figures = {
        "rtt_mean_seconds": wire.Column([0, 1, 2], [0.1, 0.2, 0.3]),
        "loss_ratio": wire.Column([0, 2], [0.0, 1.0]),
    }
    extra = {
        "documents": [wire.Document("host", NOW, {"hostname": "pc"})],
        "events": [wire.Event(NOW, "note", "text"), wire.Event(NOW, "power lost", "text", "10.0.0.9")],
        "dropped": [wire.Dropped("results", 4, 5, 2, NOW, NOW, "size")],
    }
    return report(agent, seq, [100, 101, 102], figures=figures, extra=extra)


@st.composite
def mutated(draw):
    raw = json.loads(wire.encode(rich_report("AGENT", 1)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(raw))))
        raw = put(raw, path, draw(json_values))
    return raw


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(mutated(), min_size=1, max_size=4))
def test_a_mutated_report_is_never_a_servers_error_and_a_good_one_after_it_is_kept(bodies):
    async def run():
        with tempfile.TemporaryDirectory() as folder:
            async with site(Path(folder)) as here:
                agent = here.enrol()
                for raw in bodies:
                    body = json.dumps(raw).replace("AGENT", agent).encode()
                    answer = await here.post(body, agent, encoding="identity")
                    assert answer.status_code in (204, 403, 413, 422)
                good = rich_report(agent, 77)
                assert (await here.post(good)).status_code == 204
                assert await here.ingest.settle()
                assert not (Path(folder) / "inbox" / "not digested").exists()
                assert {100, 101, 102} <= {row.check for row in here.world.rows["u1"].values()}
                assert (NOW, 0.1) in here.samples(100)

    asyncio.run(run())


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_bytes_are_a_report_or_bad_input(data):
    whole = wire.encode(rich_report("a", 1))
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 20))
    plain = whole[:at] + data.draw(st.binary(max_size=20)) + whole[at + cut :]
    with contextlib.suppress(BadInput):
        assert decode_report(plain)[0].header


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60), st.sampled_from(["zstd", "gzip", "identity", "", "br"]), st.booleans())
def test_any_body_inflates_or_is_bad_input(data, encoding, packed):
    body = deflate(data, encoding)[: max(1, len(data))] if packed else data
    with contextlib.suppress(BadInput):
        assert len(inflate(body, encoding, 1_000)) <= 1_000


results = st.lists(
    st.tuples(
        st.sampled_from([100, 101, 150, 999_999]),
        st.sampled_from(["up", "down", "zz"]),
        st.integers(-700_000, 700_000).map(lambda offset: NOW + offset),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=300)
@given(rows=results, error=st.sampled_from([None, 0, 250_000, -250_000]))
def test_a_result_is_taken_or_refused_with_a_reason_whatever_stands_beside_it(rows, error):
    size = len(rows)
    checks, statuses, times = ([row[i] for row in rows] for i in range(3))
    reasons = ["r" * (i * 200) for i in range(size)]
    made = wire.Results.of(list(range(1, size + 1)), checks, [1] * size, times, statuses, reasons)
    whole = report("a", 1, [], clock_error=error)
    sifted = sift(wire.Report(whole.header, made), {100, 101}, NOW, NOW)
    wanted = [
        check in (100, 101)
        and status in ("up", "down")
        and NOW - 300_000 <= at - (error or 0) <= NOW + 300_000
        for check, status, at in rows
    ]
    taken = [row for run in sifted.runs for row in run.rows()]
    assert sorted(row.agent_at for row in taken) == sorted(
        row[2] for row, good in zip(rows, wanted, strict=True) if good
    )
    assert all(row.at == row.agent_at - (error or 0) and len(row.reason) <= 500 for row in taken)
    assert sum(sifted.refused.values()) == size - len(taken) == size - sifted.results


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def test_a_series_keeps_its_number_through_restarts(state):
    first = SeriesTable(state)
    ids = {(check, name): first.id_of(check, name) for check in (5, 900) for name in ("a_seconds", "b_ratio")}
    assert len(set(ids.values())) == 4
    again = SeriesTable(state)
    assert {key: again.id_of(*key) for key in ids} == ids
    assert again.of(ids[900, "b_ratio"]) == (900, "b_ratio")
    assert again.of_check(5) == {name: ids[5, name] for name in ("a_seconds", "b_ratio")}
    assert again.of(10_000) is None


def test_a_check_has_room_for_so_many_figures_and_no_more(state):
    series = SeriesTable(state)
    ids = [series.id_of(7, f"f{i}") for i in range(FIGURES_PER_CHECK + 3)]
    assert ids[FIGURES_PER_CHECK:] == [REFUSED] * 3
    assert len(set(ids)) == FIGURES_PER_CHECK + 1


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data()), max_size=5))
def test_columns_of_many_reports_are_the_samples_of_each(reports):
    columns, expected = Columns(), []
    for number, (checks, data) in enumerate(reports):
        at = [number * 100 + i for i in range(len(checks))]
        keep = data.draw(st.none() | st.lists(st.booleans(), min_size=len(checks), max_size=len(checks)))
        figures = {}
        for name in data.draw(st.sets(st.sampled_from(["a", "b", "c"]))):
            row = data.draw(st.lists(st.integers(0, len(checks) - 1), max_size=6))
            figures[name] = wire.Column(row, [float(number + i) for i in range(len(row))])
            expected += [
                (checks[index] * 10 + ord(name), at[index], value)
                for index, value in zip(row, figures[name].value, strict=True)
                if keep is None or keep[index]
            ]
        columns.add(pack(checks, at, wire.gathered(figures), keep))
    batch, refused = columns.batch(lambda checks, name: (checks * 10 + ord(name)).astype(np.int32))
    assert refused == 0
    assert sorted(zip(*(column.tolist() for column in batch), strict=True)) == sorted(expected)


async def test_the_order_in_which_reports_come_makes_no_difference(tmp_path):
    seen = []
    for order in ([1, 2, 3], [3, 1, 2, 3, 1]):
        folder = tmp_path / str(len(order))
        folder.mkdir()
        world = Recorder()
        async with site(folder, world=world) as here:
            agent = here.enrol()
            for seq in order:
                body = report("x", seq, [100, 101], first=2 * seq - 1, at=NOW + seq * 5_000, produced=6)
                header = wire.encode(body).replace(b'"x"', f'"{agent}"'.encode())
                assert (await here.post(header, agent, encoding="identity")).status_code == 204
            assert await here.ingest.settle()
            [account] = here.ingest.accounts(agent)
            seen.append(
                (sorted(world.rows["u1"].items()), here.samples(100), account.received, account.missing)
            )
    assert seen[0] == seen[1]
    assert seen[0][2:] == (6, 0)


def test_parts_of_a_thing_have_series_and_room_of_their_own(state):
    series = SeriesTable(state)
    whole = series.id_of(7, "cpu_ratio")
    ids = [series.id_of(7, f"in_bits_per_second#port {i}") for i in range(PART_FIGURES_PER_CHECK + 3)]
    assert ids[PART_FIGURES_PER_CHECK:] == [REFUSED] * 3
    assert len({whole, *ids}) == PART_FIGURES_PER_CHECK + 2
    assert series.id_of(7, "memory_used_ratio") != REFUSED
    assert series.ids_of(np.array([7, 8, 7]), "in_bits_per_second#port 1").tolist()[::2] == [ids[1]] * 2
    again = SeriesTable(state)
    assert again.id_of(7, "in_bits_per_second#port 1") == ids[1]
    assert again.of(ids[1]) == (7, "in_bits_per_second#port 1")
    assert len(again.of_check(7)) == PART_FIGURES_PER_CHECK + 2


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("in_bits_per_second#Gi0/1", True),
        ("in_bits_per_second#cổng 1", True),
        ("in_bits_per_second#", False),
        ("in_bits_per_second#a\x00", False),
        ("in_bits_per_second#" + "x" * 65, False),
        ("#a", False),
        ("A#b", False),
    ],
)
def test_a_part_is_named_by_what_people_can_read(name, good):
    assert is_figure(name) is good
