"""The lab's services, watched by 40 real agents: what is broken is what is said to be, within two looks, and nothing else is.

One lab for all claims here, because it costs a minute; each leaves it well.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support_eoffice import needs_nginx, needs_unbound
from support_netns import ROOT_WITH_TUN, WHY_NOT

from lab.wan import eoffice
from lab.wan.catalogue import LOOK_MS, QLVB, SERVICES
from lab.wan.office_plan import units_of
from lab.wan.province import Province
from lab.wan.told import All, Course, Trouble, follow, is_well
from lab.wan.up import province_of
from lab.wan.wall import Wall, until

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT),
    needs_nginx,
    needs_unbound,
    pytest.mark.alone,
]
UNITS = 40
LOOK_S = LOOK_MS / 1000
SOON_S = 2 * LOOK_S
"""What is promised: two check intervals."""
WELL_S = 120.0
VISIT = ("open", "sign in", "documents", "sign out")


class Lab:
    """The province, its wall, and what is done to them."""

    def __init__(self, province: Province, wall: Wall) -> None:
        self.province, self.wall = province, wall
        sites = province.layout.sites
        behind = {
            code: [site.code for site in province.layout.below(code)] for code in sites if sites[code].line
        }
        self.hub = max(behind, key=lambda code: len(behind[code]))
        self.of_hub = sorted([self.hub, *behind[self.hub]])
        hubs = {site.parent for site in sites.values()}
        self.unit = next(code for code in reversed(sites) if code not in hubs and code not in self.of_hub)

    def trial(
        self, begin: Callable[[], None], end: Callable[[], None], is_right: Callable[[All], bool]
    ) -> tuple[Course, list[Any]]:
        """What was said while it was broken, and the outages that remain of it in the end."""
        self.wait_until_well()
        # What is under way when it begins may be the first to fail, and be dated before: outages are told by not having been there.
        before = {each["id"] for each in self.outages()}
        begin()
        try:
            course = follow(self.wall, is_right, WELL_S, then_s=LOOK_S)
        finally:
            end()
        print("\n".join(course.lines()), f"\n  right after {course.after_s:.1f} s")
        self.wait_until_well()
        outages = [each for each in self.outages() if each["id"] not in before]
        for each in outages:
            print("  ", each["unit"], each["subject"], each["cause"], [text for _, text in each["evidence"]])
        return course, outages

    def wait_until_well(self) -> None:
        """Every unit up, every service well for all, and all that happened settled."""
        print("\n".join(follow(self.wall, is_well, WELL_S).lines()))
        until(lambda: set(self.wall.statuses().values()) <= {"up", "degraded"}, WELL_S, "every unit is up")
        until(
            lambda: all(each["final"] or each["retracted"] for each in self.outages()),
            WELL_S,
            "all is final",
        )

    def outages(self) -> list[Any]:
        """Also those that were taken back, of units as well as of services."""
        return list(self.wall.get("outages", limit=500)["items"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("services") / "lab"
    with (
        province_of(folder, str(UNITS), str(UNITS), print, eoffice=True) as province,
        Wall.of(province) as wall,
    ):
        yield Lab(province, wall)


def every(trouble: Trouble) -> Callable[[All], bool]:
    """Whether this, and only this, is said of every service."""
    return lambda all_: all(each.troubles == (trouble,) for each in all_.values())


def only(outages: list[Any], unit: str, subject: str, cause: str) -> bool:
    """Whether these are one of each service, and none was taken back."""
    return sorted(
        (each["unit"], each["subject"], each["cause"], each["retracted"]) for each in outages
    ) == sorted((unit, f"service:{code}{subject}", cause, False) for code in SERVICES)


def test_a_broken_service_is_down_and_the_others_are_not(lab: Lab) -> None:
    course, outages = lab.trial(
        lambda: eoffice.break_service(lab.province, "broken", VISIT),
        lambda: eoffice.mend_service(lab.province),
        lambda all_: all_[QLVB].status == "down",
    )
    assert course.after_s <= SOON_S
    assert course.statuses(QLVB) == {"up", "down"}
    assert all(course.statuses(code) == {"up"} for code in SERVICES if code != QLVB)
    assert not any(course.troubles(code) for code in SERVICES)
    (outage,) = outages
    assert (outage["subject"], outage["cause"]) == (f"service:{QLVB}", "service")


def test_a_cut_hub_is_the_fault_of_no_service(lab: Lab) -> None:
    course, outages = lab.trial(
        lambda: lab.province.relay.cut([lab.hub]),
        lambda: lab.province.relay.heal([lab.hub]),
        lambda all_: all(each.works == each.of - len(lab.of_hub) for each in all_.values()),
    )
    assert course.after_s <= SOON_S
    for code in SERVICES:
        assert course.statuses(code) == {"up"}
        assert course.troubles(code) == set()
    assert {each["unit"] for each in outages} == set(lab.of_hub)
    assert not any(each["subject"].startswith("service:") for each in outages)


def test_a_hub_that_does_not_pass_it_on_is_named_with_its_units(lab: Lab) -> None:
    trouble = Trouble(f"hub {lab.hub}", tuple(lab.of_hub), "upstream")
    course, outages = lab.trial(
        lambda: eoffice.block(lab.province, lab.hub),
        lambda: eoffice.unblock(lab.province, lab.hub),
        every(trouble),
    )
    assert course.after_s <= SOON_S
    for code in SERVICES:
        assert course.statuses(code) == {"up", "unreachable"}
        assert {each.shared for each in course.troubles(code)} == {trouble.shared}
    assert only(outages, lab.hub, f"|hub|{lab.hub}", "upstream")


def test_one_unit_without_a_way_to_it_is_named_alone(lab: Lab) -> None:
    trouble = Trouble("", (lab.unit,), "undetermined")
    course, outages = lab.trial(
        lambda: eoffice.block(lab.province, lab.unit),
        lambda: eoffice.unblock(lab.province, lab.unit),
        every(trouble),
    )
    assert course.after_s <= SOON_S
    for code in SERVICES:
        assert course.statuses(code) == {"up", "unreachable"}
        assert course.troubles(code) == {trouble}
    assert only(outages, lab.unit, "|alone", "undetermined")


@pytest.mark.parametrize(("provider", "how"), [("Viettel", "lie"), ("FPT", "silent")])
def test_a_provider_whose_resolver_fails_is_named_and_the_cause_is_dns(
    lab: Lab, provider: str, how: eoffice.DnsFault
) -> None:
    trouble = Trouble(f"provider {provider}", tuple(sorted(units_of(lab.province.layout, provider))), "dns")
    course, outages = lab.trial(
        lambda: eoffice.break_dns(lab.province, provider, how),
        lambda: eoffice.mend_dns(lab.province, provider),
        every(trouble),
    )
    assert course.after_s <= SOON_S
    for code in SERVICES:
        assert course.statuses(code) == {"up", "unreachable"}
        assert {each.shared for each in course.troubles(code)} == {trouble.shared}
    assert only(outages, lab.province.layout.top.code, f"|provider|{provider}", "dns")
