"""Findings in the outbox of the destinations that want them, and on their way: each once, whatever happens in between."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_machines import pc, put, told
from support_registry import small_province
from support_views import few_units

from alerts import findings, outbox
from alerts.digest import PAUSE_MS, PROVINCE
from alerts.sender import Alerts
from alerts.tables import TOLD
from core.errors import BadInput
from core.wire import Document
from inventory.configs.store import store_config
from inventory.findings import keeper
from inventory.hours import VIETNAM_MS
from inventory.lan.store import store_lan
from inventory.machines.reads import Machines
from inventory.maintenance import add_window
from inventory.records import Maintenance
from inventory.state import State
from inventory.stock import follow, take_stock
from lab.manual_clock import ManualClock

HOUR = 3_600_000
DAY = 24 * HOUR
MONDAY = 1_795_392_000_000 - VIETNAM_MS
UNIT = "11950"


class Desk:
    """Alerts over a state store and a clock, delivering into a list."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(MONDAY)
        self.state = State(folder / "state.db")
        self.state.create_all()
        small_province(self.state)
        self.views = few_units(self.clock)
        self.views.all_changes.clear()
        self.got: list[tuple[str, str, str]] = []
        self.broken = False
        self.start()

    def start(self) -> None:
        """As after a restart: nothing but the store and the clock is the same."""
        self.machines = Machines(self.state)
        self.alerts = Alerts(self.state, self.views, self.clock, self.views.feed, deliver=self.post)
        outbox.first_start(self.state, self.clock.now())

    def post(self, url: str, title: str, body: str) -> str:
        if self.broken:
            return "connection refused"
        self.got.append((url, title, body))
        return ""

    def want(self, name: str, language: str = "vi", of: str = PROVINCE, *at_once: str) -> int:
        url = f"json://{name}.example"
        return self.alerts.destinations.add(name, url, language, "an", findings=of, at_once=at_once)

    def sweep(self, *numbers: int, unit: str = UNIT) -> None:
        """Devices of these numbers are heard, and stock is taken."""
        now = self.clock.now()
        heard = [
            {"mac": f"00:1b:a9:00:{n // 256:02x}:{n % 256:02x}", "kinds": [], "names": [], "addresses": []}
            for n in numbers
        ]
        with self.state.write() as connection:
            document = Document("lan", now, {"sightings": heard})
            store_lan(connection, unit=unit, document=document, received_at=now)
        self.stock()

    def stock(self) -> None:
        take_stock(self.state, self.machines, (), self.clock.now())

    async def at(self, hours: float) -> list[str]:
        """Titles of what arrives when it is so many hours after Monday began."""
        self.clock.set(MONDAY + int(hours * HOUR))
        before = len(self.got)
        self.alerts.tell()
        await self.alerts.send_due()
        await self.alerts.settled()
        return [title for _, title, _ in self.got[before:]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    asyncio.run(made.alerts.stop())
    made.state.close()


async def test_three_hundred_devices_of_a_new_unit_are_one_line_in_the_morning(desk: Desk) -> None:
    desk.want("noc")
    desk.want("desk", "en")
    desk.alerts.destinations.add("quiet", "json://quiet.example", "vi", "an")
    await desk.at(2)
    desk.sweep(*range(300))
    assert await desk.at(5) == []
    assert sorted(await desk.at(7.6)) == [
        "◆ Devices to look into, 23/11/2026: 300 new findings",
        "◆ Thiết bị cần xem xét ngày 23/11/2026: 300 vấn đề mới",
    ]
    assert [body.count("\n") for _, _, body in desk.got] == [0, 0]
    assert desk.got[0][2].endswith(": 300")
    for hours in (8, 11, 24, 32, 56):
        assert await desk.at(hours) == []


async def test_what_is_over_before_the_morning_is_not_told_and_what_comes_back_is(desk: Desk) -> None:
    desk.want("noc")
    desk.sweep(1, 2)
    mark = keeper.mark(desk.state, UNIT, ["00:1b:a9:00:00:01"], "approved", "", "an", MONDAY)
    desk.stock()
    assert [title[-12:] for title in await desk.at(8)] == [": 1 vấn đề mới"[-12:]]
    keeper.unmark(desk.state, mark[0], desk.clock.now())
    desk.stock()
    assert await desk.at(9) == []
    assert len(await desk.at(32)) == 1


async def test_who_asks_for_it_is_told_at_once_in_one_message(desk: Desk) -> None:
    desk.want("noc", "vi", PROVINCE, "unknown")
    await desk.at(1)
    desk.sweep(*range(40))
    assert await desk.at(1.1) == ["◆ Thiết bị cần xem xét: 40 vấn đề mới"]
    desk.sweep(77)
    assert await desk.at(1.2) == []
    assert await desk.at(1.1 + PAUSE_MS / HOUR) == [
        "◆ 00:1b:a9:00:00:4d (Xã Một): thiết bị lạ trong mạng LAN"
    ]
    assert await desk.at(8) == []


async def test_only_findings_of_the_unit_that_is_wished_for_are_told(desk: Desk) -> None:
    desk.want("noc", "vi", "11953")
    await desk.at(1)
    desk.sweep(1)
    assert await desk.at(8) == []
    desk.sweep(2, unit="11953")
    assert len(await desk.at(32)) == 1


async def test_what_cannot_be_delivered_is_kept_and_tried_again(desk: Desk) -> None:
    desk.want("noc")
    desk.sweep(1)
    desk.broken = True
    assert await desk.at(8) == []
    desk.start()
    desk.broken = False
    assert len(await desk.at(9)) == 1
    assert await desk.at(10) == []


async def test_a_change_within_announced_work_is_told_to_nobody(desk: Desk) -> None:
    def keep(at: int, running: str) -> None:
        body = {"address": "10.0.0.2", "vendor": "frr", "running": running, "startup": "", "saved": None}
        with desk.state.write() as connection:
            store_config(connection, unit=UNIT, document=Document("config", at, body), received_at=at)

    desk.want("noc")
    add_window(desk.state, MONDAY, Maintenance(UNIT, below=False, note="thay router", valid_from=MONDAY - HOUR, valid_to=MONDAY + HOUR))  # fmt: skip
    keep(MONDAY - 3 * HOUR, "log syslog\na\n")
    keep(MONDAY, "log syslog\nb\n")
    desk.stock()
    assert await desk.at(8) == []
    keep(MONDAY + 2 * HOUR, "log syslog\nb\n")
    keep(MONDAY + 9 * HOUR, "log syslog\nc\n")
    desk.clock.set(MONDAY + 10 * HOUR)
    desk.stock()
    (told_,) = await desk.at(32)
    assert "1 vấn đề mới" in told_
    assert "cấu hình đã thay đổi: 10.0.0.2" in desk.got[-1][2]


async def test_memory_that_was_taken_out_is_told_with_how_much(desk: Desk) -> None:
    desk.want("noc")
    full, less = pc(1), pc(1)
    full["content"]["hardware"]["memory"] = 16384
    put(desk.state, told(full, MONDAY - DAY, UNIT), told(less, MONDAY, UNIT))
    follow(desk.state, desk.machines)
    desk.stock()
    await desk.at(8)
    assert "bộ nhớ RAM bị tháo bớt: PC1 (−8 GB)" in desk.got[-1][2]


def test_a_failure_in_between_neither_loses_nor_doubles_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.want("noc")
    desk.sweep(1)
    desk.clock.set(MONDAY + 8 * HOUR)

    def full(*_args: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr("alerts.outbox.add_to", full)
        with pytest.raises(OSError, match="space"):
            desk.alerts.tell()
    with desk.state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(TOLD)) == 0
    desk.start()
    desk.alerts.tell()
    desk.start()
    desk.alerts.tell()
    assert len(outbox.recent(desk.state, 10)) == 1


async def test_a_wish_that_changes_keeps_what_is_still_to_be_told(desk: Desk) -> None:
    id_ = desk.want("noc", "vi", "")
    desk.sweep(1)
    await desk.at(1)
    desk.alerts.destinations.wish(id_, PROVINCE, ["telnet"])
    assert await desk.at(8) == [], "what was there before is on the pages"
    desk.sweep(2)
    desk.alerts.destinations.wish(id_, "11950", [])
    assert len(await desk.at(32)) == 1
    (kept,) = desk.alerts.destinations.list()
    assert (kept.findings, kept.at_once) == ("11950", [])


def test_wishes_that_make_no_sense_are_refused(desk: Desk) -> None:
    id_ = desk.want("noc")
    for of, kinds in (("nowhere", []), ("*", ["http"]), ("*", ["odd"])):
        with pytest.raises(BadInput):
            desk.alerts.destinations.wish(id_, of, kinds)
    with pytest.raises(BadInput):
        desk.alerts.destinations.wish(99, "*", [])


def test_wishes_stand_in_the_file_too_and_are_changed_there_only(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    text = '[[destination]]\nname = "noc"\nurl = "json://noc.example"\nfindings = "*"\nat_once = ["telnet"]\n'
    file.write_text(text)
    desk.alerts.destinations.take_file(file)
    (kept,) = desk.alerts.destinations.list()
    assert (kept.findings, kept.at_once) == ("*", ["telnet"])
    desk.alerts.destinations.take_file(file)
    assert desk.alerts.destinations.list() == [kept], "it is the same one"
    with pytest.raises(BadInput, match=r"alerts\.toml"):
        desk.alerts.destinations.wish(kept.id, "*", [])
    for wrong in (text.replace('"*"', '"nowhere"'), text.replace("telnet", "odd"), f'digest = "x"\n{text}'):
        file.write_text(wrong)
        with pytest.raises(BadInput):
            desk.alerts.destinations.take_file(file)


async def test_the_hours_of_digests_can_be_set(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text('digest = "T2-T6 13:00-17:00; nghỉ 23/11/2026"\n')
    desk.want("noc")
    desk.sweep(1)
    desk.alerts.take_file(file)
    assert await desk.at(14) == []
    assert await desk.at(24 + 9) == []
    assert len(await desk.at(24 + 14)) == 1


def test_who_was_told_of_what_is_forgotten_when_it_is_long_over(desk: Desk) -> None:
    desk.want("noc")
    desk.sweep(1)
    desk.clock.set(MONDAY + 8 * HOUR)
    desk.alerts.tell()
    keeper.mark(desk.state, UNIT, ["00:1b:a9:00:00:01"], "approved", "", "an", desk.clock.now())
    desk.stock()
    for later, left in ((findings.KEPT_MS - HOUR, 1), (findings.KEPT_MS + HOUR, 0)):
        findings.prune(desk.state, desk.clock.now() + later)
        with desk.state.read() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(TOLD)) == left


STEPS = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from(["sweep", "stock", "tell", "restart", "approve"]),
        st.integers(1, 6),
    ),
    max_size=14,
)


