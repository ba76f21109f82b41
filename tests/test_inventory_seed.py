"""The province that an empty registry begins with."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import msgspec
import pytest
from support_registry import NOW, exported, open_registry, proposal

from agents.probes import PROBES
from agents.probes.scenario.steps import Step
from agents.probes.scenario.steps import check as check_steps
from core.values import Level
from inventory.catalogue import write_service
from inventory.changes import put, put_unit
from inventory.registry import Registry
from inventory.seed import SEEDS, seed
from inventory.state import State


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        seed(state, NOW, addresses=False)
        yield state


def test_it_has_188_units_below_the_province(state: State) -> None:
    units = Registry(state).units(NOW)
    assert Counter(unit.level for unit in units) == {
        Level.PROVINCE: 1,
        Level.DEPARTMENT: 17,
        Level.DISTRICT: 10,
        Level.COMMUNE: 161,
    }
    assert (units[0].code, units[0].name) == ("33", "Tỉnh Hưng Yên")


def test_each_district_is_followed_by_its_communes(state: State) -> None:
    above = None
    for unit in Registry(state).units(NOW):
        if unit.level is Level.DISTRICT:
            above = unit.code
        elif unit.level is Level.COMMUNE:
            assert unit.parent == above


def test_what_is_not_known_is_empty(state: State) -> None:
    assert all(
        (unit.staff, unit.address, unit.latitude, unit.longitude) == (None, "", None, None)
        for unit in Registry(state).units(NOW)
    )


def test_names_are_in_composed_form(state: State) -> None:
    assert all(unicodedata.is_normalized("NFC", unit.name) for unit in Registry(state).units(NOW))


def test_every_unit_pings_the_centre_each_five_seconds(state: State) -> None:
    registry = Registry(state)
    assert {each.about for each in registry.checks().values()} == {
        unit.code for unit in registry.units(NOW)
    } - {"33"}
    assert {(c.check.kind, c.check.target, c.check.interval_ms) for c in registry.checks().values()} == {
        ("icmp", "127.0.0.1", 5000),
        ("path", "127.0.0.1", 900_000),
        ("sweep", "*", 900_000),
        ("throughput", "127.0.0.1", 86_400_000),
        ("listen", "*", 60_000),
        ("relay", "*", 60_000),
    }


def test_links_and_services_give_each_unit_the_rest_of_its_checks(state: State) -> None:
    registry = Registry(state)
    links = [
        {"unit": u.code, "kind": "wan", "gateway": "10.1.0.1", "hub": "10.2.0.1", "router": "10.3.0.1"}
        for u in registry.units(NOW)[1:]
    ]
    put(state, NOW, {"links": links})
    check = {"name": "Trang", "kind": "http", "target": "{address}"}
    write_service(state, NOW, {"code": "dvc", "address": "http://127.0.0.1/"}, [check])
    registry.refresh()
    assert Counter((c.role, c.check.interval_ms) for c in registry.checks_of("11950")) == {
        ("lan", 5000): 1,
        ("hub", 5000): 1,
        ("line", 5000): 1,
        ("service", 30_000): 1,
        ("survey", 900_000): 2,
        ("survey", 60_000): 3,
        ("survey", 86_400_000): 1,
    }
    centre = registry.checks_of("33")
    assert Counter((c.role, c.check.interval_ms) for c in centre) == {
        ("line", 2000): 188,
        ("service", 30_000): 1,
    }


def test_without_an_address_a_service_is_not_checked(state: State) -> None:
    registry = Registry(state)
    assert len(registry.services(NOW)) == 14
    assert all(registry.service_checks(each.code, NOW) for each in registry.services(NOW))
    assert not any(each.service for each in registry.checks().values())


def test_what_is_public_is_checked_from_every_unit() -> None:
    with open_registry() as state:
        seed(state, NOW)
        found = [each for each in Registry(state).checks().values() if each.service]
    assert {each.service for each in found} == {"dvc-qg"}
    assert {(each.check.kind, each.check.target) for each in found} == {
        ("http", "https://dichvucong.gov.vn/"),
        ("tls", "dichvucong.gov.vn:443"),
    }
    assert len({each.vantage for each in found}) == 189


def test_parameters_of_the_catalogue_are_those_of_their_probes(state: State) -> None:
    registry = Registry(state)
    for service in registry.services(NOW):
        for check in registry.service_checks(service.code, NOW):
            assert check.kind in PROBES
            probe = import_module(f"agents.probes.{check.kind}")
            given = {
                name: value for name, value in json.loads(check.params or "{}").items() if value != "{proxy}"
            }
            params = msgspec.convert(given, probe.Params)
            if check.kind == "scenario":
                check_steps([msgspec.convert(step, Step) for step in params.steps])


def test_seeding_twice_changes_nothing(state: State) -> None:
    registry = Registry(state)
    seed(state, NOW + 1)
    assert not registry.refresh()


def test_a_registry_with_units_is_left_alone() -> None:
    with open_registry() as state:
        put_unit(state, NOW, code="1", name="Tỉnh khác", level="province")
        seed(state, NOW)
        assert [unit.code for unit in Registry(state).units(NOW)] == ["1"]


def test_an_export_is_the_seed_files_to_the_byte() -> None:
    with open_registry() as state:
        seed(state, NOW)
        files = exported(state)
    for path in SEEDS.glob("*.csv"):
        assert files[path.stem] == path.read_bytes()


def test_importing_the_seed_files_again_changes_nothing() -> None:
    with open_registry() as state:
        seed(state, NOW)
        again = proposal(state, *SEEDS.glob("*.csv"), now=NOW + 5, end_missing=True)
    assert (list(again.changes), list(again.faults)) == ([], [])
