"""Which checks follow from units, links, services and templates."""

from dataclasses import replace

import pytest

from core.values import Level
from inventory.plan import Contents, Planned, plan
from inventory.records import Link, Maintenance, Service, ServiceCheck, Setting, Template, Unit, WatchedDevice

PROVINCE = Unit("33", "Tỉnh", Level.PROVINCE, None, None, "", None, None, 0, None)
COMMUNE = Unit("11950", "Xã", Level.COMMUNE, "33", None, "", None, None, 0, None)
LINK = Link(
    "11950",
    "wan",
    "",
    "",
    "",
    None,
    None,
    "10.1.1.1",
    "10.2.2.2",
    "10.3.3.3",
    "",
    "",
    None,
    None,
    None,
    "",
    0,
    None,
)
PING = Template("all", "unit", "Gateway", "lan", "icmp", "{gateway}", "", 5000, 2000, "", 0, None)
PORTAL = Service("dvc", "Cổng DVC", "", "https://dvc.example/", None, None, "", None, "", 0, None)
PAGE = ServiceCheck("dvc", "Trang chủ", "http", "{address}", '{"verify": true}', 30_000, 9_000, 0, None)
EVERY_SERVICE = Template("all", "unit", "Services", "service", "", "", "*", None, None, "", 0, None)


def planned(*things: object, at: int = 1) -> list[Planned]:
    def those(kind: type) -> list:
        return [thing for thing in things if isinstance(thing, kind)]

    kinds = (Unit, Link, Service, Template, Setting, WatchedDevice, Maintenance, ServiceCheck)
    return plan(Contents(*map(those, kinds)), at)


def targets(*things: object, at: int = 1) -> list[str]:
    return [check.target for check in planned(*things, at=at)]


@pytest.mark.parametrize(
    ("pattern", "target"),
    [("{gateway}", "10.1.1.1"), ("{router}", "10.2.2.2"), ("{hub}", "10.3.3.3"), ("{centre}", "127.0.0.1")],
)
def test_a_placeholder_is_filled_from_the_units_link_or_the_settings(pattern: str, target: str) -> None:
    assert targets(PROVINCE, COMMUNE, LINK, replace(PING, target=pattern)) == [target]


def test_a_template_whose_placeholder_is_empty_gives_no_check() -> None:
    assert targets(PROVINCE, COMMUNE, replace(LINK, gateway=""), PING) == []
    assert targets(PROVINCE, COMMUNE, PING) == []


def test_each_address_of_a_dual_stack_gateway_is_checked_and_named() -> None:
    checks = planned(PROVINCE, COMMUNE, replace(LINK, gateway="10.1.1.1 fd00::1"), PING)
    assert [(check.target, check.label) for check in checks] == [
        ("10.1.1.1", "Gateway 10.1.1.1"),
        ("fd00::1", "Gateway fd00::1"),
    ]


def test_an_ipv6_address_beside_a_port_gets_brackets() -> None:
    web = replace(PING, kind="tcp", target="{gateway}:80")
    assert targets(PROVINCE, COMMUNE, replace(LINK, gateway="fd00::1"), web) == ["[fd00::1]:80"]


def test_the_same_target_over_two_links_is_checked_once() -> None:
    assert targets(PROVINCE, COMMUNE, LINK, replace(LINK, kind="internet"), PING) == ["10.1.1.1"]


def test_the_centres_own_vantage_checks_the_routers_of_units() -> None:
    router = replace(PING, vantage="centre", target="{router}", role="line")
    (check,) = planned(PROVINCE, COMMUNE, LINK, router)
    assert (check.vantage, check.about, check.role, check.target) == ("33", "11950", "line", "10.2.2.2")


def test_without_a_province_nothing_is_checked_from_the_centre() -> None:
    router = replace(PING, vantage="centre", target="{router}")
    assert targets(replace(COMMUNE, parent=None), LINK, router) == []


