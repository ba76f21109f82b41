"""The catalogue of services: what is checked of a service, from where, and changing a service as one."""

from collections.abc import Iterator

import pytest
from support_registry import NOW, open_registry, small_province

from inventory.catalogue import end_service, write_service
from inventory.changes import put, put_template
from inventory.exchange.faults import BadRows
from inventory.plan import addressed, host_of
from inventory.registry import Registry
from inventory.state import State


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        small_province(state)
        put_template(state, NOW, level="commune", vantage="unit", label="S", role="service", service="*")
        yield state


def check(name: str, kind: str, target: str, **more: object) -> dict[str, object]:
    return {"name": name, "kind": kind, "target": target, **more}


PAGE, CERTIFICATE = check("Trang", "http", "{address}"), check("Chứng thư", "tls", "{endpoint}")
NAME = check("Tên miền", "dns", "{host}@{resolver}")


def found(state: State, unit: str = "11950") -> list[tuple[str, str, str]]:
    return [(c.label, c.check.kind, c.check.target) for c in Registry(state).checks_of(unit)]


def test_a_service_gives_one_check_for_each_of_its_own_under_both_names(state: State) -> None:
    service = {"code": "qlvb", "name": "QLVB", "address": "https://qlvb.example:8443/app/"}
    write_service(state, NOW, service, [PAGE, CERTIFICATE])
    assert found(state) == [
        ("QLVB: Trang", "http", "https://qlvb.example:8443/app/"),
        ("QLVB: Chứng thư", "tls", "qlvb.example:8443"),
    ]
    assert {each.service for each in Registry(state).checks_of("11950")} == {"qlvb"}


def test_the_only_check_of_a_service_has_the_services_name(state: State) -> None:
    write_service(state, NOW, {"code": "qlvb", "name": "QLVB", "address": "qlvb.example"}, [CERTIFICATE])
    assert found(state) == [("QLVB", "tls", "qlvb.example:443")]


def test_a_check_that_wants_an_address_waits_for_it(state: State) -> None:
    fixed = check("Cổng", "tcp", "10.0.0.1:80")
    write_service(state, NOW, {"code": "qlvb", "name": "QLVB"}, [PAGE, CERTIFICATE, fixed])
    assert found(state) == [("QLVB: Cổng", "tcp", "10.0.0.1:80")]
    write_service(state, NOW + 1, {"code": "qlvb", "address": "qlvb.example"})
    assert [kind for _, kind, _ in found(state)] == ["tcp", "http", "tls"]


def test_a_services_name_is_asked_of_each_resolver_of_the_unit(state: State) -> None:
    put(state, NOW, {"links": [{"unit": "11950", "kind": "wan", "resolvers": "10.0.0.53 fd00::53"}]})
    write_service(
        state, NOW, {"code": "qlvb", "name": "QLVB", "address": "https://qlvb.example/"}, [PAGE, NAME]
    )
    assert found(state)[1:] == [
        ("QLVB: Tên miền qlvb.example@10.0.0.53", "dns", "qlvb.example@10.0.0.53"),
        ("QLVB: Tên miền qlvb.example@[fd00::53]", "dns", "qlvb.example@[fd00::53]"),
    ]
    assert len(found(state, "11953")) == 1


def test_parameters_take_the_units_proxy_and_leave_it_out_where_there_is_none(state: State) -> None:
    links = [
        {"unit": "11950", "kind": "wan"},
        {"unit": "11950", "kind": "internet", "proxy": "10.0.0.9:3128"},
    ]
    put(state, NOW, {"links": links})
    page = check("Trang", "http", "{address}", params={"proxy": "{proxy}"})
    write_service(state, NOW, {"code": "qlvb", "name": "QLVB", "address": "https://qlvb.example/"}, [page])
    registry = Registry(state)
    assert [dict(c.check.params) for unit in ("11950", "11953") for c in registry.checks_of(unit)] == [
        {"proxy": "10.0.0.9:3128"},
        {},
    ]


