"""The verdict on a service: its own outage, a way that some share, or one unit; and never more than one of them for one fault."""

import pytest
from support_services import (
    EVERY,
    NOW,
    Finds,
    S,
    broken,
    by_checks,
    first,
    group,
    look,
    name,
    seen_by,
    told,
    verdict,
    well,
)

from collector.services.finding import Watched
from collector.services.sight import Line
from collector.services.verdict import decide
from collector.services.views import Sees
from core.values import Cause, Status

FORTY = range(40)
HUB = group("hub", "h1", range(8))
VIETTEL = group("provider", "Viettel", range(8, 20))


def both(one: Finds, other: Finds) -> Finds:
    return lambda unit, at: other(unit, at) if one(unit, at)[0] == "up" else one(unit, at)


def test_what_works_for_all_is_up_and_finds_nothing() -> None:
    found = verdict(seen_by(FORTY, well, 300), 300)
    assert told(found) == []
    assert {each.sees for each in found.seen.values()} == {Sees.UP}
    assert found.timeline[-1].status is Status.UP


def test_a_service_that_is_down_for_all_is_one_outage_and_not_one_a_unit() -> None:
    found = verdict(seen_by(FORTY, broken(FORTY, 100), 200, groups=[VIETTEL, HUB]), 200)
    assert told(found) == [("service", 100, None, 0)]
    assert found.findings[0].cause is Cause.SERVICE


def test_it_is_down_within_two_intervals_though_results_take_a_timeout_and_a_report() -> None:
    late = EVERY * 2 // S
    found = verdict(seen_by(FORTY, broken(FORTY, 100), 100 + late, told_after=11), 100 + late)
    assert [each[0] for each in told(found)] == ["service"]


def test_with_two_checks_it_is_told_when_nearly_all_have_failed_by_one_of_them() -> None:
    one = {"Page": broken(FORTY, 100)}
    both = one | {"Sign in": broken(FORTY, 100)}
    assert told(verdict(by_checks(FORTY, one, 118), 118)) == []
    assert [each[0] for each in told(verdict(by_checks(FORTY, both, 118), 118))] == ["service"]


def test_at_no_moment_on_the_way_there_is_anything_else_said_of_it() -> None:
    said = set()
    for until in range(100, 260):
        watched = seen_by(FORTY, broken(FORTY, 101, 200), until, groups=[VIETTEL, HUB], told_after=6)
        said |= {each[0] for each in told(verdict(watched, until))}
    assert said == {"service"}


def test_the_slowest_unit_is_not_waited_for() -> None:
    slow = dict.fromkeys(range(12), 300 * S)
    watched = seen_by(FORTY, broken(FORTY, 610), 670, intervals=slow, told_after=6)
    assert told(verdict(watched, 670)) == [("service", 610, None, 0)]


def test_units_whose_agent_died_with_a_good_result_do_not_hold_it_up() -> None:
    def finds(unit: int, at: int) -> tuple[str, str]:
        return broken(FORTY, 100)(unit, at)

    watched = seen_by(FORTY, finds, 160, told_after=6)
    looks = {
        unit: each._replace(said=[s for s in each.said if s.status == "up"]) if unit < name(12) else each
        for unit, each in watched.looks["Sign in"].items()
    }
    found = decide(Watched({"Sign in": looks}, watched.lines, ()), NOW, NOW + 160 * S)
    assert [each[0] for each in told(found)] == ["service"]


def test_it_ends_with_the_first_that_sees_it_work_again() -> None:
    found = verdict(seen_by(FORTY, broken(FORTY, 100, 400), 600), 600)
    assert len(found.findings) == 1
    _, began, ended, _ = told(found)[0]
    assert began == 100
    assert ended is not None
    assert 400 <= ended < 405


def test_a_hub_whose_units_cannot_reach_it_is_named() -> None:
    found = verdict(seen_by(FORTY, broken(range(8), 100, reason="refused"), 200, groups=[VIETTEL, HUB]), 200)
    assert told(found) == [("hub h1", first(range(8), 100), None, 8)]
    assert found.findings[0].cause is Cause.UPSTREAM


def test_a_provider_whose_resolver_lies_is_named_and_the_cause_is_its_dns() -> None:
    hit = broken(range(8, 20), 100, reason="name not found")
    found = verdict(seen_by(FORTY, hit, 160, groups=[VIETTEL, HUB], told_after=6), 160)
    assert told(found) == [("provider Viettel", first(range(8, 20), 100), None, 12)]
    assert found.findings[0].cause is Cause.DNS
    assert found.findings[0].reason == "name not found"


def test_units_of_a_cut_hub_count_neither_for_it_nor_against_it() -> None:
    cuts = {each: [(100 * S, 1_000 * S)] for each in range(8)}
    found = verdict(seen_by(FORTY, broken(range(8), 100), 300, cuts=cuts, groups=[HUB]), 300)
    assert told(found) == []
    assert {found.seen[name(each)].sees for each in range(8)} == {Sees.NO_LINE}
    assert found.seen[name(9)].sees is Sees.UP


def test_what_was_measured_while_the_line_went_or_came_back_counts_for_nothing() -> None:
    def finds(unit: int, at: int) -> tuple[str, str]:
        return ("down", "timeout") if 96 * S <= at < 203 * S else ("up", "")

    found = verdict(seen_by([0], finds, 400, cuts={0: [(100 * S, 200 * S)]}), 400)
    assert told(found) == []


