"""Coverage from inventories in the state store to the API: facts made once, days kept, tables by unit, district and level."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support_machines import DAY, NOW, pc, put, told
from support_registry import small_province
from support_web import Web, web

from inventory.census import keeper
from inventory.census.coverage import day_of
from inventory.census.lists import of_unit
from inventory.census.tables import coverage_days, machine_facts
from inventory.changes import put as put_registry
from inventory.machines.tables import heard
from inventory.stock import take_stock
from web.auth import Role

UNIT = "11950"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as made:
        small_province(made.state)
        unit = {
            "code": UNIT,
            "name": "Xã Một",
            "level": "commune",
            "parent": "323",
            "staff": 4,
            "valid_from": NOW - 400 * DAY,
        }
        put_registry(made.state, NOW - 300 * DAY, {"units": [unit]})
        made.context.registry.refresh()
        made.clock.set(NOW)
        yield made


def stock(nhip: Web, now: int = NOW) -> None:
    take_stock(nhip.state, nhip.context.machines, nhip.context.registry.units(now), now)


def test_facts_are_made_once_and_anew_when_a_machine_is_heard_again(nhip: Web) -> None:
    put(nhip.state, told(pc(1)), told(pc(2)))
    assert keeper.refresh(nhip.state) == 2
    assert keeper.refresh(nhip.state) == 0
    put(nhip.state, told(pc(1, drives=[{"letter": "C:", "total": 100, "free": 5}]), NOW + DAY))
    assert keeper.refresh(nhip.state) == 1
    with nhip.state.read() as connection:
        names = nhip.context.machines.names_of_faces()
        assert sorted(each.facts.free_ratio or 0 for each in keeper.counted(connection, names)) == [0.05, 0.2]


def test_machines_whose_agents_have_one_name_are_counted_each(nhip: Web) -> None:
    put(nhip.state, *(told(pc(n, device="from-one-image")) for n in (1, 2, 3)))
    stock(nhip)
    listed = of_unit(nhip.state, nhip.context.machines, "11950")
    assert [each.facts.serial for each in listed] == ["SN000001", "SN000002", "SN000003"]
    assert [each.last_seen for each in listed] == [NOW] * 3
    put(
        nhip.state,
        told(pc(2, device="from-one-image"), NOW + DAY),
        told(pc(1, device="from-one-image"), NOW + DAY),
    )
    listed = of_unit(nhip.state, nhip.context.machines, "11950")
    assert [each.last_seen - NOW for each in listed] == [DAY, DAY, 0]


def test_what_an_agent_told_before_a_repair_counts_no_more(nhip: Web) -> None:
    told_of = {"antivirus": [{"name": "Kaspersky", "enabled": True}]}
    put(nhip.state, told(pc(1, **told_of)))
    renamed = {**pc(1)["content"]["hardware"], "name": "KETOAN-MOI"}
    put(nhip.state, told(pc(1, hardware=renamed, antivirus=[]), NOW + DAY))
    (listed,) = of_unit(nhip.state, nhip.context.machines, "11950")
    assert len(nhip.context.machines.faces_of(listed.name)) == 2
    assert listed.facts.antivirus is None


def test_facts_that_were_lost_are_made_again_as_they_were(nhip: Web) -> None:
    put(nhip.state, *(told(pc(n)) for n in range(1, 6)))
    kept = []
    for _ in range(2):
        keeper.refresh(nhip.state)
        with nhip.state.write() as connection:
            kept.append(sorted(map(tuple, connection.execute(sa.select(machine_facts)))))
            connection.execute(sa.delete(machine_facts))
    assert kept[0] == kept[1]
    assert len(kept[0]) == 5


def test_a_pc_with_two_agents_is_one(nhip: Web) -> None:
    put(nhip.state, told(pc(1)), told(pc(1, device="ocs")))
    keeper.refresh(nhip.state)
    with nhip.state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(heard)) == 2
        assert len(keeper.counted(connection, nhip.context.machines.names_of_faces())) == 1


def test_a_day_is_kept_once_and_says_how_it_was_at_its_end(nhip: Web) -> None:
    put(nhip.state, told(pc(1)))
    stock(nhip)
    put(nhip.state, told(pc(2)))
    stock(nhip, NOW + 1)
    stock(nhip, NOW + 2)
    with nhip.state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(coverage_days)) == 5
        assert keeper.days(connection, 0, 1 << 40)[day_of(NOW)][UNIT].pcs == 2


async def test_the_api_tells_each_unit_each_with_all_below_and_each_level(nhip: Web) -> None:
    put(nhip.state, *(told(pc(n)) for n in range(1, 4)))
    put(
        nhip.state,
        told(
            pc(9, hardware={"name": "PC9", "memory": 4_096, "uuid": "4C4C4544-0000-0009-8000-C2C04F503732"}),
            unit="11953",
        ),
    )
    viewer = nhip.client(Role.VIEWER)
    assert (await viewer.get("/api/v1/coverage")).json()["day"] is None
    stock(nhip)

    async def table(by: str) -> dict[str, dict[str, object]]:
        answer = (await viewer.get("/api/v1/coverage", params={"by": by})).json()
        assert answer["day"] == day_of(NOW)
        return {each["code"] or each["level"]: each for each in answer["items"]}

    unit = (await table("unit"))[UNIT]
    assert (unit["per_official"], unit["target"], unit["name"]) == (0.75, 0.9, "Xã Một")
    counts = unit["counts"]
    assert isinstance(counts, dict)
    assert (counts["wanted"], counts["short"], counts["pcs"], counts["memory_low"]) == (4, 1, 3, 0)
    district = (await table("below"))["323"]
    assert isinstance(district["counts"], dict)
    assert (district["counts"]["pcs"], district["counts"]["memory_low"], district["target"]) == (4, 1, None)
    assert set(await table("level")) == {"province", "department", "district", "commune"}


async def test_the_trend_of_a_unit_is_told_day_by_day(nhip: Web) -> None:
    put(nhip.state, told(pc(1)))
    stock(nhip)
    put(nhip.state, told(pc(2), NOW + DAY))
    stock(nhip, NOW + DAY)
    nhip.clock.set(NOW + DAY)
    viewer = nhip.client(Role.VIEWER)
    found = (await viewer.get("/api/v1/coverage/days", params={"unit": "33"})).json()
    assert [(each["day"] - day_of(NOW), each["counts"]["pcs"]) for each in found] == [(0, 1), (1, 2)]
    assert len((await viewer.get("/api/v1/coverage/days", params={"unit": "33", "days": 1})).json()) == 1
    assert (await viewer.get("/api/v1/coverage/days", params={"unit": "nowhere"})).status_code == 404


async def test_the_machines_behind_a_count_are_told_with_what_makes_them_so(nhip: Web) -> None:
    small = {"name": "PC-NHO", "memory": 4_096, "uuid": "4C4C4544-0000-0009-8000-C2C04F503732"}
    put(nhip.state, told(pc(1)), told(pc(9, hardware=small), unit="11953"), told(pc(3), NOW - 40 * DAY))
    stock(nhip)
    viewer = nhip.client(Role.VIEWER)

    async def names(**wanted: str) -> list[str]:
        answer = await viewer.get("/api/v1/coverage/machines", params=wanted)
        return [each["hostname"] for each in answer.json()["items"]]

    assert await names(count="memory_low") == ["PC-NHO"]
    assert await names(count="memory_low", unit="323") == ["PC-NHO"]
    assert await names(count="memory_low", unit=UNIT) == []
    assert await names(count="silent") == ["PC3"]
    assert sorted(await names(count="pcs", unit="33")) == ["PC-NHO", "PC1"]
    assert (await viewer.get("/api/v1/coverage/machines", params={"count": "staff"})).status_code == 422
