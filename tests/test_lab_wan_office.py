"""The e-office in the province's network: every unit reaches it by its provider's resolver, and what breaks it can be undone.

One network for all claims here; each leaves it well.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_eoffice import needs_nginx, needs_unbound
from support_netns import ROOT_WITH_TUN, WHY_NOT, run_in
from support_probes import probe

from core.errors import BadInput
from core.values import Result, Status
from lab.netns import inside
from lab.wan import eoffice
from lab.wan.cover import covered
from lab.wan.eoffice import DnsFault, ServiceFault
from lab.wan.office_plan import (
    DOCUMENTS,
    PROVIDERS,
    SERVER,
    SERVERS,
    named_provider,
    provider_of,
    resolver_of,
    units_of,
)
from lab.wan.people import RESOLV_CONF
from lab.wan.plan import Node
from lab.wan.province import Province

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT),
    needs_nginx,
    needs_unbound,
]
NODES: list[Node] = [
    ("33", "province", None),
    ("323", "district", "33"),
    ("11950", "commune", "323"),
    ("11953", "commune", "323"),
    ("11956", "commune", "323"),
]


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    folder = tmp_path_factory.mktemp("office") / "lab"
    made = Province.build(folder, NODES, [], 1, lambda _: None, SERVERS)
    try:
        eoffice.start_office(made, print)
        yield made
    finally:
        made.remove()


def found(province: Province, unit: str, name: str = DOCUMENTS) -> str:
    """The address that a machine of the unit finds by its own resolver; empty for none."""
    conf = province.folder.resolv_conf(provider_of(province.layout, unit))
    command = covered(["timeout", "20", "getent", "ahosts", name], {RESOLV_CONF: conf})
    words = run_in(province.layout.sites[unit].hosts[0].namespace, *command).split()
    return words[0] if words else ""


def look(province: Province, unit: str = "11950", timeout_ms: int = 20_000) -> Result:
    """The front page as a machine of the unit gets it."""
    address = province.layout.server(SERVER).address
    page = {
        "ca_file": str(province.folder.eoffice_ca / "root.pem"),
        "verify": False,
        "body_contains": "Đăng nhập",
    }
    with inside(province.layout.sites[unit].hosts[0].namespace):
        return asyncio.run(probe("http", f"https://{address}/", timeout_ms=timeout_ms, **page))


def test_every_unit_finds_and_reaches_it(province: Province) -> None:
    for unit in province.layout.sites:
        assert found(province, unit) == str(province.layout.server(SERVER).address)
        assert look(province, unit).status is Status.UP


def test_units_of_a_hub_have_lines_of_several_providers(province: Province) -> None:
    communes = ["11950", "11953", "11956"]
    assert sorted(provider_of(province.layout, unit) for unit in communes) == sorted(PROVIDERS)
    assert [provider_of(province.layout, unit) for unit in units_of(province.layout, "VNPT")] == ["VNPT"] * 2
    assert len({resolver_of(province.layout, who) for who in PROVIDERS}) == len(PROVIDERS)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("broken", "status|503"),
        ("wrong", "body lacks text"),
        ("silent", "timeout"),
        ("half-open", "timeout"),
        ("refused", "refused"),
    ],
)
def test_the_service_is_broken_until_it_is_mended(province: Province, how: ServiceFault, reason: str) -> None:
    eoffice.break_service(province, how)
    broken = look(province, timeout_ms=1_000 if reason == "timeout" else 20_000)
    eoffice.mend_service(province)
    assert (broken.status, broken.reason) == (Status.DOWN, reason)
    assert look(province).status is Status.UP


def test_a_slow_service_is_up_and_late(province: Province) -> None:
    eoffice.slow_service(province, 0.5, ["open"])
    slow = look(province)
    eoffice.mend_service(province)
    assert slow.status is Status.UP
    assert slow.figures["total_seconds"] >= 0.5


@pytest.mark.parametrize(("blocked", "hit"), [("11950", ["11950"]), ("323", ["323", "11950", "11953"])])
def test_a_router_can_drop_what_goes_to_it_and_nothing_else(
    province: Province, blocked: str, hit: list[str]
) -> None:
    eoffice.block(province, blocked)
    # Those that are not hit have the time that a busy machine takes.
    looks = {
        unit: look(province, unit, timeout_ms=3_000 if unit in hit else 20_000).reason
        for unit in ("323", "11950", "11953")
    }
    finds = found(province, blocked)
    eoffice.unblock(province, blocked)
    assert [unit for unit, reason in looks.items() if reason] == hit
    assert set(looks.values()) <= {"", "timeout", "unreachable"}
    assert finds == str(province.layout.server(SERVER).address)
    assert look(province, "11950").status is Status.UP


@pytest.mark.parametrize(
    ("how", "finds"),
    [
        ("lie", "10.0.0.1"),
        ("no such name", ""),
        ("refused", ""),
        ("servfail", ""),
        ("silent", ""),
        ("hang", ""),
    ],
)
def test_a_resolver_is_broken_for_its_own_providers_units_until_it_is_mended(
    province: Province, how: DnsFault, finds: str
) -> None:
    own, other = units_of(province.layout, "Viettel")[0], units_of(province.layout, "FPT")[0]
    well = str(province.layout.server(SERVER).address)
    eoffice.break_dns(province, "Viettel", how)
    broken = found(province, own), found(province, other)
    eoffice.mend_dns(province, "Viettel")
    assert broken == (finds, well)
    assert found(province, own) == well


def test_providers_are_named_in_any_case_and_others_refused() -> None:
    assert named_provider("viettel") == "Viettel"
    with pytest.raises(BadInput, match="no provider 'Mobi'"):
        named_provider("Mobi")


def test_a_lab_without_an_eoffice_says_so(tmp_path: Path) -> None:
    made = Province.build(tmp_path / "lab", NODES[:2], [], 0, lambda _: None)
    try:
        with pytest.raises(BadInput, match="no e-office"):
            eoffice.break_service(made, "broken")
    finally:
        made.remove()
