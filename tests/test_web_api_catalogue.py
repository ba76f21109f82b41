"""`/api/v1/services`: everyone sees the catalogue, an admin changes it, and what is wrong is named."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_registry import small_province
from support_web import Web, web

from inventory.changes import put_template
from web.api.problems import BASE
from web.auth import Role

PATH = "/api/v1/services"
PAGE = {"name": "Trang", "kind": "http", "target": "{address}", "params": {"verify": True}}
CERTIFICATE = {"name": "Chứng thư", "kind": "tls", "target": "{endpoint}", "interval_ms": 3_600_000}
QLVB = {
    "name": "Quản lý văn bản",
    "owner": "Sở TT&TT",
    "address": "https://qlvb.example/",
    "objective_percent": 99.5,
    "slow_ms": 3000,
    "hours": "mon-fri 7:00-17:00",
    "checks": [PAGE, CERTIFICATE],
}


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as made:
        now = made.clock.now()
        small_province(made.state, now)
        put_template(made.state, now, level="all", vantage="unit", label="S", role="service", service="*")
        yield made


def kind_of(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).removeprefix(BASE)


async def test_an_admin_adds_a_service_that_everyone_sees(nhip: Web) -> None:
    made = await nhip.client(Role.ADMIN).put(f"{PATH}/qlvb", json=QLVB)
    checks = [
        PAGE | {"interval_ms": 30_000, "timeout_ms": 10_000},
        CERTIFICATE | {"params": {}, "timeout_ms": 10_000},
    ]
    shown = QLVB | {
        "code": "qlvb",
        "hours": "T2-T6 07:00-17:00",
        "domain_until": None,
        "note": "",
        "valid_from": nhip.clock.now(),
        "planned": 8,
        "checks": checks,
    }
    assert (made.status_code, made.json()) == (201, shown)
    seen = shown | {"checks": [check | {"params": None} for check in checks]}
    viewer = nhip.client(Role.VIEWER)
    assert (await viewer.get(f"{PATH}/qlvb")).json() == seen
    assert (await viewer.get(PATH)).json() == {"items": [seen], "next": None}


async def test_a_service_is_from_now_on_as_it_is_put(nhip: Web) -> None:
    admin = nhip.client(Role.ADMIN)
    await admin.put(f"{PATH}/qlvb", json=QLVB)
    await nhip.clock.advance(1_000)
    made = await admin.put(f"{PATH}/qlvb", json={"name": "QLVB", "checks": [PAGE]})
    shown = made.json()
    assert made.status_code == 200
    assert (shown["name"], shown["address"], shown["objective_percent"]) == ("QLVB", "", None)
    assert [check["name"] for check in shown["checks"]] == ["Trang"]
    assert shown["planned"] == 0


async def test_putting_the_same_twice_changes_nothing(nhip: Web) -> None:
    admin = nhip.client(Role.ADMIN)
    first = await admin.put(f"{PATH}/qlvb", json=QLVB)
    revision = nhip.context.registry.revision
    await nhip.clock.advance(1_000)
    assert (await admin.put(f"{PATH}/qlvb", json=QLVB)).json() == first.json()
    assert nhip.context.registry.revision == revision


async def test_a_service_that_is_deleted_ends(nhip: Web) -> None:
    admin = nhip.client(Role.ADMIN)
    await admin.put(f"{PATH}/qlvb", json=QLVB)
    await nhip.clock.advance(1_000)
    assert (await admin.delete(f"{PATH}/qlvb")).status_code == 204
    assert kind_of(await admin.get(f"{PATH}/qlvb")) == "not-found"
    assert kind_of(await admin.delete(f"{PATH}/qlvb")) == "not-found"
    assert (await admin.get(PATH)).json()["items"] == []
    assert nhip.context.registry.checks() == {}


async def test_less_than_an_admin_may_not_change_the_catalogue(nhip: Web) -> None:
    operator = nhip.client(Role.OPERATOR)
    assert kind_of(await operator.put(f"{PATH}/qlvb", json=QLVB)) == "refused"
    assert kind_of(await operator.delete(f"{PATH}/qlvb")) == "refused"


@pytest.mark.parametrize(
    ("wanted", "errors"),
    [
        (
            QLVB | {"checks": [PAGE, PAGE | {"name": "x", "target": "{gw}"}]},
            [{"where": "service_checks.1.target", "what": "unknown placeholder|{gw}"}],
        ),
        (
            QLVB | {"checks": [PAGE, PAGE]},
            [{"where": "service_checks.1.service", "what": "duplicate|row 1"}],
        ),
        (QLVB | {"hours": "soon"}, [{"where": "services.0.hours", "what": "bad hours|soon"}]),
        (QLVB | {"address": "a b"}, [{"where": "services.0.address", "what": "bad address|a b"}]),
        (
            QLVB | {"checks": [PAGE | {"interval_ms": 5}]},
            [
                {
                    "where": "service_checks.0.interval_ms",
                    "what": "out of range|5 is not between 100 and 86400000",
                }
            ],
        ),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(nhip: Web, wanted: dict, errors: list) -> None:
    answer = await nhip.client(Role.ADMIN).put(f"{PATH}/qlvb", json=wanted)
    assert (kind_of(answer), answer.json()["errors"]) == ("bad-input", errors)
    assert kind_of(await nhip.client().get(f"{PATH}/qlvb")) == "not-signed-in"
    assert kind_of(await nhip.client(Role.VIEWER).get(f"{PATH}/qlvb")) == "not-found"


async def test_unknown_fields_and_bad_codes_are_refused(nhip: Web) -> None:
    admin = nhip.client(Role.ADMIN)
    assert kind_of(await admin.put(f"{PATH}/qlvb", json=QLVB | {"colour": "red"})) == "invalid"
    assert kind_of(await admin.put(f"{PATH}/a b", json=QLVB)) == "bad-input"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
_texts = st.text(max_size=20) | st.sampled_from(
    ["{address}", "x.vn", "https://[", "//@", "x:0", "T2 7:00-8:00"]
)
_checks = st.lists(
    st.fixed_dictionaries(
        {
            "name": _texts,
            "kind": st.sampled_from(["http", "tls"]) | _texts,
            "target": _texts,
            "params": st.dictionaries(st.text(max_size=5), _json, max_size=2),
            "interval_ms": st.integers(),
        }
    ),
    max_size=2,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.fixed_dictionaries(
        {"name": _texts, "address": _texts, "hours": _texts, "objective_percent": _json, "checks": _checks}
    )
)
async def test_whatever_is_put_is_taken_or_a_problem_of_the_client(nhip: Web, wanted: dict) -> None:
    answer = await nhip.client(Role.ADMIN).put(f"{PATH}/x", json=wanted)
    assert answer.status_code in (200, 201, 400, 422)
