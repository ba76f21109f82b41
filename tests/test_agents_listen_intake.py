"""What becomes of what devices send: who may send how much, what is counted, and what is said of it."""

from hypothesis import given
from hypothesis import strategies as st

from agents.listen.intake import NOTED, NOTES_MS, Counts, Intake, Limits
from agents.listen.kinds import Notice
from core.buckets import SOURCES, Buckets, Rate
from core.told import CONFIGURED, LINK_DOWN, SYSLOG, TOO_MANY, UNREADABLE

NOW = 1_790_000_000_000
ROUTER, SWITCH = "10.2.2.1", "10.2.2.2"


def test_a_source_may_send_a_burst_and_then_so_many_a_second() -> None:
    buckets = Buckets(Rate(2, 5), Rate(100, 100))
    assert [buckets.take(ROUTER, NOW) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [buckets.take(ROUTER, NOW + 1_000) for _ in range(3)] == [True, True, False]
    assert buckets.take(SWITCH, NOW)


def test_all_together_have_a_bound_of_their_own() -> None:
    buckets = Buckets(Rate(1, 1), Rate(10, 10))
    assert sum(buckets.take(f"10.0.0.{n}", NOW) for n in range(50)) == 10


def test_a_clock_that_goes_back_gives_nothing() -> None:
    buckets = Buckets(Rate(1, 1), Rate(1, 1))
    assert buckets.take(ROUTER, NOW)
    assert not buckets.take(ROUTER, NOW - 60_000)
    assert buckets.take(ROUTER, NOW - 59_000)


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 9)), max_size=300),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_no_more_is_ever_taken_than_burst_and_rate_allow(
    sent: list[tuple[int, int]], per_s: int, burst: int
) -> None:
    buckets = Buckets(Rate(per_s, burst), Rate(2 * per_s, 2 * burst))
    now, taken = NOW, []
    for pause, number in sent:
        now += pause
        if buckets.take(str(number), now):
            taken.append((now, number))
    seconds = (now - NOW) / 1000
    assert len(taken) <= 2 * burst + 2 * per_s * seconds + 1e-6
    for number in range(10):
        assert sum(each == number for _, each in taken) <= burst + per_s * seconds + 1e-6


def test_any_number_of_sources_takes_a_bounded_room() -> None:
    buckets, intake = Buckets(Rate(1, 1), Rate(1e9, 1e9)), Intake(Limits())
    for number in range(5 * SOURCES):
        buckets.take(f"{number}", NOW)
        intake.drop(f"{number}")
    assert len(buckets._each) == SOURCES
    assert len(intake._faults) == NOTED + 1
    assert sum(each.dropped for each in intake._faults.values()) == 5 * SOURCES


def test_a_chatty_device_does_not_hide_that_it_was_changed() -> None:
    intake = Intake(Limits())
    warnings = [intake.event(Notice(SYSLOG, "warning: x"), ROUTER, NOW) for _ in range(100)]
    assert None in warnings
    assert intake.event(Notice(CONFIGURED, "by an"), ROUTER, NOW) is not None
    changes = [intake.event(Notice(CONFIGURED, "by an"), ROUTER, NOW) for _ in range(100)]
    assert sum(each is not None for each in changes) < 20
    assert intake.event(Notice(LINK_DOWN, "ether1"), ROUTER, NOW) is not None


def test_a_message_that_tells_something_is_an_event_of_its_source() -> None:
    intake = Intake(Limits())
    assert intake.admits(ROUTER, NOW)
    event = intake.syslog(b"<190>ether1 link down", ROUTER, NOW)
    assert event is not None
    assert (event.at, event.kind, event.text, event.source) == (NOW, LINK_DOWN, "ether1 link down", ROUTER)
    assert intake.admits(ROUTER, NOW)
    assert intake.syslog(b"<190>user logged in", ROUTER, NOW) is None
    assert intake.take_counts() == Counts(messages=2)
    assert intake.take_counts() == Counts()


def test_a_flood_of_chatter_does_not_hide_that_a_link_went_down() -> None:
    intake = Intake(Limits(messages_per_s=1_000, events_per_minute=3))
    told = [intake.event(Notice(SYSLOG, "error"), ROUTER, NOW) for _ in range(50)]
    assert sum(each is not None for each in told) == 3
    assert intake.event(Notice(LINK_DOWN, "ether1"), ROUTER, NOW) is not None
    assert intake.take_counts().dropped == 47


def test_what_was_passed_over_or_unreadable_is_said_once_in_a_while_by_source() -> None:
    intake = Intake(Limits(messages_per_s=1))
    for _ in range(8):
        intake.admits(ROUTER, NOW)
    intake.syslog(b"<999>?", SWITCH, NOW)
    first = list(intake.notes(NOW))
    assert [(each.kind, each.source) for each in first] == [(TOO_MANY, ROUTER), (UNREADABLE, SWITCH)]
    assert first[0].text == f"3 from {ROUTER} were passed over"
    assert first[1].text == f"1 from {SWITCH}, the last: priority 999 is over 191"
    intake.misread(SWITCH, "empty")
    assert list(intake.notes(NOW + NOTES_MS - 1)) == []
    (again,) = intake.notes(NOW + NOTES_MS)
    assert again.text == f"1 from {SWITCH}, the last: empty"
    assert list(intake.notes(NOW + 2 * NOTES_MS)) == []