def test_all_means_every_unit_but_the_provinces_own() -> None:
    assert [check.about for check in planned(PROVINCE, COMMUNE, PORTAL, PAGE, EVERY_SERVICE)] == ["11950"]


def test_a_template_of_a_level_leaves_other_levels_alone() -> None:
    own = replace(EVERY_SERVICE, level="province")
    assert [check.about for check in planned(PROVINCE, COMMUNE, PORTAL, PAGE, own)] == ["33"]


def test_a_service_check_is_as_the_service_says() -> None:
    (check,) = planned(PROVINCE, COMMUNE, PORTAL, PAGE, EVERY_SERVICE)
    assert (check.kind, check.target, check.params) == ("http", "https://dvc.example/", '{"verify": true}')
    assert (check.interval_ms, check.timeout_ms, check.label, check.service) == (
        30_000,
        9_000,
        "Cổng DVC",
        "dvc",
    )


def test_a_template_can_check_one_service_at_its_own_pace() -> None:
    one = replace(EVERY_SERVICE, service="dvc", interval_ms=60_000)
    other, page = replace(PORTAL, code="qlvb"), replace(PAGE, service="qlvb")
    found = planned(PROVINCE, COMMUNE, PORTAL, PAGE, other, page, one)
    assert [(check.service, check.interval_ms) for check in found] == [("dvc", 60_000)]


def test_what_is_not_valid_now_plans_nothing() -> None:
    for thing in (COMMUNE, LINK, PING):
        things = [PROVINCE, COMMUNE, LINK, PING]
        things[things.index(thing)] = replace(thing, valid_to=10)
        assert targets(*things, at=9) == ["10.1.1.1"]
        assert targets(*things, at=10) == []


def test_the_centres_address_is_a_setting() -> None:
    ping = replace(PING, target="{centre}")
    assert targets(PROVINCE, COMMUNE, ping, Setting("centre", "10.0.0.9", 0, None)) == ["10.0.0.9"]


def test_the_next_change_is_the_first_beginning_or_end_to_come() -> None:
    contents = Contents(
        [replace(COMMUNE, valid_from=5, valid_to=50)], [replace(LINK, valid_from=20)], [], [], []
    )
    assert [contents.next_change(at) for at in (0, 5, 20, 50)] == [5, 20, 50, None]


def test_pace_label_and_role_are_not_part_of_what_a_check_means() -> None:
    (before,) = planned(PROVINCE, COMMUNE, LINK, PING)
    (after,) = planned(
        PROVINCE, COMMUNE, LINK, replace(PING, label="x", role="line", interval_ms=9000, timeout_ms=1)
    )
    assert before.meaning == after.meaning
    (other,) = planned(PROVINCE, COMMUNE, LINK, replace(PING, params='{"count": 3}'))
    assert other.meaning != before.meaning


def test_two_services_at_one_address_are_two_checks() -> None:
    other = replace(PORTAL, code="qlvb", name="QLVB")
    page = replace(PAGE, service="qlvb")
    checks = planned(PROVINCE, COMMUNE, PORTAL, PAGE, other, page, EVERY_SERVICE)
    assert [check.service for check in checks] == ["dvc", "qlvb"]


def test_watched_devices_are_checked_under_their_own_names_and_asked_over_snmp_where_they_can_be() -> None:
    printer = WatchedDevice("11950", "Máy in", "printer", "10.2.2.30", "", "", "", 0, None)
    switch = WatchedDevice("11950", "Switch", "switch", "fd00::1", '{"community": "noc"}', "", "", 0, None)
    ping = replace(PING, role="device", target="{device}", label="Thiết bị")
    snmp = replace(
        PING, role="device", kind="snmp", target="{snmp}", params='{"version": "2c"}', label="SNMP"
    )
    found = planned(PROVINCE, COMMUNE, ping, snmp, printer, switch)
    assert [(each.label, each.kind, each.target, each.params) for each in found] == [
        ("Máy in", "icmp", "10.2.2.30", ""),
        ("Switch", "icmp", "fd00::1", ""),
        ("Switch", "snmp", "fd00::1", '{"community": "noc", "version": "2c"}'),
    ]


