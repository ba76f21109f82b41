"""Reports come in: what is taken, what is refused with which answer, and what one bad item costs."""

import asyncio
import json

import pytest
from support_ingest import NOW, Site, report, site

from core import wire
from core.compress import deflate
from core.errors import Unavailable
from core.reports import decode_report


@pytest.fixture
async def here(tmp_path):
    async with site(tmp_path) as here:
        yield here


async def stored(here: Site):
    assert await here.ingest.settle()


async def test_a_report_is_acknowledged_and_its_results_and_samples_are_stored(here):
    agent = here.enrol()
    answer = await here.post(report(agent, 1, [100, 101]))
    assert answer.status_code == 204
    await stored(here)
    assert {row.check for row in here.world.rows["u1"].values()} == {100, 101}
    assert here.samples(100) == [(NOW, 0.001)]
    assert here.samples(101) == [(NOW + 1, 0.002)]


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "identity"])
async def test_every_encoding_is_read(here, encoding):
    answer = await here.post(report(here.enrol(), 1, [100]), encoding=encoding)
    assert answer.status_code == 204


async def test_a_report_vouches_for_its_unit_at_once(here):
    await here.post(report(here.enrol(), 1, [100]))
    assert here.world.contacts == [("u1", NOW)]


async def test_a_replay_is_acknowledged_counted_and_changes_nothing(here):
    agent = here.enrol()
    one = report(agent, 1, [100, 101])
    for _ in range(3):
        assert (await here.post(one)).status_code == 204
    await stored(here)
    assert here.world.folds == 1
    assert here.samples(100) == [(NOW, 0.001)]
    [account] = here.ingest.accounts(agent)
    assert (account.received, account.duplicated, account.missing) == (2, 4, 0)
    assert here.ingest.counters()["reports_duplicated_total"] == 2


async def test_the_same_report_twice_at_once_is_written_once(here):
    one = report(here.enrol(), 1, [100])
    answers = await asyncio.gather(*(here.post(one) for _ in range(10)))
    await stored(here)
    assert {answer.status_code for answer in answers} == {204}
    assert here.ingest.counters()["reports_total"] == 1


async def test_a_replay_after_a_restart_changes_nothing(tmp_path):
    async with site(tmp_path) as here:
        agent = here.enrol()
        await here.post(report(agent, 1, [100]))
    async with site(tmp_path) as here:
        assert (await here.post(report(agent, 1, [100]))).status_code == 204
        await stored(here)
        assert here.world.folds == 0
        assert here.ingest.accounts(agent)[0].duplicated == 1


async def test_an_agent_may_write_only_for_itself(here):
    mine, other = here.enrol("u1"), here.enrol("u2")
    answer = await here.post(report(other, 1, [200]), agent=mine)
    assert answer.status_code == 403
    await stored(here)
    assert here.world.folds == 0


@pytest.mark.parametrize("credential", ["", "Bearer nobody.nothing", "Basic x"])
async def test_without_a_valid_credential_the_answer_is_401(here, credential):
    answer = await here.post(b"{}", authorization=credential)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401


async def test_results_of_another_units_checks_are_refused_and_those_beside_them_kept(here):
    agent = here.enrol()
    await here.post(report(agent, 1, [100, 200, 5, 101]))
    await stored(here)
    assert sorted(row.check for row in here.world.rows["u1"].values()) == [100, 101]
    assert here.samples(101) == [(NOW + 3, 0.004)]
    assert here.samples(200) == []
    [account] = here.ingest.accounts(agent)
    assert (account.received, account.refused, account.missing) == (4, {"unknown check": 2}, 0)


@pytest.mark.parametrize(
    ("at", "refused"),
    [
        (NOW + 300_000, {}),
        (NOW + 300_001, {"future": 1}),
        (NOW - 300_000, {}),
        (NOW - 300_001, {"before enrolment": 1}),
    ],
)
async def test_results_from_the_future_and_from_before_the_enrolment_are_refused(here, at, refused):
    agent = here.enrol()
    assert (await here.post(report(agent, 1, [100], at=at))).status_code == 204
    await stored(here)
    assert here.ingest.accounts(agent)[0].refused == refused


