"""Coverage: what of a machine counts, until when systems have support, and counts that add up from units to the province."""

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support_inventories import PLAIN, whole

from core.values import Level
from inventory.census.coverage import (
    DAY_MS,
    LOW_MEMORY_MB,
    SILENT_DAYS,
    Behind,
    Counts,
    Office,
    behind,
    date_of,
    day_of,
    of_units,
    summed,
    those_below,
    total,
)
from inventory.census.facts import CLASSES, SECTIONS, Counted, Facts, facts_of, of_kinds
from inventory.census.keeper import together
from inventory.census.systems import SYSTEMS, Told, known
from inventory.formats.sections import checked

NOW = 1_795_000_000_000
TODAY = date_of(day_of(NOW))


def content(**sections: Any) -> Facts:
    return facts_of(sections, "Computer")


@pytest.mark.parametrize(
    ("item", "chassis", "system", "kind"),
    [
        ("Computer", "Desktop", "Microsoft Windows 11 Pro", "pc"),
        ("Computer", "", "", "pc"),
        ("Computer", "Notebook", "Microsoft Windows 10 Pro", "laptop"),
        ("Computer", "Convertible", "", "laptop"),
        ("Computer", "Rack Mount Chassis", "Debian GNU/Linux 12", "server"),
        ("Computer", "Tower", "Microsoft Windows Server 2019 Standard", "server"),
        ("Computer", "", "Android 13", "phone"),
        ("Printer", "", "", "printer"),
        ("NetworkEquipment", "", "", "switch"),
        ("Unmanaged", "", "", "other"),
    ],
)
def test_the_class_of_a_machine_follows_from_its_case_and_system(item: str, chassis: str, system: str, kind: str) -> None:  # fmt: skip
    said = {"hardware": {"chassis_type": chassis}, "operatingsystem": {"full_name": system}}
    assert facts_of(said, item).kind == kind


def test_the_class_of_what_a_sweep_heard_follows_from_its_hints() -> None:
    assert of_kinds(("file server", "printer")) == "printer"
    assert of_kinds(("access point",)) == "ap"
    assert of_kinds(()) == "other"


def test_the_year_is_that_of_the_firmware_where_it_is_a_day() -> None:
    assert content(bios={"bdate": "2019-03-21"}).made == 2019
    assert content(bios={"bdate": "unknown"}).made is None


@pytest.mark.parametrize(
    ("rows", "system", "told"),
    [
        ([{"name": "Windows Defender", "enabled": True}], "Microsoft Windows 11 Pro", True),
        ([{"name": "BKAV"}], "Microsoft Windows 10 Pro", True),
        ([{"name": "Windows Defender", "enabled": False}], "Microsoft Windows 10 Pro", False),
        (None, "Microsoft Windows 10 Pro", False),
        (None, "Debian GNU/Linux 12", None),
        (None, "Microsoft Windows Server 2019", None),
        (None, "", None),
    ],
)
def test_an_antivirus_is_missing_where_the_system_would_tell_of_it(rows: Any, system: str, told: bool | None) -> None:  # fmt: skip
    said = {"operatingsystem": {"full_name": system}} | ({"antivirus": rows} if rows else {})
    assert content(**said).antivirus is told


def test_free_space_is_that_of_the_systems_drive() -> None:
    drives = [{"letter": "D:", "total": 100, "free": 1}, {"letter": "C:", "total": 400, "free": 100}]
    assert content(drives=drives).free_ratio == 0.25
    assert content(drives=[{"type": "/", "total": 100, "free": 200}]).free_ratio == 1.0
    assert content(drives=[{"letter": "C:", "total": 0, "free": 0}]).free_ratio is None


def test_facts_of_a_whole_content_and_of_none_are_facts() -> None:
    full, _ = checked(whole(PLAIN))
    assert facts_of(full, "Computer").memory_mb == 4_096
    assert facts_of({}, "Computer") == Facts("pc")


def test_facts_are_made_of_the_sections_that_are_said_to_be_read() -> None:
    full, _ = checked(whole(PLAIN))
    full |= {
        "hardware": {"name": "PC", "chassis_type": "Laptop", "memory": 1},
        "bios": {**full["bios"], "bdate": "2019-01-01"},
    }
    network = {"mac": "3c:52:82:00:00:01", "ipaddress": "10.33.1.7"}
    full |= {"drives": [{"letter": "C:", "total": 2, "free": 1}], "networks": [network]}
    assert facts_of({name: full[name] for name in SECTIONS}, "Computer") == facts_of(full, "Computer")
    assert all(value for value in structs.asdict(facts_of(full, "Computer")).values())