def test_configurations_are_fetched_of_devices_that_say_how_to_sign_in() -> None:
    access = '{"password": "${secret:mang}", "user": "an", "vendor": "cisco"}'
    router = WatchedDevice("11950", "Router", "router", "10.2.2.1", "", "", access, 0, None)
    switch = WatchedDevice("11950", "Switch", "switch", "10.2.2.2", "", "", "", 0, None)
    camera = WatchedDevice("11950", "Camera", "camera", "10.2.2.3", "", "", access, 0, None)
    recorder = WatchedDevice("11950", "Recorder", "other", "10.2.2.4", "", "/1", access, 0, None)
    fetch = replace(PING, role="survey", kind="config", target="{config}", label="Cấu hình")
    found = planned(PROVINCE, COMMUNE, fetch, router, switch, camera, recorder)
    assert [(each.label, each.target, each.params) for each in found] == [("Router", "10.2.2.1", access)]


SPEED = Template(
    "all",
    "unit",
    "Speed",
    "survey",
    "throughput",
    "{centre}",
    "",
    86_400_000,
    120_000,
    '{"bytes": 65536, "contract_down_kbps": "{bandwidth_down_kbps}", "contract_up_kbps": "{bandwidth_up_kbps}"}',
    0,
    None,
)


def test_parameters_take_what_is_contracted_for_the_wan_line() -> None:
    wan = replace(LINK, bandwidth_down_kbps=20_000, bandwidth_up_kbps=0)
    internet = replace(LINK, kind="internet", bandwidth_down_kbps=99, bandwidth_up_kbps=99)
    (check,) = planned(PROVINCE, COMMUNE, internet, wan, SPEED)
    assert check.params == '{"bytes": 65536, "contract_down_kbps": 20000}'


def test_parameters_take_the_objectives_of_the_line_that_is_looked_at() -> None:
    objectives = (
        '{"max_jitter_ms": "{max_jitter_ms}", "max_loss": "{max_loss}", "max_rtt_ms": "{max_rtt_ms}"}'
    )
    wan = replace(LINK, max_rtt_ms=50, max_loss_percent=0)
    internet = replace(
        LINK,
        kind="internet",
        hub="",
        router="",
        gateway="",
        anchors="9.9.9.9",
        max_rtt_ms=80,
        max_jitter_ms=30,
    )
    pings = (
        replace(PING, target=target, label=target, params=objectives) for target in ("{hub}", "{anchor}")
    )
    hub, anchor = planned(PROVINCE, COMMUNE, internet, wan, *pings)
    assert hub.params == '{"max_loss": 0.0, "max_rtt_ms": 50}'
    assert anchor.params == '{"max_jitter_ms": 30, "max_rtt_ms": 80}'


def test_a_name_is_asked_of_each_resolver_and_an_anchor_is_reached_by_tcp() -> None:
    line = replace(LINK, resolvers="10.0.0.53 fd00::53", anchors="9.9.9.9")
    asked = replace(PING, kind="dns", label="DNS", target="example.vn@{resolver}")
    opened = replace(PING, kind="tcp", label="TCP", target="{anchor}:443")
    found = targets(PROVINCE, COMMUNE, line, asked, opened)
    assert found == ["example.vn@10.0.0.53", "example.vn@[fd00::53]", "9.9.9.9:443"]


def test_parameters_leave_out_what_is_not_known_of_a_line() -> None:
    (check,) = planned(PROVINCE, COMMUNE, SPEED)
    assert check.params == '{"bytes": 65536}'
    assert planned(PROVINCE, COMMUNE, LINK, PING)[0].params == ""
