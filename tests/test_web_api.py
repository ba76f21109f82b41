"""The JSON API: answers, pages, problems, roles, and that no parameter breaks it."""

import contextlib
import json
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_registry import small_province
from support_views import DAY, HOUR, FakeViews, check_state, unit_state
from support_web import Web, web

from collector.paths import PathVersion, Trace, TracedHop
from collector.views import Outage
from core.values import Level, Status
from core.wire import Document
from inventory.changes import put
from inventory.devices import store_device, store_host
from lab.manual_clock import ManualClock
from web.api.paging import decode, encode, page_of
from web.api.problems import BASE, KINDS, Problem
from web.api.series import FEW, choose_bucket
from web.api.units import plain
from web.auth import Role
from web.auth.secrets import csrf_of
from web.i18n import local_time

AGENT = "11950-3f2a"


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path) as made:
        yield made


@pytest.fixture
def api(nhip: Web) -> httpx2.AsyncClient:
    client = nhip.client(Role.VIEWER)
    client.base_url = httpx2.URL("http://nhip.test/api/v1/")
    return client


def is_problem(answer: httpx2.Response, kind: str) -> bool:
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and body["type"] == BASE + kind
        and body["status"] == answer.status_code == KINDS[kind][0]
        and body["title"] == KINDS[kind][1]
    )


async def walk(api: httpx2.AsyncClient, path: str, **params: str | int) -> list[dict]:
    items, cursor = [], None
    for _ in range(100):
        answer = await api.get(path, params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            assert "link" not in answer.headers
            return items
    raise AssertionError("it has no last page")


async def test_units_are_those_of_the_wall(nhip: Web, api: httpx2.AsyncClient):
    items = (await api.get("units")).json()["items"]
    assert [item["code"] for item in items] == sorted(nhip.views.units)
    assert items[1] == {
        "code": "11953",
        "name": "Phường Hiến Nam",
        "level": "commune",
        "parent": "323",
        "status": "down",
        "since": nhip.clock.now() - 240_000,
        "reason": "",
        "outage": 7,
        "cause": None,
        "root": None,
        "flapping": 0,
    }


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("state=down", ["11953"]),
        ("level=commune", ["11950", "11953", "11983"]),
        ("parent=33", ["323", "H31.13"]),
        ("q=hien nam", ["11953"]),
        ("q=HIẾN", ["11953"]),
        ("q=h31", ["H31.13"]),
        ("q=nothing", []),
        ("level=commune&state=unknown", ["11983"]),
    ],
)
async def test_units_can_be_narrowed_down(api: httpx2.AsyncClient, query: str, codes: list[str]):
    assert [item["code"] for item in (await api.get(f"units?{query}")).json()["items"]] == codes