def test_of_two_agents_the_newest_counts_and_the_other_fills_what_it_lacks() -> None:
    newest = Facts("pc", "PC1", ("a",), memory_mb=8_192)
    older = Facts("laptop", "PC-OLD", ("b",), memory_mb=4_096, antivirus=False, made=2019)
    assert together([newest, older]) == Facts(
        "pc", "PC1", ("a", "b"), memory_mb=8_192, antivirus=False, made=2019
    )


@pytest.mark.parametrize(
    ("told", "until"),
    [
        (Told("Microsoft Windows 10 Pro", "22H2", "10.0.19045"), date(2025, 10, 14)),
        (Told("Microsoft Windows 10 Enterprise LTSC", "1809", "10.0.17763"), date(2029, 1, 9)),
        (Told("Microsoft Windows 11 Pro", "23H2", "10.0.22631"), date(2025, 11, 11)),
        (Told("Microsoft Windows 11 Enterprise", "23H2", "10.0.22631"), date(2026, 11, 10)),
        (Told("Microsoft Windows 11 Pro", "10.0.26100", ""), date(2026, 10, 13)),
        (Told("Microsoft Windows 7 Professional", "", "6.1.7601"), date(2020, 1, 14)),
        (Told("Microsoft Windows Server 2012 R2 Standard"), date(2023, 10, 10)),
        (Told("Debian GNU/Linux 12 (bookworm)", "12.5"), date(2028, 6, 30)),
        (Told("Debian GNU/Linux 11 (bullseye)"), date(2026, 8, 31)),
        (Told("Ubuntu 20.04.6 LTS", "20.04.6 LTS (Focal Fossa)"), date(2025, 5, 31)),
    ],
)  # fmt: skip
def test_until_when_a_system_has_support_is_found_by_what_agents_call_it(told: Told, until: date) -> None:
    found = known(told)
    assert found is not None
    assert found.until == until


@pytest.mark.parametrize("name", ["", "Debian GNU/Linux 120", "Windows 11 Pro", "Haiku", "Microsoft Windows"])
def test_of_a_system_that_is_not_in_the_list_nothing_is_said(name: str) -> None:
    assert known(Told(name)) is None


def test_no_entry_of_systems_is_hidden_behind_another() -> None:
    for each in SYSTEMS:
        build = str(each.build[0]) if each.build else ""
        told = Told(
            " ".join((*each.words, *each.edition[:1])), each.version, f"10.0.{build}" if build else ""
        )
        found = known(told)
        assert found is not None
        assert found.name == each.name


def pc(unit: str, *, days_ago: float = 1, name: str = "a", **facts: Any) -> Counted:
    return Counted(name, unit, NOW - int(days_ago * DAY_MS), Facts(facts.pop("kind", "pc"), **facts))


PROVINCE = [
    Office("33", Level.PROVINCE, None, None),
    Office("so-yt", Level.DEPARTMENT, "33", 10),
    Office("323", Level.DISTRICT, "33", 0),
    Office("11950", Level.COMMUNE, "323", 20),
    Office("11953", Level.COMMUNE, "323", None),
]


def of_commune(*machines: Counted) -> Counts:
    return of_units(PROVINCE, machines, NOW)["11950"]


def test_pcs_are_held_against_officials_by_the_target_of_the_level() -> None:
    found = of_units(PROVINCE, [*(pc("11950", name=str(n)) for n in range(16)), *(pc("so-yt", name=f"s{n}") for n in range(12))], NOW)  # fmt: skip
    assert (found["11950"].wanted, found["11950"].short, found["11950"].per_official) == (18, 2, 0.8)
    assert (found["so-yt"].wanted, found["so-yt"].short, found["so-yt"].per_official) == (10, 0, 1.2)
    assert (found["11953"].wanted, found["11953"].per_official) == (0, None)


def test_a_pc_that_was_not_heard_for_thirty_days_is_silent_and_nobodys() -> None:
    found = of_commune(
        pc("11950", days_ago=SILENT_DAYS), pc("11950", days_ago=SILENT_DAYS + 0.1, memory_mb=2_048)
    )
    assert (found.pcs, found.silent, found.memory_low) == (1, 1, 0)


def test_what_a_machine_does_not_tell_counts_nowhere() -> None:
    found = of_commune(pc("11950"), pc("11950", memory_mb=LOW_MEMORY_MB - 1), pc("11950", memory_mb=7_900))
    assert (found.pcs, found.memory_known, found.memory_low) == (3, 2, 1)
    assert (found.system_known, found.antivirus_known, found.disk_known, found.age_known) == (0, 0, 0, 0)