async def test_a_status_that_is_none_is_refused(here):
    agent = here.enrol()
    assert (await here.post(report(agent, 1, [100], status="fine"))).status_code == 204
    await stored(here)
    assert here.ingest.accounts(agent)[0].refused == {"unknown status": 1}


async def test_times_are_corrected_by_the_agents_clock_error_and_the_original_is_kept(here):
    agent = here.enrol()
    await here.post(report(agent, 1, [100], at=NOW + 3_600_000, clock_error=3_600_000))
    await stored(here)
    [row] = here.world.rows["u1"].values()
    assert (row.at, row.agent_at) == (NOW, NOW + 3_600_000)
    assert here.samples(100) == [(NOW, 0.001)]


@pytest.mark.parametrize(
    "bad", ["NaN", "Infinity", "-Infinity", "null", "1e999", '"x"', "true", "1" + "0" * 400]
)
async def test_a_figure_that_is_no_finite_number_is_left_out_and_counted(here, bad):
    agent = here.enrol()
    figures = {"rtt_mean_seconds": wire.Column([0, 1], [0.25, 777.5])}
    body = wire.encode(report(agent, 1, [100, 101], figures=figures)).replace(b"777.5", bad.encode())
    answer = await here.post(body, agent, encoding="identity")
    assert answer.status_code == 204
    await stored(here)
    assert here.samples(100) == [(NOW, 0.25)]
    assert here.samples(101) == []
    assert len(here.world.rows["u1"]) == 2
    assert here.ingest.counters()["figures_not_finite_total"] == 1


@pytest.mark.parametrize("name", ["", "RTT", "x" * 65, "a b", "1st", "rtt-ms", "r\u00e9"])
async def test_a_figure_with_a_bad_name_is_left_out_and_counted(here, name):
    agent = here.enrol()
    figures = {name: wire.Column([0], [1.0]), "good_seconds": wire.Column([0], [2.0])}
    assert (await here.post(report(agent, 1, [100], figures=figures))).status_code == 204
    await stored(here)
    assert set(here.ingest.series.of_check(100)) == {"good_seconds"}
    assert here.ingest.counters()["samples_refused_total"] == 1


async def test_a_check_has_a_bounded_number_of_figures(here):
    agent = here.enrol()
    figures = {f"f{i}": wire.Column([0], [1.0]) for i in range(40)}
    await here.post(report(agent, 1, [100], figures=figures))
    await stored(here)
    assert len(here.ingest.series.of_check(100)) == 32
    assert here.ingest.counters()["samples_refused_total"] == 8


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"", "identity", 422),
        (b"not json", "identity", 422),
        (b"not zstd", "zstd", 422),
        (b"{}", "br", 422),
        (b"{}", "identity", 422),
        (b"[" * 100_000, "identity", 422),
        (b"x" * (wire.MAX_BODY + 1), "identity", 413),
        (deflate(b" " * (wire.MAX_PLAIN + 1)), "zstd", 413),
        (deflate(b" " * (wire.MAX_PLAIN + 1), "gzip"), "gzip", 413),
    ],
)
async def test_a_body_that_is_no_report_gets_a_problem_and_costs_nothing(here, body, encoding, status):
    answer = await here.post(body, here.enrol(), encoding=encoding)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert here.ingest.counters()["reports_refused_total"] == 1


async def test_a_stream_without_a_length_is_cut_at_the_limit(here):
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65_536

    answer = await here.post(endless(), here.enrol(), encoding="identity")
    assert answer.status_code == 413


async def test_a_problem_names_the_place_in_the_report(here):
    agent = here.enrol()
    raw = json.loads(wire.encode(report(agent, 1, [100])))
    raw["results"]["at"] = ["now"]
    answer = await here.post(json.dumps(raw).encode(), agent, encoding="identity")
    assert answer.status_code == 422
    assert "$.results.at[0]" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("results", "n"), [0]),
        (("results", "k"), [0]),
        (("results", "at"), [-1]),
        (("results", "at"), [1 << 43]),
        (("results", "check"), [1 << 60]),
        (("results", "n"), [10**40]),
        (("results", "n"), [1, 2]),
        (("header", "seq"), 0),
        (("header", "seq"), 1 << 70),
        (("header", "epoch"), ""),
        (("header", "epoch"), "e" * 65),
        (("header", "clock_error"), 1 << 62),
    ],
)
async def test_numbers_and_names_out_of_bounds_make_a_report_unsound(here, path, value):
    agent = here.enrol()
    raw = json.loads(wire.encode(report(agent, 1, [100])))
    raw[path[0]][path[1]] = value
    answer = await here.post(json.dumps(raw).encode(), agent, encoding="identity")
    assert answer.status_code == 422