async def test_a_unit_tells_its_availability_with_unknown_time_apart(api: httpx2.AsyncClient):
    body = (await api.get("units/11950")).json()
    assert body["agents"] == [AGENT]
    assert set(body["uptime"]) == {"24h", "7d", "30d"}
    day = body["uptime"]["24h"]
    assert (day["down_ms"], day["unknown_ms"]) == (HOUR, HOUR // 2)
    assert day["ratio"] == pytest.approx(22.5 / 23.5)
    assert day["up_ms"] + day["down_ms"] + day["unknown_ms"] == day["end"] - day["start"]


async def test_the_checks_of_a_unit_name_the_series_of_their_figures(api: httpx2.AsyncClient):
    (check,) = (await api.get("units/11950/checks")).json()["items"]
    assert check["figures"]["rtt_mean_seconds"]["series"] == check["series"]["rtt_mean_seconds"]
    history = (await api.get(f"series/{check['series']['rtt_mean_seconds']}")).json()
    assert (history["check"], history["figure"]) == (check["id"], "rtt_mean_seconds")


async def test_outages_are_newest_first_and_can_be_only_the_open_ones(api: httpx2.AsyncClient):
    assert [one["id"] for one in (await api.get("outages")).json()["items"]] == [7, 6]
    assert [one["id"] for one in (await api.get("outages?open=true")).json()["items"]] == [7]
    assert [one["id"] for one in (await api.get("units/11950/outages")).json()["items"]] == [6]


async def test_devices_are_the_machines_that_agents_reported(nhip: Web, api: httpx2.AsyncClient):
    document = Document("host", 5, {"hardware": {"name": "may-01"}, "memory_bytes": 8 << 30})
    with nhip.state.write() as connection:
        store_host(connection, unit="11950", agent=AGENT, document=document, received_at=9)
    (device,) = (await api.get("units/11950/devices")).json()["items"]
    assert (device["hostname"], device["name"], device["sources"]) == ("may-01", "", ["agent"])
    assert device["documents"][0]["body"]["memory_bytes"] == 8 << 30


async def test_interfaces_are_those_that_devices_told_of_with_their_newest_figures(
    nhip: Web, api: httpx2.AsyncClient
):
    body = {
        "address": "10.19.50.1",
        "name": "gw",
        "kind": "router",
        "interfaces": [
            {"index": 1, "name": "ether1", "kind": "ethernet", "alias": "VNPT", "enabled": True},
            "odd",
        ],
    }
    assert isinstance(nhip.views, FakeViews)
    figures = {"uptime_seconds": 9.0, "interface_up#ether1": 1.0, "in_bits_per_second#ether1": 2e6}
    asking = check_state(70, "11950", nhip.clock.now(), kind="snmp", target="10.19.50.1", figures=figures)
    nhip.views.check_states.append(asking)
    with nhip.state.write() as connection:
        store_device(connection, unit="11950", document=Document("device", 5, body), received_at=9)
    (found,) = (await api.get("units/11950/interfaces")).json()["items"]
    assert (found["name"], found["address"], found["check"]) == ("gw", "10.19.50.1", 70)
    (port,) = found["interfaces"]
    assert (port["name"], port["alias"], port["enabled"]) == ("ether1", "VNPT", True)
    assert port["figures"]["in_bits_per_second"] == {
        "at": nhip.clock.now() - 5_000,
        "value": 2e6,
        "series": 7002,
    }
    (check,) = (each for each in (await api.get("units/11950/checks")).json()["items"] if each["id"] == 70)
    assert set(check["figures"]) == {"uptime_seconds"}, "parts of a device have a page of their own"
    (device,) = (await api.get("units/11950/devices")).json()["items"]
    assert (device["sources"], device["addresses"], device["kind"]) == (["snmp"], ["10.19.50.1"], "router")


async def test_an_agent_shows_sums_that_close(api: httpx2.AsyncClient):
    (epoch,) = (await api.get(f"agents/{AGENT}")).json()["epochs"]
    explained = epoch["received"] + epoch["dropped"] + epoch["waiting"] + epoch["missing"]
    assert epoch["produced"] == explained
    assert len((await api.get("agents")).json()["items"]) == 5


async def test_a_series_has_the_distribution_of_each_bucket(nhip: Web, api: httpx2.AsyncClient):
    now = nhip.clock.now()
    body = (await api.get(f"series/100?from={now - HOUR}&to={now}&bucket=60000")).json()
    assert body["bucket_ms"] == 60_000
    at, low, mean, high, samples, median, p95 = body["points"][0]
    assert at % 60_000 == 0
    assert low <= mean <= high
    assert low <= median <= p95 <= high
    assert samples == 12


async def test_a_series_of_too_many_points_is_refused(nhip: Web, api: httpx2.AsyncClient):
    answer = await api.get(f"series/100?from=0&to={nhip.clock.now()}&bucket=1000")
    assert is_problem(answer, "bad-input")
    assert is_problem(await api.get("series/100?from=5&to=5"), "bad-input")


async def test_the_95th_percentile_of_the_running_month_is_of_what_is_over_of_it(
    nhip: Web, api: httpx2.AsyncClient
):
    now = nhip.clock.now()
    body = (await api.get("series/100/percentile")).json()
    assert (body["figure"], body["check"]) == ("rtt_mean_seconds", 1)
    assert body["month"] == f"{local_time(now):%Y-%m}"
    assert (local_time(body["start"]).day, local_time(body["start"]).hour) == (1, 0)
    assert now - 300_000 < body["end"] <= now
    assert body["buckets"] == body["expected"] == (body["end"] - body["start"]) // 300_000
    assert 0.02 < body["value"] < 0.04
    past = (await api.get("series/100/percentile?month=2026-02")).json()
    assert (past["expected"], past["end"] - past["start"]) == (28 * 288, 28 * DAY)


async def test_a_month_that_has_not_begun_has_no_percentile(api: httpx2.AsyncClient):
    body = (await api.get("series/100/percentile?month=2999-12")).json()
    assert (body["value"], body["buckets"], body["expected"]) == (None, 0, 0)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "1969-12", "", "2026-11-01", "٢٠٢٦-١١"])
