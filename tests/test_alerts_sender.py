"""From a change of an outage to messages: once for each destination, never lost, nobody held up by another."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_views import FakeViews, few_units

from alerts import outbox
from alerts.outbox import SendState
from alerts.schedule import GIVE_UP_MS
from alerts.sender import PRUNE_EVERY_MS, Alerts
from collector.views import Outage, OutageChange
from core.clock import SystemClock
from core.errors import BadInput
from inventory.state import State
from lab.manual_clock import ManualClock


class Post:
    """Delivers into a list; `broken` names the addresses that fail."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.broken: set[str] = set()
        self.tried: list[str] = []
        self.loop = asyncio.get_running_loop()
        self.arrived = asyncio.Event()

    def __call__(self, url: str, title: str, body: str) -> str:
        self.tried.append(url)
        if url in self.broken:
            return "connection refused"
        self.got.append((url, title))
        self.loop.call_soon_threadsafe(self.arrived.set)
        return ""


class Desk:
    """Alerts over a centre made of values, one step at a time."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.views: FakeViews = few_units(self.clock)
        self.views.all_changes.clear()
        self.state = State(folder / "state.db")
        self.state.create_all()
        self.post = Post()
        self.open()

    def open(self) -> None:
        self.alerts = Alerts(self.state, self.views, self.clock, self.views.feed, deliver=self.post)
        outbox.first_start(self.state, self.clock.now())

    def add(self, name: str, language: str = "vi") -> str:
        self.alerts.destinations.add(name, f"json://{name}.example", language, "an")
        return f"json://{name}.example"

    def happen(self, what: str, outage: int = 8, unit: str = "11950") -> None:
        now = self.clock.now()
        ended = now if what == "closed" else None
        about = Outage(outage, unit, now - 9_000, now, ended, "", 1, retracted=what == "retracted")
        self.views.all_changes.append(OutageChange(len(self.views.all_changes) + 1, now, what, about))
        self.views.feed.publish("outage", str(outage))

    async def step(self) -> None:
        self.alerts.gather()
        await self.alerts.send_due()
        await self.alerts.settled()

    def pass_(self, ms: int) -> None:
        self.clock.set(self.clock.now() + ms)


@pytest.fixture
async def desk(tmp_path: Path):
    made = Desk(tmp_path)
    yield made
    await made.alerts.stop()
    made.state.close()


async def test_a_change_is_one_message_for_each_destination(desk: Desk):
    urls = {desk.add("mot"), desk.add("hai")}
    desk.happen("opened")
    await desk.step()
    await desk.step()
    assert sorted(url for url, _ in desk.post.got) == sorted(urls)


async def test_each_destination_reads_its_own_language(desk: Desk):
    desk.add("mot", "vi")
    desk.add("hai", "en")
    desk.happen("opened")
    await desk.step()
    assert sorted(title for _, title in desk.post.got) == [
        "■ Down: Phường Lam Sơn",
        "■ Mất kết nối: Phường Lam Sơn",
    ]


async def test_what_happened_before_the_first_start_is_not_told(desk: Desk):
    desk.add("mot")
    desk.pass_(-60_000)
    desk.happen("opened", outage=3)
    desk.pass_(60_000)
    desk.happen("closed", outage=3)
    await desk.step()
    assert [title.split(":")[0] for _, title in desk.post.got] == ["● Đã có kết nối lại"]


async def test_what_happened_while_it_was_stopped_is_told_at_the_next_start(desk: Desk):
    desk.add("mot")
    await desk.alerts.stop()
    desk.pass_(3_600_000)
    desk.happen("opened")
    desk.pass_(3_600_000)
    desk.open()
    await desk.step()
    assert len(desk.post.got) == 1


async def test_a_destination_added_later_is_not_told_what_was_told_before(desk: Desk):
    desk.happen("opened")
    await desk.step()
    desk.add("mot")
    desk.happen("closed")
    await desk.step()
    assert [title[0] for _, title in desk.post.got] == ["●"]


async def test_messages_arrive_in_the_order_of_what_happened(desk: Desk):
    url = desk.add("mot")
    desk.post.broken = {url}
    desk.happen("opened")
    await desk.step()
    desk.post.broken = set()
    desk.happen("closed")
    await desk.step()
    assert desk.post.got == []
    desk.pass_(15_000)
    for _ in range(2):
        await desk.step()
    assert [title[0] for _, title in desk.post.got] == ["■", "●"]


async def test_a_destination_that_fails_does_not_hold_up_the_others(desk: Desk):
    bad, good = desk.add("mot"), desk.add("hai")
    desk.post.broken = {bad}
    desk.happen("opened")
    await desk.step()
    assert [url for url, _ in desk.post.got] == [good]
    states = {sent.destination: (sent.state, sent.attempts, sent.error) for sent in desk.alerts.recent()}
    assert states == {
        "mot": (SendState.WAITING, 1, "connection refused"),
        "hai": (SendState.SENT, 1, ""),
    }


async def test_a_destination_that_hangs_does_not_hold_up_the_others(desk: Desk):
    release = threading.Event()

    def hang(url: str, title: str, body: str) -> str:
        if "mot" in url:
            release.wait(120)
        return desk.post(url, title, body)

    desk.alerts._deliver = hang
    desk.add("mot")
    good = desk.add("hai")
    for what in ("opened", "closed"):
        desk.happen(what)
    desk.alerts.gather()
    async with asyncio.timeout(60):
        while len(desk.post.got) < 2:
            await desk.alerts.send_due()
            await asyncio.sleep(0.01)
    assert {url for url, _ in desk.post.got} == {good}
    release.set()
    await desk.alerts.settled()


async def test_a_destination_that_fails_for_a_day_is_given_up_and_the_next_message_goes_on(desk: Desk):
    url = desk.add("mot")
    desk.post.broken = {url}
    desk.happen("opened")
    for _ in range(40):
        await desk.step()
        desk.pass_(3_600_000)
    (sent,) = desk.alerts.recent()
    assert sent.state is SendState.FAILED
    assert sent.attempts == 25
    desk.post.broken = set()
    desk.happen("closed")
    await desk.step()
    assert [title[0] for _, title in desk.post.got] == ["●"]


async def test_nothing_is_tried_before_its_time(desk: Desk):
    desk.post.broken = {desk.add("mot")}
    desk.happen("opened")
    await desk.step()
    desk.pass_(14_999)
    await desk.step()
    assert len(desk.post.tried) == 1
    desk.pass_(1)
    await desk.step()
    assert len(desk.post.tried) == 2


async def test_a_removed_destination_gets_nothing_more_and_its_secrets_go(desk: Desk):
    desk.post.broken = {desk.add("mot")}
    desk.happen("opened")
    await desk.step()
    (one,) = desk.alerts.destinations.list()
    desk.alerts.destinations.remove(one.id)
    desk.pass_(GIVE_UP_MS)
    await desk.step()
    assert len(desk.post.tried) == 1
    assert [sent.state for sent in desk.alerts.recent()] == [SendState.CANCELLED]
    with desk.state.read() as connection:
        assert connection.exec_driver_sql("SELECT url FROM destinations").scalar_one() == ""


async def test_a_process_that_ends_between_commit_and_sending_sends_at_its_next_start(desk: Desk):
    desk.add("mot")
    desk.happen("opened")
    desk.alerts.gather()
    await desk.alerts.stop()
    desk.open()
    await desk.step()
    assert len(desk.post.got) == 1


async def test_the_running_loop_sends_as_soon_as_something_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("alerts.sender.LOOK_EVERY_S", 3_600)
    desk = Desk(tmp_path)
    desk.add("mot")
    await desk.alerts.start()
    await asyncio.sleep(0)
    desk.happen("opened")
    await asyncio.wait_for(desk.post.arrived.wait(), 60)
    await desk.alerts.stop()
    desk.state.close()


async def test_a_fault_in_one_turn_does_not_end_the_loop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("alerts.sender.LOOK_EVERY_S", 0.05)
    desk = Desk(tmp_path)
    desk.add("mot")
    right: Callable[..., object] = desk.views.changes
    faults = iter([RuntimeError("disk full for a moment")])

    def changes(after: int, limit: int = 500) -> object:
        for fault in faults:
            raise fault
        return right(after, limit)

    desk.views.changes = changes  # type: ignore[method-assign,assignment]
    desk.happen("opened")
    await desk.alerts.start()
    await asyncio.wait_for(desk.post.arrived.wait(), 60)
    assert "disk full for a moment" in caplog.text
    await desk.alerts.stop()
    desk.state.close()


@pytest.mark.parametrize("accepted", [True, False])
async def test_an_attempt_that_cannot_be_noted_is_not_made_again_until_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, accepted: bool
):
    monkeypatch.setattr("alerts.sender.LOOK_EVERY_S", 0.02)
    desk = Desk(tmp_path)
    url = desk.add("mot")
    desk.post.broken = set() if accepted else {url}
    desk.happen("opened")
    full = "CREATE TRIGGER full BEFORE UPDATE ON alert_outbox BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
    with desk.state.write() as connection:
        connection.exec_driver_sql(full)
    await desk.alerts.start()
    async with asyncio.timeout(60):
        while caplog.text.count("cannot be noted") < 3:
            desk.views.feed.publish("outage", "8")  # news wakes the loop, which must not send again
            await asyncio.sleep(0.01)
    assert len(desk.post.tried) == 1
    with desk.state.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    async with asyncio.timeout(60):
        await desk.alerts.settled()
    (sent,) = desk.alerts.recent()
    assert (sent.state, sent.attempts) == (SendState.SENT if accepted else SendState.WAITING, 1)
    assert len(desk.post.tried) == 1
    await desk.alerts.stop()
    desk.state.close()


async def test_a_message_that_arrives_while_the_outbox_is_read_is_not_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    release, right = threading.Event(), outbox.due

    def slow(url: str, title: str, body: str) -> str:
        release.wait(120)
        return desk.post(url, title, body)

    def read_then_settled(state: State, now: int) -> object:
        found = right(state, now)
        release.set()
        asyncio.run_coroutine_threadsafe(desk.alerts.settled(), desk.post.loop).result(60)
        return found

    desk.alerts._deliver = slow
    desk.add("mot")
    desk.happen("opened")
    desk.alerts.gather()
    await desk.alerts.send_due()
    monkeypatch.setattr(outbox, "due", read_then_settled)
    await desk.alerts.send_due()
    await desk.alerts.settled()
    assert len(desk.post.tried) == 1


async def test_messages_are_forgotten_90_days_after_they_were_settled(desk: Desk):
    desk.add("mot")
    desk.happen("opened")
    await desk.step()
    desk.pass_(outbox.KEPT_MS - 1)
    desk.alerts.prune()
    assert len(desk.alerts.recent()) == 1
    desk.pass_(1)
    desk.alerts.prune()  # the day is not over
    assert len(desk.alerts.recent()) == 1
    desk.pass_(PRUNE_EVERY_MS)
    desk.alerts.prune()
    assert desk.alerts.recent() == []
    await desk.step()
    assert len(desk.post.got) == 1


async def test_what_waits_is_not_forgotten_however_old(desk: Desk):
    desk.add("mot")
    desk.happen("opened")
    desk.alerts.gather()
    desk.pass_(2 * outbox.KEPT_MS)
    desk.alerts.prune()
    await desk.step()
    assert len(desk.post.got) == 1


async def test_a_removed_destination_s_cancelled_messages_are_forgotten_too(desk: Desk):
    desk.add("mot")
    desk.happen("opened")
    desk.alerts.gather()
    (one,) = desk.alerts.destinations.list()
    desk.alerts.destinations.remove(one.id)
    desk.pass_(outbox.KEPT_MS)
    desk.alerts.prune()
    assert desk.alerts.recent() == []


async def test_stopping_does_not_wait_for_a_store_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("alerts.sender.STOPS_WITHIN_S", 0.05)
    desk = Desk(tmp_path)
    desk.add("mot")
    desk.happen("opened")
    with desk.state.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE OF state ON alert_outbox BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    desk.alerts.gather()
    await desk.alerts.send_due()
    await desk.post.arrived.wait()
    async with asyncio.timeout(60):
        await desk.alerts.stop()
        await desk.alerts.settled()
    desk.state.close()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.sampled_from(
            ["opened", "closed", "revised", "retracted", "step", "crash", "fail", "mend", "wait"]
        ),
        max_size=30,
    )
)
def test_whatever_happens_each_change_arrives_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
):
    async def run() -> None:
        desk = Desk(tmp_path_factory.mktemp("desk"))
        url = desk.add("mot")
        for step in steps:
            match step:
                case "step":
                    await desk.step()
                case "crash":
                    await desk.alerts.stop()
                    desk.open()
                case "fail":
                    desk.post.broken = {url}
                case "mend":
                    desk.post.broken = set()
                case "wait":
                    desk.pass_(600_000)
                case _:
                    desk.happen(step, outage=len(desk.views.all_changes) + 1)
        desk.post.broken = set()
        for _ in range(len(steps) + 1):
            desk.pass_(3_600_000 // (len(steps) + 1))
            await desk.step()
        told = [change for change in desk.views.all_changes if change.what != "revised"]
        signs = {"opened": "■", "closed": "●", "retracted": "◇"}
        assert [title[0] for _, title in desk.post.got] == [signs[change.what] for change in told]
        await desk.alerts.stop()
        desk.state.close()

    asyncio.run(run())


async def test_secrets_in_addresses_are_not_shown(tmp_path: Path):
    desk = Desk(tmp_path)
    for url in (
        "mailto://user:hidden-word@mail.example",
        "tgram://123456789:ABCdefhidden-wordGHIjklMNOpqrs/42/",
    ):
        desk.alerts.destinations.add("x", url, "vi", "an")
    shown = " ".join(one.shown for one in desk.alerts.destinations.list())
    assert "hidden-word" not in shown
    assert "mail.example" in shown
    desk.state.close()


@pytest.mark.parametrize("url", ["", "  ", "nothing", "gopher://x", "json://"])
async def test_an_address_that_nobody_can_send_to_is_refused(tmp_path: Path, url: str):
    desk = Desk(tmp_path)
    with pytest.raises(BadInput, match="not an address"):
        desk.alerts.destinations.add("x", url, "vi", "an")
    desk.state.close()


FILE = """
link = "https://nhip.example.vn"