def test_one_failure_of_one_unit_is_nothing_yet_though_it_sees_it_down() -> None:
    until = first([3], 100) + 10
    found = verdict(seen_by(FORTY, broken([3], 100), until), until)
    assert told(found) == []
    assert found.seen[name(3)].sees is Sees.DOWN


def test_two_failures_in_a_row_of_one_unit_are_its_own_trouble() -> None:
    until = first([3], 100) + EVERY // S + 1
    assert told(verdict(seen_by(FORTY, broken([3], 100), until), until)) == [
        ("alone", first([3], 100), None, 1)
    ]


def test_a_unit_that_failed_before_is_not_forgotten_when_the_service_fails_and_comes_back() -> None:
    finds = both(broken([3], 50), broken(FORTY, 200, 300))
    found = verdict(seen_by(FORTY, finds, 500), 500)
    assert {(each[0], each[3]) for each in told(found)} == {("service", 0), ("alone", 1)}
    alone = next(each for each in found.findings if not each.is_service)
    assert alone.ended_at is None
    assert (alone.began_at - NOW) // S < 80


def test_what_several_checks_see_of_one_fault_is_one_trouble_and_its_cause_is_the_name() -> None:
    hit = range(8, 20)
    finds = {
        "DNS": broken(hit, 100, reason="other answer|10.6.6.6"),
        "Sign in": broken(hit, 100, reason="refused"),
        "Page": broken(hit, 100, reason="refused"),
    }
    said = set()
    for until in range(100, 220):
        found = verdict(by_checks(FORTY, finds, until, groups=[VIETTEL, HUB]), until)
        said |= {(each[0], each[3]) for each in told(found)}
    assert {each for each, _ in said} == {"provider Viettel"}
    assert (found.findings[0].cause, found.findings[0].reason) == (Cause.DNS, "other answer|10.6.6.6")
    assert len(found.findings) == 1


def test_what_some_checks_of_a_hubs_units_see_explains_the_others_too() -> None:
    finds = {"Sign in": broken(range(8), 100, reason="timeout"), "Page": broken([3], 100, reason="refused")}
    found = verdict(by_checks(FORTY, finds, 300, groups=[VIETTEL, HUB]), 300)
    assert [each[0] for each in told(found)] == ["hub h1"]


def test_a_lie_that_hits_units_with_nothing_in_common_is_one_trouble() -> None:
    hit = [2, 11, 23, 35]
    finds = {
        "DNS": broken(hit, 100, reason="other answer|10.6.6.6"),
        "Page": broken(hit, 100, reason="name not found"),
        "Sign in": broken(hit, 100, reason="refused"),
    }
    found = verdict(by_checks(FORTY, finds, 300), 300)
    assert [(each[0].split()[0], each[3]) for each in told(found)] == [("dns", 4)]


def test_failures_of_two_checks_of_one_unit_are_its_own_trouble_before_one_of_them_fails_again() -> None:
    finds = {label: broken([3], 100) for label in ("Sign in", "Page")}
    until = first([3], 100) + EVERY // S - 1
    found = verdict(by_checks(FORTY, finds, until), until)
    assert [(each[0], each[3]) for each in told(found)] == [("alone", 1)]


def test_two_checks_of_one_unit_that_fail_once_at_the_same_moment_are_nothing_yet() -> None:
    finds = {label: broken([3], 100) for label in ("Sign in", "Page")}
    until = first([3], 100) + 5
    assert told(verdict(by_checks(FORTY, finds, until, apart_ms=S), until)) == []


def test_units_that_see_the_same_fault_of_the_certificate_are_one_trouble() -> None:
    hit = broken([2, 11, 23, 35], 100, reason="certificate not trusted")
    found = verdict(seen_by(FORTY, hit, 200), 200)
    assert [each[0] for each in told(found)] == ["certificate certificate not trusted"]
    assert found.findings[0].cause is Cause.CERTIFICATE


def test_what_fails_over_ipv6_alone_while_ipv4_works_is_said_so() -> None:
    until = 200
    looks = {
        label: {name(each): look(each, finds, until * S, label=label, family=family) for each in range(10)}
        for label, family, finds in (
            ("over IPv4", "4", well),
            ("over IPv6", "6", broken(range(10), 100)),
        )
    }
    whole = Line([(NOW, NOW + until * S)], [])
    found = decide(Watched(looks, {name(each): whole for each in range(10)}, ()), NOW, NOW + until * S)
    assert [each[0] for each in told(found)] == ["service"]
    assert found.findings[0].cause is Cause.FAMILY


def test_two_faults_at_once_are_told_apart() -> None:
    finds = both(broken(range(8), 100), broken([30], 100))
    found = verdict(seen_by(FORTY, finds, 300, groups=[VIETTEL, HUB]), 300)
    assert sorted((each[0], each[3]) for each in told(found)) == [("alone", 1), ("hub h1", 8)]


def test_a_service_that_one_place_alone_looks_at_is_never_down_by_that_word() -> None:
    found = verdict(seen_by([0], broken([0], 100), 300), 300)
    assert [each[0] for each in told(found)] == ["alone"]


@pytest.mark.parametrize("share", [0.5, 0.6, 0.7])
def test_a_provider_of_most_units_is_not_the_service(share: float) -> None:
    hit = range(int(40 * share))
    said = set()
    for until in range(100, 300, 2):
        watched = seen_by(
            FORTY, broken(hit, 100), until, groups=[group("provider", "VNPT", hit)], told_after=6
        )
        said |= {each[0] for each in told(verdict(watched, until))}
    assert said == {"provider VNPT"}