async def test_what_is_no_month_is_refused(api: httpx2.AsyncClient, month: str):
    assert is_problem(await api.get("series/100/percentile", params={"month": month}), "invalid")


@settings(deadline=None)
@given(st.integers(0, 1 << 53), st.integers(1, 1 << 53))
def test_the_bucket_we_choose_gives_few_points(start: int, length: int):
    bucket = choose_bucket(start, start + length)
    assert bucket >= 1_000 or length < 500_000
    assert length <= bucket * FEW


@pytest.mark.parametrize(
    "path",
    [
        "units/x",
        "units/x/checks",
        "units/x/outages",
        "units/x/devices",
        "units/x/interfaces",
        "agents/x",
        "series/9999",
        "series/9999/percentile",
        "x",
    ],
)
async def test_what_is_not_there_is_a_problem_not_found(api: httpx2.AsyncClient, path: str):
    assert is_problem(await api.get(path), "not-found")


async def test_a_method_that_is_not_known_is_a_problem(api: httpx2.AsyncClient):
    answer = await api.put("units")
    assert is_problem(answer, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_parameters_that_do_not_fit_are_named_and_not_repeated(api: httpx2.AsyncClient):
    answer = await api.get("units?state=sleeping&limit=0")
    assert is_problem(answer, "invalid")
    assert [error["where"] for error in answer.json()["errors"]] == ["query.state", "query.limit"]
    assert "sleeping" not in answer.text


async def test_without_session_or_token_it_is_a_problem(nhip: Web):
    assert is_problem(await nhip.client().get("/api/v1/units"), "not-signed-in")


async def test_a_viewer_may_not_test_a_network(nhip: Web, api: httpx2.AsyncClient):
    answer = await api.post(f"agents/{AGENT}/diagnostics", json={"kind": "ping", "target": "10.0.0.1"})
    assert is_problem(answer, "refused")
    assert nhip.hub.asked == []


async def test_a_technician_tests_a_network_from_an_agents_place(nhip: Web):
    client = nhip.client(Role.TECHNICIAN)
    wanted = {"kind": "tcp", "target": "10.0.0.1:443", "params": {"family": "4"}}
    answer = await client.post(f"/api/v1/agents/{AGENT}/diagnostics", json=wanted)
    assert answer.json() == {
        "status": "up",
        "reason": "",
        "figures": {"rtt_mean_seconds": 0.01},
        "took_ms": 12,
        "details": {},
    }
    assert nhip.hub.asked == [(AGENT, "tcp", "10.0.0.1:443", {"family": "4"}, "technician")]


async def test_only_diagnostics_of_the_fixed_list_are_taken(nhip: Web):
    client = nhip.client(Role.ADMIN)
    for bad in (
        {"kind": "shell", "target": "x"},
        {"kind": "icmp", "target": "x"},
        {"kind": "ping"},
        {"kind": "ping", "target": "x", "run": "y"},
    ):
        assert is_problem(await client.post(f"/api/v1/agents/{AGENT}/diagnostics", json=bad), "invalid")
    assert nhip.hub.asked == []


async def test_an_agent_without_a_channel_cannot_be_asked_now(nhip: Web):
    nhip.hub.online = False
    wanted = {"kind": "ping", "target": "10.0.0.1"}
    answer = await nhip.client(Role.ADMIN).post(f"/api/v1/agents/{AGENT}/diagnostics", json=wanted)
    assert is_problem(answer, "unavailable")
    assert answer.headers["retry-after"] == "10"


async def test_a_browser_needs_the_csrf_token_for_a_diagnostic(nhip: Web):
    browser = await nhip.browser(Role.TECHNICIAN)
    wanted = {"kind": "ping", "target": "10.0.0.1"}
    path = f"/api/v1/agents/{AGENT}/diagnostics"
    assert is_problem(await browser.post(path, json=wanted), "refused")
    headers = {"X-CSRF-Token": csrf_of(browser.cookies["nhip"])}
    assert (await browser.post(path, json=wanted, headers=headers)).status_code == 200


async def test_the_description_names_every_route_of_the_api(nhip: Web, api: httpx2.AsyncClient):
    description = (await api.get("openapi.json")).json()
    assert "/api/v1/units/{code}/outages" in description["paths"]
    assert all(path.startswith("/api/v1/") for path in description["paths"])
    assert "HTTPBearer" in description["components"]["securitySchemes"]


async def test_the_link_to_the_next_page_keeps_the_filters(api: httpx2.AsyncClient):
    answer = await api.get("units?level=commune&limit=2")
    link = answer.headers["link"]
    assert link.endswith('>; rel="next"')
    following = await api.get(link[1 : link.index(">")].removeprefix("/api/v1/"))
    assert [item["code"] for item in following.json()["items"]] == ["11983"]


@pytest.mark.parametrize("path", ["units", "outages", "agents", "units/11950/checks"])
@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_the_pages_together_are_the_whole(api: httpx2.AsyncClient, path: str, limit: int):
    whole = (await api.get(path)).json()["items"]
    assert await walk(api, path, limit=limit) == whole


async def test_outages_that_begin_between_two_pages_move_nothing(nhip: Web, api: httpx2.AsyncClient):
    first = (await api.get("outages?limit=1")).json()
    now = nhip.clock.now()
    nhip.views.all_outages.append(Outage(8, "11983", now, now, None, "", 1, retracted=False))
    second = (await api.get("outages", params={"limit": 1, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["items"] + second["items"]] == [7, 6]


@settings(deadline=None, max_examples=200)
@given(
    st.sets(st.text(min_size=1, max_size=4), max_size=20),
    st.sets(st.text(min_size=1, max_size=4)),
    st.integers(1, 7),
)
def test_pages_hold_each_item_that_stays_exactly_once_in_order(there: set[str], added: set[str], limit: int):
    """And the items that are added meanwhile at most once."""
    seen: list[str] = []
    cursor, items, more = None, sorted(there), sorted(added)
    while True:
        found, cursor = page_of(items, str, "x", cursor, limit, str)
        seen += found
        if cursor is None:
            break
        if more:
            items = sorted({*items, more.pop()})
    assert seen == sorted(set(seen))
    assert there <= set(seen) <= there | added


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60))
def test_any_text_as_a_cursor_is_a_key_or_refused(text: str):
    for kind in (int, str):
        with contextlib.suppress(Problem):
            assert type(decode("units", text, kind)) is kind


def test_a_cursor_of_another_collection_is_refused():
    assert decode("units", encode("units", "11950"), str) == "11950"
    with pytest.raises(Problem):
        decode("agents", encode("units", "11950"), str)
    with pytest.raises(Problem):
        decode("units", encode("units", 5), str)
    with pytest.raises(Problem):
        decode("units", encode("units", 1 << 63), int)


def test_names_are_found_with_and_without_accents():
    assert plain("Đặng Lễ") == "dang le"


PARAMS = st.dictionaries(
    st.sampled_from(
        ["state", "level", "parent", "q", "limit", "cursor", "open", "from", "to", "bucket", "month", "x"]
    ),
    st.one_of(
        st.text(max_size=30),
        st.integers(-(1 << 70), 1 << 70).map(str),
        st.sampled_from(["nan", "inf", "true", "0", "1e9", "\x00", "٣", " 5 "]),
        st.one_of(st.text(max_size=5), st.integers(-1, 1 << 70)).map(lambda key: encode("units", key)),
    ),
    max_size=5,
)
PATHS = st.one_of(
    st.sampled_from(
        [
            "units",
            "outages",
            "agents",
            "units/11950/checks",
            "units/11950/outages",
            "series/100",
            "series/100/percentile",
        ]
    ),
    st.text(min_size=1, max_size=20).map(lambda text: "units/" + quote(text, safe="")),
    st.text(min_size=1, max_size=20).map(lambda text: "series/" + quote(text, safe="")),
    st.integers(-5, 1 << 66).map(lambda number: f"series/{number}"),
)


async def test_no_parameter_breaks_it(api: httpx2.AsyncClient):
    # One application for all examples: hypothesis calls a plain function, which hands each example over.
    examples: list[tuple[str, dict[str, str]]] = []

    @settings(deadline=None, max_examples=400, database=None)
    @given(PATHS, PARAMS)
    def gather(path: str, params: dict[str, str]) -> None:
        examples.append((path, params))

    gather()
    for path, params in examples:
        answer = await api.get(path, params=params)
        assert answer.status_code < 500, (path, params, answer.text)
        assert answer.status_code in (200, 400, 404, 422), (path, params)
        json.loads(answer.content)


async def test_no_body_breaks_a_diagnostic(nhip: Web):
    client = nhip.client(Role.ADMIN)
    json_like = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["kind", "target", "params"]), inner)
        ),
        max_leaves=5,
    )
    bodies: list[bytes] = []

    @settings(deadline=None, max_examples=150, database=None)
    @given(st.one_of(json_like.map(lambda value: json.dumps(value).encode()), st.binary(max_size=30)))
    def gather(body: bytes) -> None:
        bodies.append(body)

    gather()
    headers = {"Content-Type": "application/json"}
    for body in bodies:
        answer = await client.post(f"/api/v1/agents/{AGENT}/diagnostics", content=body, headers=headers)
        assert answer.status_code in (200, 400, 422), (body, answer.text)