[[destination]]
name = "Trực ban"
url = "json://mot.example"

[[destination]]
name = "On call"
url = "json://hai.example"
language = "en"
"""


async def test_the_file_sets_its_destinations_and_leaves_those_of_the_pages(desk: Desk, tmp_path: Path):
    desk.add("page")
    file = tmp_path / "alerts.toml"
    file.write_text(FILE, encoding="utf-8")
    await desk.alerts.start(file)
    assert desk.alerts.link == "https://nhip.example.vn"
    names = {(one.name, one.language, one.source) for one in desk.alerts.destinations.list()}
    assert names == {("page", "vi", "page"), ("Trực ban", "vi", "file"), ("On call", "en", "file")}


async def test_reading_the_file_again_changes_nothing_and_what_left_it_is_removed(desk: Desk, tmp_path: Path):
    file = tmp_path / "alerts.toml"
    file.write_text(FILE, encoding="utf-8")
    desk.alerts.destinations.take_file(file)
    before = desk.alerts.destinations.list()
    desk.alerts.destinations.take_file(file)
    assert desk.alerts.destinations.list() == before
    file.write_text(FILE[: FILE.index('[[destination]]\nname = "On call')], encoding="utf-8")
    desk.alerts.destinations.take_file(file)
    assert desk.alerts.destinations.list() == before[-1:] or [
        one.name for one in desk.alerts.destinations.list()
    ] == ["Trực ban"]
    file.unlink()
    desk.alerts.destinations.take_file(file)
    assert desk.alerts.destinations.list() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("colour = 1", "colour"),
        ('[[destination]]\nname = "x"', "url"),
        ('[[destination]]\nname = "x"\nurl = "gopher://x"', "not an address"),
        ('[[destination]]\nname = "x"\nurl = "json://x"\nlanguage = "fr"', "fr"),
        ("[[", "alerts.toml"),
    ],
)
async def test_a_fault_in_the_file_is_named_and_changes_nothing(
    desk: Desk, tmp_path: Path, text: str, fault: str
):
    file = tmp_path / "alerts.toml"
    file.write_text(FILE, encoding="utf-8")
    desk.alerts.destinations.take_file(file)
    before = desk.alerts.destinations.list()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=fault):
        desk.alerts.destinations.take_file(file)
    assert desk.alerts.destinations.list() == before


async def test_a_destination_of_the_file_is_not_removed_in_the_pages(desk: Desk, tmp_path: Path):
    file = tmp_path / "alerts.toml"
    file.write_text(FILE, encoding="utf-8")
    desk.alerts.destinations.take_file(file)
    with pytest.raises(BadInput, match=r"alerts\.toml"):
        desk.alerts.destinations.remove(desk.alerts.destinations.list()[0].id)


async def test_gathering_is_one_transaction_with_its_cursor(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.add("mot")
    desk.happen("opened")
    bad = replace(desk.views.all_changes[0], id=1 << 70)
    text = desk.alerts._write(desk.views.all_changes[0])
    with pytest.raises(OverflowError):
        outbox.take(desk.state, [(desk.views.all_changes[0], text), (bad, {})], desk.clock.now())
    assert desk.alerts.recent() == []
    assert outbox.cursor(desk.state) == 0
    desk.state.close()


def test_the_clock_of_the_machine_will_do(tmp_path: Path):
    state = State(tmp_path / "state.db")
    state.create_all()
    outbox.first_start(state, SystemClock().now())
    assert outbox.cursor(state) == 0
    state.close()
