"""Which devices of a unit are unknown or missing: decided from what was heard and what people said."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inventory.census.facts import CLASSES
from inventory.findings.decide import DAY_MS, RULES, Had, Heard, Mark, findings

NOW = 1_790_000_000_000
MAC, OTHER, INVENTED = "3c:52:82:00:00:01", "3c:52:82:00:00:02", "3e:52:82:00:00:03"
PC = "a" * 32


def heard(mac: str = MAC, kind: str = "printer", first: float = 0, last: float = 0) -> Heard:
    """Heard first and last so many days ago."""
    return Heard(mac, kind, "may-in", NOW - int(first * DAY_MS), NOW - int(last * DAY_MS))


def had(kind: str = "pc", last: float = 0, macs: tuple[str, ...] = (OTHER,), name: str = PC) -> Had:
    return Had(name, kind, "PC-VANTHU", macs, NOW - int(last * DAY_MS))


def told(*found: object, machines: list[Had] | None = None, known: set[str] | None = None, marks: list[Mark] | None = None) -> list[tuple[str, str]]:  # fmt: skip
    return [
        (each.kind, each.subject)
        for each in findings(list(found), machines or [], known or set(), marks or [])  # type: ignore[arg-type]
    ]


def test_a_new_device_that_nobody_approved_is_unknown_since_it_was_first_heard() -> None:
    (found,) = findings([heard(first=2)], [], set(), [])
    assert (found.kind, found.subject, found.device, found.name) == ("unknown", MAC, "printer", "may-in")
    assert found.since == NOW - 2 * DAY_MS


def test_a_device_that_inventories_tell_of_or_that_was_approved_is_not() -> None:
    assert told(heard(), known={MAC}) == []
    assert told(heard(), marks=[Mark(MAC, "approved", NOW)]) == []


def test_an_invented_address_is_a_finding_only_when_it_stays() -> None:
    assert told(heard(INVENTED, "phone", first=2)) == []
    assert told(heard(INVENTED, "phone", first=4)) == [("unknown", INVENTED)]


def test_an_unknown_device_that_is_gone_for_long_is_forgotten() -> None:
    gone = heard(OTHER, first=40, last=RULES.unknown.forgotten_days + 1)
    assert told(gone, heard(first=1)) == [("unknown", MAC)]


def test_a_machine_is_missing_when_others_of_its_unit_were_heard_long_after() -> None:
    (found,) = findings([], [had(last=31), had(last=0, name="b" * 32)], set(), [])
    assert (found.kind, found.subject, found.device) == ("missing", PC, "pc")
    assert found.since == NOW - DAY_MS


def test_how_long_is_a_matter_of_its_class() -> None:
    for kind, days in RULES.missing_days.items():
        beside = had(name="b" * 32)
        assert told(machines=[had(kind, last=days, macs=()), beside]) == []
        late = told(machines=[had(kind, last=days + 1, macs=()), beside])
        assert late == ([("missing", PC)] if days else [])


def test_in_a_unit_that_is_not_heard_nothing_is_missing() -> None:
    assert told(heard(last=90, first=100), machines=[had(last=91)], marks=[Mark(MAC, "approved", 0)]) == []


def test_a_machine_whose_agent_is_silent_and_that_sweeps_hear_is_there() -> None:
    beside = had(name="b" * 32)
    assert told(heard(OTHER, "pc", first=90), machines=[had(last=90), beside], known={OTHER}) == []
    assert told(heard(OTHER, "pc", first=90, last=40), heard(last=0), machines=[had(last=90), beside], known={OTHER, MAC}) == [("missing", PC)]  # fmt: skip


def test_when_only_the_relay_is_silent_machines_that_sweeps_never_hear_are_not_missing() -> None:
    assert told(heard(), machines=[had(last=60, macs=())], known={MAC}) == []


def test_an_approved_device_that_is_gone_is_missing() -> None:
    approved = Mark(OTHER, "approved", NOW - 90 * DAY_MS)
    assert told(heard(OTHER, "camera", 90, 8), heard(), known={MAC}, marks=[approved]) == [("missing", OTHER)]
    assert told(heard(OTHER, "phone", 90, 80), heard(), known={MAC}, marks=[approved]) == []


def test_what_was_written_off_is_not_missing_and_is_told_when_it_is_back() -> None:
    off = NOW - 20 * DAY_MS
    beside = had(name="b" * 32)
    assert told(machines=[had(last=60), beside], marks=[Mark(PC, "retired", off)]) == []
    assert told(machines=[had(last=1), beside], marks=[Mark(PC, "retired", off)]) == [("returned", PC)]
    assert told(heard(first=90), marks=[Mark(MAC, "retired", off)]) == [("returned", MAC)]


def test_the_last_word_counts() -> None:
    said = [Mark(MAC, "retired", 1), Mark(MAC, "approved", 2)]
    assert told(heard(), marks=said) == told(heard(), marks=said[::-1]) == []


def test_every_class_has_its_days() -> None:
    assert set(RULES.missing_days) == set(CLASSES)


DAYS = st.floats(0, 100)
MACS = st.sampled_from([MAC, OTHER, INVENTED])
HEARD = st.builds(lambda mac, kind, a, b: heard(mac, kind, max(a, b), min(a, b)), MACS, st.sampled_from(CLASSES), DAYS, DAYS)  # fmt: skip
HAD = st.builds(lambda kind, last, name: had(kind, last, name=name * 32), st.sampled_from(CLASSES), DAYS, st.sampled_from("ab"))  # fmt: skip
MARKS = st.lists(st.builds(Mark, st.sampled_from([MAC, OTHER, PC]), st.sampled_from(["approved", "retired"]), st.integers(NOW - 100 * DAY_MS, NOW)), max_size=4, unique_by=lambda mark: mark.at)  # fmt: skip


@given(st.lists(HEARD, max_size=4, unique_by=lambda h: h.mac), st.lists(HAD, max_size=2, unique_by=lambda h: h.name), MARKS, st.integers(1, 10**9))  # fmt: skip
def test_a_finding_is_told_once_in_any_order_and_moves_with_time(seen: list[Heard], machines: list[Had], marks: list[Mark], later: int) -> None:  # fmt: skip
    found = findings(seen, machines, {OTHER}, marks)
    assert len({(each.kind, each.subject) for each in found}) == len(found)
    assert findings(seen[::-1], machines[::-1], {OTHER}, marks[::-1]) == found
    moved = findings(
        [
            replace(each, first_seen=each.first_seen + later, last_seen=each.last_seen + later)
            for each in seen
        ],
        [replace(each, last_seen=each.last_seen + later) for each in machines],
        {OTHER},
        [replace(each, at=each.at + later) for each in marks],
    )
    assert [(e.kind, e.subject, e.since - later) for e in moved] == [
        (e.kind, e.subject, e.since) for e in found
    ]


@given(
    st.lists(HEARD, max_size=4, unique_by=lambda h: h.mac),
    st.lists(HAD, max_size=2, unique_by=lambda h: h.name),
)
def test_when_all_is_approved_nothing_is_unknown(seen: list[Heard], machines: list[Had]) -> None:
    marks = [Mark(each.mac, "approved", NOW) for each in seen]
    assert all(each.kind == "missing" for each in findings(seen, machines, set(), marks))