def test_cameras_are_asked_for_their_picture_each_with_its_own_access(state: State) -> None:
    devices = [
        {"unit": "11950", "name": "Quầy 1", "kind": "camera", "address": "10.1.0.9", "stream": "/live"},
        {"unit": "11950", "name": "Quầy 2", "kind": "camera", "address": "fd00::9", "stream": ":8554/a"},
        {"unit": "11950", "name": "Router", "kind": "router", "address": "10.1.0.1"},
    ]
    devices[1]["access"] = '{"user": "other"}'
    put(state, NOW, {"watched_devices": devices})
    picture = check("Hình", "rtsp", "rtsp://{stream}", params={"user": "camera", "transport": "tcp"})
    clock = check("Giờ", "onvif", "http://{camera}/onvif")
    write_service(state, NOW, {"code": "camera", "name": "Camera"}, [picture, clock])
    assert found(state) == [
        ("Camera: Hình: Quầy 1", "rtsp", "rtsp://10.1.0.9/live"),
        ("Camera: Hình: Quầy 2", "rtsp", "rtsp://[fd00::9]:8554/a"),
        ("Camera: Giờ: Quầy 1", "onvif", "http://10.1.0.9/onvif"),
        ("Camera: Giờ: Quầy 2", "onvif", "http://[fd00::9]/onvif"),
    ]
    assert [dict(c.check.params) for c in Registry(state).checks_of("11950")] == [
        {"user": "camera", "transport": "tcp"},
        {"user": "other", "transport": "tcp"},
        {},
        {"user": "other"},
    ]


def test_writing_a_service_ends_the_checks_that_it_has_no_more(state: State) -> None:
    service = {"code": "qlvb", "name": "QLVB", "address": "qlvb.example"}
    write_service(state, NOW, {**service, "code": "dvc"}, [PAGE])
    write_service(state, NOW, service, [PAGE, CERTIFICATE])
    assert write_service(state, NOW + 1, {"code": "qlvb"}, [CERTIFICATE])
    assert not write_service(state, NOW + 2, {"code": "qlvb"}, [CERTIFICATE])
    registry = Registry(state)
    assert [c.name for c in registry.service_checks("qlvb", NOW + 1)] == ["Chứng thư"]
    assert [c.name for c in registry.service_checks("qlvb", NOW)] == ["Trang", "Chứng thư"]
    assert [c.name for c in registry.service_checks("dvc", NOW + 1)] == ["Trang"]


def test_a_service_that_ended_is_not_checked_and_its_history_is_there(state: State) -> None:
    write_service(state, NOW, {"code": "qlvb", "name": "QLVB", "address": "qlvb.example"}, [PAGE])
    assert end_service(state, NOW + 5, "qlvb")
    assert not end_service(state, NOW + 6, "qlvb")
    registry = Registry(state)
    assert (found(state), registry.services(NOW + 5), registry.service_checks("qlvb", NOW + 5)) == (
        [],
        [],
        [],
    )
    known = registry.service("qlvb", NOW)
    assert known is not None
    assert known.name == "QLVB"


def test_a_service_with_a_fault_in_a_check_is_not_written(state: State) -> None:
    with pytest.raises(BadRows):
        write_service(state, NOW, {"code": "qlvb", "name": "QLVB"}, [PAGE, check("x", "http", "{gw}")])
    assert Registry(state).services(NOW) == []


@pytest.mark.parametrize(
    ("address", "host", "endpoint"),
    [
        ("qlvb.example", "qlvb.example", "qlvb.example:443"),
        ("https://qlvb.example/app", "qlvb.example", "qlvb.example:443"),
        ("http://10.0.0.1/", "10.0.0.1", "10.0.0.1:80"),
        ("10.0.0.1:8443", "10.0.0.1", "10.0.0.1:8443"),
        ("fd00::1", "fd00::1", "[fd00::1]:443"),
        ("https://[fd00::1]:8443/", "fd00::1", "[fd00::1]:8443"),
        ("https://[fd00::1/", "", None),
        ("x.vn:99999", "", None),
        ("", "", None),
    ],
)
def test_an_address_has_a_host_and_an_endpoint(address: str, host: str, endpoint: str | None) -> None:
    assert host_of(address) == host
    assert addressed("{endpoint}", address) == endpoint