def test_a_system_counts_as_ended_from_the_day_after() -> None:
    ends = known(Told("Microsoft Windows 10 Pro"))
    assert ends is not None
    last = (ends.until - date(1970, 1, 1)).days * DAY_MS
    machine = pc("11950", system="Microsoft Windows 10 Pro")
    for now, ended, soon in ((last, 0, 1), (last + DAY_MS, 1, 0), (last - 200 * DAY_MS, 0, 0)):
        found = of_units(PROVINCE, [replace(machine, last_seen=now)], now)["11950"]
        assert (found.system_known, found.system_ended, found.system_ends_soon) == (1, ended, soon)


def test_antivirus_disk_and_age_are_counted() -> None:
    found = of_commune(
        pc("11950", antivirus=False, free_ratio=0.05, made=TODAY.year - 8),
        pc("11950", antivirus=True, free_ratio=0.5, made=TODAY.year - 1),
    )
    assert (found.antivirus_missing, found.disk_low, found.age_old, found.age_years) == (1, 1, 1, 9)


def test_other_machines_are_counted_by_class_and_are_no_pcs() -> None:
    found = of_commune(pc("11950", kind="printer"), pc("11950", kind="laptop"), pc("11950", kind="printer"))
    assert (found.pcs, found.others) == (1, {"printer": 2})


def test_a_district_has_what_its_communes_have_and_the_province_all() -> None:
    machines = [
        pc("11950", name="a"),
        pc("11953", name="b"),
        pc("so-yt", name="c"),
        pc("elsewhere", name="d"),
    ]
    found = summed(PROVINCE, of_units(PROVINCE, machines, NOW))
    assert {code: counts.pcs for code, counts in found.below.items()} == {"33": 3, "so-yt": 1, "323": 2, "11950": 1, "11953": 1}  # fmt: skip
    assert {level: counts.pcs for level, counts in found.levels.items()} == {
        Level.PROVINCE: 0,
        Level.DEPARTMENT: 1,
        Level.DISTRICT: 0,
        Level.COMMUNE: 2,
    }


def test_units_that_are_above_themselves_end_no_sum() -> None:
    ring = [Office("a", Level.DISTRICT, "b", 1), Office("b", Level.DISTRICT, "a", 1)]
    found = summed(ring, of_units(ring, [pc("a")], NOW))
    assert (found.below["a"].pcs, found.below["b"].pcs) == (1, 1)
    assert those_below(ring, "a") == {"a", "b"}


MACHINES = st.lists(
    st.builds(
        lambda unit, kind, days, memory, antivirus, n: pc(
            unit, days_ago=days, kind=kind, memory_mb=memory, antivirus=antivirus, name=str(n)
        ),
        st.sampled_from(["33", "so-yt", "11950", "11953", "nowhere"]),
        st.sampled_from(CLASSES),
        st.floats(0, 60),
        st.none() | st.integers(512, 65_536),
        st.none() | st.booleans(),
        st.integers(),
    ),
    max_size=12,
)


@given(MACHINES, MACHINES)
def test_counts_add_up_in_any_order(some: list[Counted], more: list[Counted]) -> None:
    alone = of_units(PROVINCE, some, NOW)
    found = summed(PROVINCE, alone)
    everything = total(list(alone.values()))
    assert found.below["33"] == total(list(found.levels.values())) == everything
    assert of_units(PROVINCE, some[::-1], NOW) == alone
    assert everything.memory_low <= everything.memory_known <= everything.pcs
    assert everything.antivirus_missing <= everything.antivirus_known <= everything.pcs
    both = of_units(PROVINCE, [*some, *more], NOW)
    for code, counts in of_units(PROVINCE, more, NOW).items():
        assert both[code].pcs == alone[code].pcs + counts.pcs
        assert both[code].short <= alone[code].short


def test_counts_of_nothing_change_no_sum() -> None:
    counts = of_commune(pc("11950", kind="printer"))
    assert counts + Counts() == counts
    assert structs.asdict(Counts())["others"] == {}


@given(MACHINES)
def test_behind_each_count_are_as_many_machines_as_it_says(machines: list[Counted]) -> None:
    here = [each for each in machines if each.unit != "nowhere"]
    counts = total(list(of_units(PROVINCE, machines, NOW).values()))
    for count in get_args(Behind):
        assert len(behind(count, here, NOW)) == getattr(counts, count)
