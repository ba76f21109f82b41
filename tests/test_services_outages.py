"""Outages of services: kept beside those of units, told once, revised when more is known, and never taken for a unit's."""

from pathlib import Path

import pytest
from support_offices import EVERY, Offices, fails
from support_story import PROVINCE, START, S

from collector import outage_store
from collector.services.subjects import service_of
from core.values import Cause
from inventory.records import Maintenance


@pytest.fixture
def offices(tmp_path: Path):
    offices = Offices(tmp_path)
    offices.until(60)
    yield offices
    offices.close()


def whats(offices: Offices) -> list[str]:
    return [each.what for each in offices.changes() if service_of(each.outage.subject)]


def sentences(offices: Offices) -> list[str]:
    return [each.text for each in offices.of_services()[0].evidence]


def test_a_service_that_is_down_for_all_is_one_outage_of_the_province(offices: Offices) -> None:
    offices.fault = fails("docs", 60, 200)
    offices.until(180)
    (outage,) = offices.of_services()
    assert (outage.unit, outage.subject, outage.cause) == (PROVINCE, "service:docs", Cause.SERVICE)
    assert outage.ended_at is None
    assert offices.reads.service("docs").outage == outage.id
    offices.until(300)
    (outage,) = offices.of_services()
    assert outage.ended_at is not None
    assert abs(outage.ended_at - START - 200 * S) < 5 * S
    assert outage.final
    assert whats(offices).count("opened") == 1
    assert whats(offices).count("closed") == 1
    assert "retracted" not in whats(offices)


def test_it_was_detected_within_two_intervals(offices: Offices) -> None:
    offices.fault = fails("docs", 60)
    offices.until(180)
    assert offices.of_services()[0].detected_at - START <= 60 * S + 2 * EVERY


def test_its_evidence_tells_who_agreed_and_what_they_met(offices: Offices) -> None:
    offices.fault = fails("docs", 60, 200, why="status|503")
    offices.until(330)
    assert sentences(offices) == [
        "vantages agree|16|16",
        "check fails|Văn bản",
        "failed with|status|503",
        "centre fails too",
        "all in",
    ]


def test_while_more_and_more_see_it_that_is_written_at_most_each_minute(offices: Offices) -> None:
    offices.fault = fails("docs", 60)
    offices.until(360)
    assert whats(offices) == ["opened", "revised"]


def test_a_hub_from_where_it_cannot_be_reached_is_one_outage_of_the_hub(offices: Offices) -> None:
    offices.fault = fails("docs", 60, 200, only="h1", why="refused")
    offices.until(330)
    (outage,) = offices.of_services()
    assert (outage.unit, outage.subject, outage.cause) == ("h1", "service:docs|hub|h1", Cause.UPSTREAM)
    assert "units hit|h1 h1c1 h1c2 h1c3 h1c4 h1c5" in sentences(offices)
    assert "share hub|h1" in sentences(offices)
    assert "centre reaches it" in sentences(offices)


def test_one_unit_that_alone_cannot_reach_it_has_an_outage_of_its_own(offices: Offices) -> None:
    offices.fault = fails("docs", 60, 200, only="d2")
    offices.until(330)
    (outage,) = offices.of_services()
    assert (outage.unit, outage.subject, outage.cause) == ("d2", "service:docs|alone", Cause.UNDETERMINED)


def test_a_unit_whose_line_is_cut_has_that_outage_and_none_of_a_service(offices: Offices) -> None:
    offices.sites["d2"].line = False
    offices.until(200)
    offices.sites["d2"].line = True
    offices.until(330)
    assert offices.of_services() == []
    assert [each.unit for each in offices.outages()] == ["d2"]


def test_the_outage_of_a_service_is_none_of_the_provinces_own(offices: Offices) -> None:
    offices.fault = fails("docs", 60, 200)
    offices.until(330)
    with offices.state.read() as connection:
        assert outage_store.counts(connection) == {}
        assert outage_store.service_counts(connection) == {("docs", Cause.SERVICE): 1}
        of_province = outage_store.read_page(connection, PROVINCE, open_only=False, before=None, limit=10)
        of_service = outage_store.read_page(
            connection, None, service="docs", open_only=False, before=None, limit=10
        )
    assert of_province == []
    assert len(of_service) == 1
    assert offices.watch.uptime("d1", START + 60 * S, START + 330 * S).down == 0
    assert offices.watch.states()[PROVINCE].outage is None


def test_planned_work_on_a_service_is_its_cause_and_shown_as_planned(offices: Offices) -> None:
    offices.registry.windows.append(
        Maintenance(PROVINCE, False, "nâng cấp", START + 50 * S, START + 300 * S, "docs")
    )
    offices.fault = fails("docs", 60, 200)
    offices.until(180)
    assert offices.reads.service("docs").planned == "nâng cấp"
    assert offices.reads.service("docs").headline.not_for == {"planned": 15}
    assert offices.of_services()[0].cause is Cause.PLANNED
    assert "planned|nâng cấp" in sentences(offices)


def test_planned_work_on_one_service_excuses_no_unit_and_no_other_service(offices: Offices) -> None:
    offices.registry.windows.append(
        Maintenance(PROVINCE, True, "nâng cấp", START + 50 * S, START + 300 * S, "docs")
    )
    offices.fault = fails("mail", 60, 200)
    offices.sites["d2"].line = False
    offices.until(180)
    assert {each.cause for each in offices.of_services()} == {Cause.SERVICE}
    assert [each.cause for each in offices.outages() if each.unit == "d2"] == [Cause.LINE]


def test_a_restart_of_the_centre_forgets_nothing_and_invents_nothing(offices: Offices) -> None:
    offices.fault = fails("docs", 60)
    offices.until(180)
    before = whats(offices)
    offices.restart()
    assert offices.status() == "down"
    offices.until(240)
    assert whats(offices)[len(before) :] in ([], ["revised"])
    offices.fault = lambda *_: ""
    offices.until(400)
    assert whats(offices).count("opened") == whats(offices).count("closed") == 1


def test_what_is_told_late_revises(offices: Offices) -> None:
    """All that were heard saw it fail; what the others measured meanwhile comes later."""
    offices.late = {code for code in offices.sites if not code.startswith("h1")}
    offices.fault = fails("docs", 60, 400, only="h1")
    offices.until(250)
    assert [each.subject for each in offices.of_services()] == ["service:docs"]
    offices.late = set()
    offices.until(500)
    assert [each.subject for each in offices.of_services()] == ["service:docs|hub|h1"]
    assert "retracted" in whats(offices)
    assert offices.of_services()[0].final


def test_an_outage_ends_when_its_unit_is_no_more(offices: Offices) -> None:
    offices.fault = fails("docs", 60, only="d2")
    offices.until(180)
    (outage,) = offices.of_services()
    assert outage.ended_at is None
    del offices.registry.all["d2"], offices.sites["d2"]
    offices.registry.revision += 1
    offices.until(181)
    (outage,) = offices.of_services()
    assert outage.ended_at is not None