async def test_an_overfull_inbox_says_come_back_later(here, monkeypatch):
    monkeypatch.setattr("collector.worker.MAX_WAITING_BYTES", -1)
    answer = await here.post(report(here.enrol(), 1, [100]))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_when_the_journal_cannot_be_written_nothing_is_acknowledged(here, tmp_path):
    agent = here.enrol()
    (tmp_path / "inbox").rename(tmp_path / "gone")
    answer = await here.post(report(agent, 1, [100]))
    assert answer.status_code == 503
    (tmp_path / "gone").rename(tmp_path / "inbox")
    assert (await here.post(report(agent, 1, [100]))).status_code == 204
    await stored(here)
    assert here.samples(100) == [(NOW, 0.001)]


async def test_verdicts_go_on_while_the_sample_store_is_away_and_samples_follow(here, monkeypatch):
    agent = here.enrol()

    def away(batch, mark):
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(here.store, "append", away)
        assert (await here.post(report(agent, 1, [100]))).status_code == 204
        assert not await here.ingest.settle()
        assert len(here.world.rows["u1"]) == 1
    assert await here.ingest.settle()
    assert here.samples(100) == [(NOW, 0.001)]


async def test_what_a_crash_left_in_the_journal_is_digested_once(tmp_path, monkeypatch):
    async with site(tmp_path) as here:
        agent = here.enrol()
        with monkeypatch.context() as patch:
            # As a crash would: neither samples nor checkpoint are stored, only the journal is.
            patch.setattr(here.ingest._worker, "_try", lambda what, act: None)
            await here.post(report(agent, 1, [100]))
            await here.post(report(agent, 2, [100], first=2, at=NOW + 5_000))
            await here.ingest.settle()
    for _ in range(2):
        async with site(tmp_path) as here:
            assert here.samples(100) == [(NOW, 0.001), (NOW + 5_000, 0.002)]
            [account] = here.ingest.accounts(agent)
            assert (account.received, account.duplicated, account.missing) == (2, 0, 0)


async def test_a_report_that_cannot_be_digested_is_set_aside_and_the_next_one_is(here, tmp_path, monkeypatch):
    agent = here.enrol()

    def broken(unit, epoch, rows, received_at):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(here.world, "fold", broken)
        await here.post(report(agent, 1, [100]))
        await here.ingest.settle()
    await here.post(report(agent, 2, [100], first=2))
    await stored(here)
    assert len(here.world.rows["u1"]) == 1
    [kept] = (tmp_path / "inbox" / "not digested").iterdir()
    assert decode_report(kept.read_bytes())[0].header.seq == 1


async def test_the_newest_header_and_the_news_of_an_agent_are_kept(here):
    agent = here.enrol()
    assert here.ingest.last_header(agent) is None
    await here.post(report(agent, 1, [100]))
    await here.post(report(agent, 2, [100], first=2, note="disk full"))
    await stored(here)
    header, received_at = here.ingest.last_header(agent)
    assert (header.seq, header.health.note, received_at) == (2, "disk full", NOW)
    assert [news.subject for news in here.feed.since(0)] == [agent, agent]


async def test_host_facts_become_a_device_of_the_unit(here):
    from inventory.devices import devices

    document = wire.Document("host", NOW, {"hostname": "pc-1"})
    other = wire.Document("what", NOW, {})
    await here.post(report(here.enrol(), 1, [], extra={"documents": [document, other]}))
    await stored(here)
    assert [device.body for device in devices(here.state, "u1")] == [{"hostname": "pc-1"}]
    assert here.ingest.counters()["documents_refused_total"] == 1