def a_province(clock: ManualClock) -> FakeViews:
    views = FakeViews(clock)
    for number in range(188):
        unit = unit_state(f"{11_000 + number}", level=Level.COMMUNE, status=Status.UP)
        views.units[unit.code] = unit
        views.check_states.append(check_state(number + 1, unit.code, clock.now()))
    return views


async def test_the_whole_province_is_one_page_by_default(tmp_path: Path):
    async with web(tmp_path, make_views=a_province) as nhip:
        body = (await nhip.client(Role.VIEWER).get("/api/v1/units")).json()
        assert (len(body["items"]), body["next"]) == (188, None)


async def test_the_paths_of_a_unit_say_whose_each_hop_is(nhip: Web, api: httpx2.AsyncClient):
    now = nhip.clock.now()
    small_province(nhip.state, now)
    put(
        nhip.state,
        now,
        {"links": [{"unit": "11950", "kind": "wan", "provider": "VNPT", "gateway": "10.1.0.1"}]},
    )
    nhip.context.registry.refresh()
    hops = [
        TracedHop(1, "10.1.0.1", 0.4, 0.0),
        TracedHop(2, None, None, 1.0),
        TracedHop(3, "203.0.113.9", 9.5, 0.0),
    ]
    trace = Trace("10.33.0.10", "icmp", False, hops, 4, "")
    nhip.views.all_paths["11950"] = [PathVersion(3, now - HOUR, now, trace)]
    (only,) = (await api.get("units/11950/paths")).json()["items"]
    assert (only["reached"], only["broke_at"], only["last_seen"]) == (False, 4, now)
    assert [(hop["address"], hop["whose"], hop["unit"], hop["provider"]) for hop in only["hops"]] == [
        ("10.1.0.1", "gateway", "11950", ""),
        (None, None, "", ""),
        ("203.0.113.9", "provider", "", "VNPT"),
    ]
    assert is_problem(await api.get("units/nobody/paths"), "not-found")
