"""Which findings are told when: in the morning of a working day, each once, and never one message for each device."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.digest import AFTER_MS, MORNING, PAUSE_MS, PROVINCE, Telling, Wish, is_below, is_due, telling
from alerts.finding_messages import LONGEST, finding_message
from alerts.texts import LANGUAGES, TEXTS
from inventory.findings.decide import KINDS
from inventory.findings.keeper import KeptFinding
from inventory.hours import DAY_MS, VIETNAM_MS, hours
from inventory.records import Maintenance

HOUR = 3_600_000
MONDAY = 1_795_392_000_000 - VIETNAM_MS
"""23/11/2026 00:00 in Vietnam, a Monday."""
HOURS = hours(MORNING)
PARENTS = {"33": None, "119": "33", "11950": "119", "11953": "119", "120": "33", "12040": "120"}
NAMES = {"11950": "Phường Lam Sơn", "11953": "Phường Phố Hiến", "12040": "Xã Hiệp Cường"}


def finding(
    id_: int = 1, kind: str = "unknown", unit: str = "11950", at: int = MONDAY, **more: object
) -> KeptFinding:
    made = KeptFinding(id_, unit, kind, f"s{id_}", "pc", f"PC{id_}", at, at, at, None, "")
    return replace(made, **more)  # type: ignore[arg-type]


def tell(*standing: KeptFinding, wish: Wish | None = None, told: dict[int, int] | None = None, now: int, windows: tuple[Maintenance, ...] = ()) -> Telling:  # fmt: skip
    return telling(wish or Wish(PROVINCE), standing, told or {}, PARENTS, windows, HOURS, now)


def ids(found: object) -> list[int]:
    return [each.id for each in found]  # type: ignore[attr-defined]


def test_every_kind_that_is_told_is_one_and_has_words_in_each_language() -> None:
    assert set(AFTER_MS) <= set(KINDS)
    for language in LANGUAGES:
        assert {f"found {kind}" for kind in AFTER_MS} <= set(TEXTS[language])


@pytest.mark.parametrize(
    ("hour", "last", "due"),
    [
        (7.4, -24, False),
        (7.5, -24, True),
        (9, 7.5, False),
        (11, 6, True),
        (11.5, -24, False),
        (14, -24, False),
        (24 + 7.5, 9, True),
        (5 * 24 + 9, -24, False),
        (7 * 24 + 9, 4 * 24 + 9, True),
        (7 * 24 - 24 + 9, -24, False),
    ],
)
def test_a_digest_goes_once_in_the_morning_of_a_working_day(hour: float, last: float, due: bool) -> None:
    assert is_due(MONDAY + int(last * HOUR), HOURS, MONDAY + int(hour * HOUR)) is due


def test_no_digest_goes_on_a_holiday() -> None:
    new_year = MONDAY + 39 * DAY_MS + 8 * HOUR  # Friday, the 1st of January 2027
    assert not is_due(0, HOURS, new_year)
    assert is_due(0, HOURS, new_year + 3 * DAY_MS)


def test_what_was_found_waits_for_the_morning_and_what_is_asked_for_at_once_does_not() -> None:
    some = [finding(1), finding(2, "telnet"), finding(3, "http")]
    night = MONDAY + 2 * HOUR
    assert tell(*some, now=night) == Telling([], (), [])
    asked = Wish(PROVINCE, frozenset({"telnet"}), digest_at=MONDAY)
    assert ids(tell(*some, wish=asked, now=night).at_once) == [2]
    morning = tell(*some, wish=asked, told={2: night}, now=MONDAY + 8 * HOUR)
    assert (ids(morning.at_once), ids(morning.digest), morning.digest_due) == ([], [1], True)


def test_messages_at_once_come_with_a_pause_between_them() -> None:
    asked = Wish(PROVINCE, frozenset({"unknown"}))
    night = MONDAY + 2 * HOUR
    assert tell(finding(2), wish=asked, told={1: night - PAUSE_MS + 1}, now=night).at_once == []
    assert ids(tell(finding(2), wish=asked, told={1: night - PAUSE_MS}, now=night).at_once) == [2]


def test_only_findings_of_the_unit_and_those_below_it_are_told() -> None:
    some = [finding(1), finding(2, unit="11953"), finding(3, unit="12040"), finding(4, unit="gone")]
    morning = MONDAY + 8 * HOUR
    assert ids(tell(*some, wish=Wish("119"), now=morning).digest) == [1, 2]
    assert ids(tell(*some, wish=Wish("12040"), now=morning).digest) == [3]
    assert ids(tell(*some, now=morning).digest) == [1, 2, 3, 4]
    assert not is_below("a", "b", {"a": "c", "c": "a"}), "a ring"


def test_what_is_not_saved_is_told_when_it_is_so_for_a_day() -> None:
    found = finding(1, "unsaved", since=MONDAY - 12 * HOUR)
    assert tell(found, now=MONDAY + 8 * HOUR).digest == []
    assert ids(tell(found, now=MONDAY + DAY_MS + 8 * HOUR).digest) == [1]


def test_what_was_found_before_it_was_wished_for_is_not_told() -> None:
    assert tell(finding(1), wish=Wish(PROVINCE, since=MONDAY + 1), now=MONDAY + 8 * HOUR).digest == []


def test_of_a_change_during_announced_work_nobody_is_told() -> None:
    now, before = MONDAY + 8 * HOUR, MONDAY - DAY_MS
    changed = finding(1, "changed", detail=str(before))

    def planned(unit: str = "11950", begin: int = before, end: int = MONDAY, **more: object) -> bool:
        window = Maintenance(
            unit, **{"below": False, "note": "x", "valid_from": begin, "valid_to": end} | more
        )  # type: ignore[arg-type]
        found = tell(changed, now=now, windows=(window,))
        assert len(found.planned) + len(found.digest) == 1
        return bool(found.planned)

    assert planned()
    assert planned("119", below=True)
    assert not planned("119")
    assert not planned(service="dvc")
    assert not planned(end=before)
    assert not planned(begin=MONDAY + 1)
    window = Maintenance("11950", below=False, note="x", valid_from=before, valid_to=now)
    assert ids(tell(finding(1), now=now, windows=(window,)).digest) == [1], "a device is not planned"


STEPS = st.lists(
    st.tuples(
        st.integers(1, 30 * HOUR),
        st.lists(st.tuples(st.sampled_from(sorted(AFTER_MS)), st.sampled_from(sorted(NAMES))), max_size=3),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=20,
)


@given(STEPS, st.sets(st.sampled_from(sorted(AFTER_MS))), st.sampled_from([PROVINCE, "119"]))
@settings(max_examples=300)
def test_whatever_is_found_when_each_is_told_at_most_once_and_nothing_that_stays_is_missed(
    steps: list[tuple[int, list[tuple[str, str]], int]], at_once: set[str], unit: str
) -> None:
    now, number = MONDAY, 0
    wish = Wish(unit, frozenset(at_once), digest_at=MONDAY)
    standing: list[KeptFinding] = []
    told: dict[int, int] = {}

    def look() -> None:
        nonlocal wish
        found = tell(*standing, wish=wish, told=told, now=now)
        if found.digest:
            local = now + VIETNAM_MS
            assert (local // DAY_MS + 3) % 7 < 5, "Saturday and Sunday are none"
            assert 7.5 * HOUR <= local % DAY_MS < 11.5 * HOUR
        for each in (*found.at_once, *found.digest):
            assert each.id not in told
            told[each.id] = now
        wish = replace(wish, digest_at=now) if found.digest_due else wish

    for later, new, closed in steps:
        now += later
        standing = standing[closed:]
        for kind, of in new:
            number += 1
            standing.append(finding(number, kind, of, now))
        look()
    for _ in range(8 * 24 * 4):  # a week in which nothing more happens
        now += HOUR // 4
        look()
    mine = [each for each in standing if is_below(each.unit, unit, PARENTS)]
    assert {each.id for each in mine} <= set(told)


def test_a_first_stock_taking_is_one_line_with_the_number() -> None:
    some = [finding(n) for n in range(1, 301)]
    message = finding_message(some, NAMES, "vi", "https://nhip.test", MONDAY, digest=True)
    assert message.title == "◆ Thiết bị cần xem xét ngày 23/11/2026: 300 vấn đề mới"
    assert message.body == (
        "Phường Lam Sơn: thiết bị lạ trong mạng LAN: 300\n"
        "Chi tiết: https://nhip.test/machines/findings?unit=11950"
    )


def test_few_are_named_and_parts_say_how_much() -> None:
    some = [
        finding(1, "memory", detail="8192"),
        finding(2, "disk", unit="11953", detail="WD Blue (WD-77)"),
        finding(3, "unknown", name=""),
        finding(4, "unknown", name="a\n{0}%s  b" + "x" * 99),
    ]
    message = finding_message(some, NAMES, "en", "", MONDAY, digest=False)
    assert message.title == "◆ Devices to look into: 4 new findings"
    assert message.body.split("\n") == [
        "Phường Lam Sơn: unknown device in the LAN: s3, a {0}%s b" + "x" * 51,
        "Phường Lam Sơn: memory taken out: PC1 (−8 GB)",
        "Phường Phố Hiến: disk taken out: PC2 (WD Blue (WD-77))",
    ]
    one = finding_message(some[:1], NAMES, "vi", "", MONDAY, digest=False)
    assert one.title == "◆ PC1 (−8 GB) (Phường Lam Sơn): bộ nhớ RAM bị tháo bớt"


@given(st.lists(st.tuples(st.sampled_from(sorted(AFTER_MS)), st.integers(0, 187)), min_size=1, max_size=400))
def test_a_message_stays_short_and_counts_what_it_leaves_out(made: list[tuple[str, int]]) -> None:
    detail = {"memory": "512", "disk": "X"}
    some = [
        finding(n, kind, f"u{unit}", detail=detail.get(kind, "")) for n, (kind, unit) in enumerate(made, 1)
    ]
    message = finding_message(some, {}, "vi", "", MONDAY, digest=True)
    assert len(message.body) < LONGEST + 500
    assert f": {len(some)} vấn đề mới" in message.title
    counted = 0
    for line in message.body.split("\n"):
        rest = line.rpartition(": ")[2]
        if line.startswith("… và "):
            counted += int(line.split()[2])
        else:
            counted += int(rest) if rest.isdigit() else len(rest.split(", "))
    assert counted == len(some)
