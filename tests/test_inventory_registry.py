"""The registry as others read it: a snapshot that follows changes, with checks whose ids last."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from support_registry import NOW, THEN, open_registry, small_province

from core.errors import BadInput
from core.values import Level
from inventory import tables
from inventory.changes import (
    put,
    put_link,
    put_service,
    put_service_check,
    put_template,
    put_unit,
    set_setting,
)
from inventory.rebuild import rebuild_if_due
from inventory.registry import Registry
from inventory.state import State

DAY = 86_400_000


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        small_province(state)
        put_template(
            state,
            NOW,
            level="all",
            vantage="unit",
            label="Gateway",
            role="lan",
            kind="icmp",
            target="{gateway}",
            interval_ms=5000,
            timeout_ms=2000,
            params={"count": 3},
        )
        put_link(state, NOW, unit="11950", kind="wan", gateway="10.1.1.1")
        yield state


def only(registry: Registry) -> int:
    (id_,) = registry.checks()
    return id_


def test_units_come_as_province_departments_and_districts_with_their_communes(state: State) -> None:
    put_unit(state, NOW, code="324", name="Huyện Ba", level="district", parent="33")
    put_unit(state, NOW, code="11999", name="Xã Ba", level="commune", parent="323")
    codes = [unit.code for unit in Registry(state).units(NOW)]
    assert codes == ["33", "so-yt", "323", "11950", "11953", "11999", "324"]


def test_a_renamed_unit_has_both_names_each_in_its_time(state: State) -> None:
    put_unit(state, NOW, code="11950", name="Phường Một")
    registry = Registry(state)
    before, after = registry.unit("11950", NOW - 1), registry.unit("11950", NOW)
    assert before
    assert after
    assert (before.name, after.name) == ("Xã Một", "Phường Một")
    assert (before.valid_to, after.valid_from) == (NOW, NOW)


def test_a_unit_does_not_exist_before_its_time_nor_after(state: State) -> None:
    put_unit(state, NOW, code="11953", valid_to=NOW + DAY)
    registry = Registry(state)
    existing = [registry.unit("11953", at) is not None for at in (THEN - 1, THEN, NOW + DAY - 1, NOW + DAY)]
    assert existing == [False, True, True, False]


def test_a_check_is_known_by_id_with_what_the_probe_needs(state: State) -> None:
    registry = Registry(state)
    planned = registry.checks()[only(registry)]
    check = planned.check
    assert (planned.vantage, planned.about, planned.role, planned.label) == (
        "11950",
        "11950",
        "lan",
        "Gateway",
    )
    assert (check.kind, check.target, check.interval_ms, check.timeout_ms) == ("icmp", "10.1.1.1", 5000, 2000)
    assert dict(check.params) == {"count": 3}
    assert registry.checks_of("11950") == [planned]
    assert registry.checks_of("nowhere") == ()


def test_the_plan_of_a_unit_has_its_checks_with_their_roles(state: State) -> None:
    plan = Registry(state).plan("11950")
    assert plan.unit == "11950"
    (check,) = plan.checks
    assert (check.target, check.role, check.params) == ("10.1.1.1", "lan", {"count": 3})
    assert Registry(state).plan("11953").checks == []


def test_the_province_reports_each_second_and_units_each_five(state: State) -> None:
    registry = Registry(state)
    assert (registry.plan("33").report_every_ms, registry.plan("11950").report_every_ms) == (1000, 5000)


def test_settings_change_the_plans(state: State) -> None:
    set_setting(state, NOW, "report_every_ms", 9000)
    set_setting(state, NOW, "backlog_bytes_per_s", 1234)
    plan = Registry(state).plan("11950")
    assert (plan.report_every_ms, plan.backlog_bytes_per_s) == (9000, 1234)


def test_a_snapshot_stands_until_it_is_refreshed(state: State) -> None:
    registry = Registry(state)
    revision = registry.revision
    assert not registry.refresh()
    put_link(state, NOW, unit="11953", kind="wan", gateway="10.1.1.2")
    assert len(registry.checks()) == 1
    assert registry.refresh()
    assert len(registry.checks()) == 2
    assert registry.revision == revision + 1
    assert not registry.refresh()


def test_a_change_by_another_process_is_seen(state: State) -> None:
    registry = Registry(state)
    other = State(state.path)
    set_setting(other, NOW, "heartbeat_ms", 3000)
    other.close()
    assert registry.refresh()
    assert registry.plan("11950").heartbeat_ms == 3000


def test_saying_the_same_again_changes_nothing(state: State) -> None:
    registry = Registry(state)
    assert not put_link(state, NOW + 1, unit="11950", kind="wan", gateway="10.1.1.1")
    assert not registry.refresh()


def test_a_check_keeps_its_id_when_only_its_pace_changes(state: State) -> None:
    registry = Registry(state)
    id_ = only(registry)
    put_template(state, NOW + 1, level="all", vantage="unit", label="Gateway", interval_ms=9000)
    registry.refresh()
    assert only(registry) == id_
    assert registry.checks()[id_].check.interval_ms == 9000


def test_a_check_of_another_target_is_another_and_the_old_one_stays_known(state: State) -> None:
    registry = Registry(state)
    old = only(registry)
    put_link(state, NOW + 1, unit="11950", kind="wan", gateway="10.9.9.9")
    registry.refresh()
    assert only(registry) != old
    ended = registry.check(old)
    assert ended
    assert ended.check.target == "10.1.1.1"
    assert registry.check(10**9) is None


def test_a_check_that_comes_back_goes_on_under_its_old_id(state: State) -> None:
    registry = Registry(state)
    old = only(registry)
    for at, gateway in ((1, "10.9.9.9"), (2, "10.1.1.1")):
        put_link(state, NOW + at, unit="11950", kind="wan", gateway=gateway)
    registry.refresh()
    assert only(registry) == old


def test_renaming_a_unit_keeps_its_checks(state: State) -> None:
    registry = Registry(state)
    old = only(registry)
    put_unit(state, NOW + 1, code="11950", name="Phường Một")
    registry.refresh()
    assert only(registry) == old


def test_what_begins_by_itself_is_planned_when_its_time_comes(state: State) -> None:
    put_link(state, NOW, unit="11953", kind="wan", gateway="10.1.1.2", valid_from=NOW + DAY)
    registry = Registry(state)
    assert len(registry.checks()) == 1
    assert not rebuild_if_due(state, NOW + DAY - 1)
    assert rebuild_if_due(state, NOW + DAY)
    assert not rebuild_if_due(state, NOW + DAY)
    registry.refresh()
    assert len(registry.checks()) == 2


def test_ended_checks_are_kept_with_the_time_of_their_end(state: State) -> None:
    put_unit(state, NOW, code="11950", valid_to=NOW + DAY)
    rebuild_if_due(state, NOW + DAY + 5)
    with state.read() as connection:
        (row,) = connection.execute(sa.select(tables.checks)).all()
    assert (row.since, row.until) == (NOW, NOW + DAY + 5)


def test_reading_needs_no_database(state: State) -> None:
    registry = Registry(state)
    state.close()
    state.path.rename(state.path.with_suffix(".away"))
    assert registry.unit("11950", NOW)
    assert len(registry.units(NOW)) == 5
    assert registry.plan("11950").checks
    assert registry.unit("33", NOW).level is Level.PROVINCE  # type: ignore[union-attr]


def test_an_empty_registry_is_a_registry() -> None:
    with open_registry() as state:
        registry = Registry(state)
        assert (registry.revision, registry.units(NOW), dict(registry.checks())) == (0, (), {})
        assert registry.plan("33").checks == []


def test_many_rows_of_several_tables_go_in_at_once(state: State) -> None:
    service = {"code": "dvc", "name": "Cổng"}
    check = {"service": "dvc", "name": "Trang", "kind": "http", "target": "http://127.0.0.1/"}
    line = {"level": "all", "vantage": "unit", "label": "Services", "role": "service", "service": "dvc"}
    put(state, NOW, {"services": [service], "service_checks": [check], "templates": [line]})
    registry = Registry(state)
    assert sum(each.role == "service" for each in registry.checks().values()) == 4
    assert registry.revision == 4


def test_a_service_is_checked_each_thirty_seconds_unless_it_says_otherwise(state: State) -> None:
    put_service(state, NOW, code="dvc", name="Cổng")
    put_service_check(state, NOW, service="dvc", name="TCP", kind="tcp", target="127.0.0.1:80")
    put_template(state, NOW, level="department", vantage="unit", label="S", role="service", service="*")
    (planned,) = Registry(state).checks_of("so-yt")
    assert planned.check.interval_ms == 30_000


def test_addresses_that_an_admin_allowed_are_in_every_plan(state: State) -> None:
    assert Registry(state).plan("11950").allowed == []
    set_setting(state, NOW, "allowed_addresses", "127.0.0.1, 169.254.1.7/24")
    assert Registry(state).plan("11950").allowed == ["127.0.0.1/32", "169.254.1.0/24"]


def test_a_network_that_is_none_is_not_taken(state: State) -> None:
    with pytest.raises(BadInput, match="bad network"):
        set_setting(state, NOW, "allowed_addresses", "127.0.0.1 everywhere")
