"""Warnings of what ends: in the outbox of every destination, each once, whatever happens in between."""

from pathlib import Path

import pytest
from support_service_views import FakeServices, service_state

from alerts import outbox
from alerts.destinations import Destinations
from alerts.warnings import warn
from collector.services.expiry import DAY_MS, FORGOTTEN_MS, Worry
from collector.services.views import Expiry
from inventory.state import State
from lab.manual_clock import ManualClock

LINK = "https://nhip.test"


class Desk:
    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.state = State(folder / "state.db")
        self.state.create_all()
        self.services = FakeServices({"docs": service_state("docs", "Văn bản")})
        destinations = Destinations(self.state, self.clock)
        destinations.add("trực ban", "json://192.0.2.1/", "vi", "admin")
        destinations.add("desk", "json://192.0.2.2/", "en", "admin")

    def look(self, days_later: float = 0) -> list[str]:
        """Titles of what was put out now, in Vietnamese."""
        now = self.clock.now() + int(days_later * DAY_MS)
        before = len(outbox.recent(self.state, 1_000))
        warn(self.state, self.services, LINK, now)
        sent = outbox.recent(self.state, 1_000)
        return [each.title for each in sent[: len(sent) - before] if each.destination == "trực ban"]

    def ends(self, days: float, kind: str = "certificate", label: str = "Chứng thư") -> None:
        at = self.clock.now() + int(days * DAY_MS)
        self.services.all_expiries = [Expiry("docs", kind, label, at, ("u1", "u2"))]


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    desk.state.close()


def test_a_certificate_is_warned_of_four_times_before_it_ends_and_no_more(desk: Desk) -> None:
    desk.ends(40)
    told = {day: desk.look(day) for day in range(45)}
    assert [day for day, titles in told.items() if titles] == [10, 26, 33, 39]
    assert told[10] == ["▲ Chứng thư số của Văn bản sắp hết hạn (còn 30 ngày)"]


def test_a_warning_says_when_by_which_check_and_from_how_many_places(desk: Desk) -> None:
    desk.ends(14)
    assert desk.look() == ["▲ Chứng thư số của Văn bản sắp hết hạn (còn 14 ngày)"]
    body = next(each.body for each in outbox.due(desk.state, desk.clock.now()) if "192.0.2.1" in each.url)
    lines = body.split("\n")
    assert lines[0] == "Hệ thống: Văn bản"
    assert lines[1].startswith("Hết hạn lúc: ")
    assert lines[2:] == [
        "Phép đo: Chứng thư",
        "Số nơi đo thấy: 2",
        "Chi tiết: https://nhip.test/services/docs",
    ]


def test_each_destination_is_told_in_its_language(desk: Desk) -> None:
    desk.ends(7, "domain", "")
    desk.look()
    titles = {each.destination: each.title for each in outbox.recent(desk.state, 10)}
    assert titles == {
        "trực ban": "▲ Tên miền của Văn bản sắp hết hạn (còn 7 ngày)",
        "desk": "▲ The domain of Văn bản runs out soon (7 d left)",
    }


def test_what_ends_in_a_moment_is_said_once_and_what_has_ended_is_called_so(desk: Desk) -> None:
    desk.ends(-1)
    assert desk.look() == ["■ Chứng thư số của Văn bản đã hết hạn"]
    assert desk.look() == []


def test_a_weak_certificate_is_told_once_while_it_lasts_and_again_when_it_comes_back(desk: Desk) -> None:
    desk.services.all_worries = [Worry("docs", "Chứng thư", "weak certificate|1024 bits")]
    assert desk.look() == ["▲ Chứng thư số của Văn bản không đủ an toàn"]
    assert [desk.look(hours / 24) for hours in range(1, 72)] == [[]] * 71
    desk.services.all_worries = []
    desk.look(3)
    desk.services.all_worries = [Worry("docs", "Chứng thư", "weak certificate|1024 bits")]
    assert desk.look(3 + FORGOTTEN_MS / DAY_MS + 0.1) == ["▲ Chứng thư số của Văn bản không đủ an toàn"]


def test_a_failure_in_between_neither_loses_nor_doubles_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ends(7)

    def full(*_args: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr("alerts.outbox.add", full)
        with pytest.raises(OSError, match="space"):
            desk.look()
    assert len(desk.look()) == 1
    assert desk.look() == []