@given(STEPS, st.booleans())
@settings(max_examples=25, deadline=None)
def test_each_finding_is_told_once_over_any_order_of_stock_takings_and_restarts(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, str, int]],
    at_once: bool,
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.want("noc", "vi", PROVINCE, *(["unknown"] if at_once else []))
    for hours, what, number in steps:
        desk.clock.set(desk.clock.now() + hours * HOUR)
        if what == "sweep":
            desk.sweep(number)
        elif what == "approve":
            keeper.mark(
                desk.state, UNIT, [f"00:1b:a9:00:00:{number:02x}"], "approved", "", "an", desk.clock.now()
            )
            desk.stock()
        elif what == "stock":
            desk.stock()
        elif what == "tell":
            desk.alerts.tell()
        else:
            desk.start()
    for _ in range(4 * 24):
        desk.clock.set(desk.clock.now() + HOUR)
        desk.alerts.tell()
    with desk.state.read() as connection:
        standing = {each.id for each in keeper.read(connection)}
        told_ = connection.scalars(sa.select(TOLD.c.finding)).all()
    assert standing <= set(told_)
    counted = sum(
        int(each.title.split(": ")[-1].split()[0]) if "vấn đề mới" in each.title else 1
        for each in outbox.recent(desk.state, 1_000)
    )
    assert counted == len(told_) == len(set(told_))
    desk.state.close()
