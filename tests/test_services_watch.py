"""The watch over services, on a real world and a real watch of units: what is shown of each, and when."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from support_offices import Offices, fails

from collector.evidence import CheckEvidence, Said
from collector.services.views import Sees
from collector.services.watch import internet_lost

NOW, S = 1_790_000_000_000, 1_000


@pytest.fixture
def offices(tmp_path: Path):
    offices = Offices(tmp_path)
    offices.until(60)
    yield offices
    offices.close()


def test_a_service_that_works_is_up_and_the_headline_counts_every_unit(offices: Offices) -> None:
    assert offices.status() == "up"
    headline = offices.reads.service("docs").headline
    assert (headline.works, headline.of, headline.not_for) == (15, 15, {})
    assert headline.centre is Sees.UP


def test_a_broken_service_is_down_within_two_intervals_and_the_other_stays_up(offices: Offices) -> None:
    offices.fault = fails("docs", 60)
    offices.until(120)
    assert (offices.status("docs"), offices.status("mail")) == ("down", "up")
    headline = offices.reads.service("docs").headline
    assert headline.not_for == {"service": 15}
    assert headline.centre is Sees.DOWN


def test_it_is_up_again_with_the_looks_that_follow(offices: Offices) -> None:
    offices.fault = fails("docs", 60, 150)
    offices.until(150)
    assert offices.status() == "down"
    offices.until(190)
    assert offices.status() == "up"
    assert offices.reads.service("docs").headline.works == 15


def test_a_cut_hub_leaves_the_service_up_and_is_counted_apart(offices: Offices) -> None:
    offices.sites["h1"].line = False
    offices.until(180)
    assert offices.status() == "up"
    headline = offices.reads.service("docs").headline
    assert headline.works == 9
    assert sum(headline.not_for.values()) == 6
    assert offices.reads.service("docs").troubles == []
    assert {sight.sees for sight in offices.reads.sights("docs") if sight.unit.startswith("h1")} == {
        Sees.NO_LINE
    }


def test_a_hub_from_where_it_cannot_be_reached_is_one_trouble(offices: Offices) -> None:
    offices.fault = fails("docs", 60, only="h1", why="refused")
    offices.until(120)
    assert offices.status() == "unreachable"
    (trouble,) = offices.reads.service("docs").troubles
    assert (trouble.shared.kind, trouble.shared.value) == ("hub", "h1")
    assert len(trouble.units) == 6
    assert offices.reads.service("docs").headline.not_for == {"upstream": 6}


def test_only_a_service_that_changed_is_published(offices: Offices) -> None:
    before = offices.feed.last_id
    offices.until(120)
    assert [each for each in offices.feed.since(before) if each.kind == "service"] == []
    offices.fault = fails("docs", 120)
    offices.until(240)
    assert {each.subject for each in offices.feed.since(before) if each.kind == "service"} == {"docs"}


def test_what_a_unit_sees_is_asked_by_unit_too(offices: Offices) -> None:
    assert [(each.service, each.sees) for each in offices.reads.sights_of("d1")] == [
        ("docs", Sees.UP),
        ("mail", Sees.UP),
    ]
    assert offices.reads.sights_of("nobody") == []


class Told:
    """A world in which one check of the Internet has said this (from and until seconds before now, status)."""

    def __init__(self, *said: tuple[int, int, str]) -> None:
        self.said = [Said(NOW - first * S, NOW - last * S, status, "") for first, last, status in said]

    def evidence(self, _unit: str, start: int, _until: int) -> SimpleNamespace:
        said = [each for each in self.said if each.last_at >= start]
        return SimpleNamespace(checks=[CheckEvidence(1, "internet", True, "DNS", 30 * S, said)])


@pytest.mark.parametrize(
    ("world", "lost"),
    [
        (Told((900, 100, "up"), (70, 10, "down")), "DNS"),
        (Told((900, 10, "up")), ""),
        (Told((5_000, 10, "down")), ""),
        (Told((5_000, 700, "up"), (670, 10, "down")), ""),
    ],
    ids=["lost with it", "reached", "never reached", "lost long before"],
)
def test_a_unit_lost_the_internet_with_it_when_it_had_it_before(world: Told, lost: str) -> None:
    assert internet_lost(world, "d1", NOW - 60 * S, NOW) == lost  # type: ignore[arg-type]
