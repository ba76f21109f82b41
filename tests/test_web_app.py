"""The frame: guards over every route, headers, errors, readiness, and agents' routes outside of it all."""

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from support_web import ORIGIN, Web, served, web

from web.app import create_app
from web.auth import Role
from web.auth.guard import is_public
from web.auth.routes import local

OPEN = {
    "/healthz",
    "/lang/{language}",
    "/metrics",  # on loopback; a test of its own
    "/readyz",
    "/sign-in",
    "/machines-worker.js",
    "/static/palette.css",
    "/static/{name:path}",
}
"""What anyone may reach. A route that is to be open is added here on purpose."""


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path) as made:
        yield made


def routes(app):
    return [route for route in iter_route_contexts(app.routes) if route.path is not None]


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)


async def test_no_route_is_open_but_those_that_are_meant_to_be(nhip: Web):
    found = {route.path for route in routes(nhip.app) if is_public(route.endpoint)}
    assert found == OPEN


async def test_every_other_route_turns_strangers_away(nhip: Web):
    client = nhip.client()
    for route in routes(nhip.app):
        if is_public(route.endpoint):
            continue
        for method in route.methods or ():
            answer = await client.request(method, filled(route.path))
            assert answer.status_code == 401, (method, route.path)


async def test_no_route_stands_beside_the_guards(nhip: Web):
    assert all(hasattr(route.original_route, "dependant") for route in routes(nhip.app))


async def test_every_unsafe_route_for_browsers_asks_for_the_csrf_token(nhip: Web):
    browser = await nhip.browser(Role.ADMIN)
    for route in routes(nhip.app):
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            if is_public(route.endpoint):
                continue
            answer = await browser.request(method, filled(route.path), headers={"Accept": "*/*"})
            assert answer.status_code == 403, (method, route.path)


async def test_pages_send_people_to_the_sign_in_and_back(nhip: Web):
    answer = await nhip.client().get("/units/11950?tab=2", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Funits%2F11950%3Ftab%3D2"


async def test_a_fragment_of_a_page_sends_the_whole_page_to_the_sign_in(nhip: Web):
    answer = await nhip.client().get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


async def test_every_answer_has_the_security_headers(nhip: Web):
    for path in ("/sign-in", "/healthz", "/api/v1/units", "/nowhere"):
        headers = (await nhip.client().get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


async def test_over_https_browsers_are_told_to_stay_with_it(tmp_path: Path):
    async with web(tmp_path, secure=True) as nhip:
        assert (
            "max-age=31536000" in (await nhip.client().get("/healthz")).headers["strict-transport-security"]
        )


async def test_the_routes_of_agents_stand_before_guards_and_headers(nhip: Web):
    async def report(request: Request) -> Response:
        return Response(await request.body(), 204)

    app = create_app(nhip.context, agent_routes=[Route("/api/v1/reports", report, methods=["POST"])])
    nhip.app = app
    big = b"x" * (2 << 20)
    answer = await nhip.client().post("/api/v1/reports", content=big)
    assert answer.status_code == 204
    assert "content-security-policy" not in answer.headers


async def test_everything_below_a_mounted_path_of_agents_stands_before_guards_too(nhip: Web):
    async def below(scope, receive, send):
        await Response(scope["path"])(scope, receive, send)

    nhip.app = create_app(nhip.context, agent_routes=[Mount("/api/v1/inventories", below)])
    answer = await nhip.client().post("/api/v1/inventories/token", content=b"x" * (2 << 20))
    assert answer.text == "/api/v1/inventories/token"
    assert "content-security-policy" not in answer.headers
    assert (await nhip.client().get("/api/v1/inventories")).status_code in (401, 404)


async def test_an_agent_route_with_a_variable_path_is_refused(nhip: Web):
    with pytest.raises(TypeError, match="fixed path"):
        create_app(nhip.context, agent_routes=[Route("/api/v1/agent/{x}", lambda request: Response())])


async def test_a_bug_is_answered_as_a_problem_that_tells_nothing(nhip: Web):
    def broken():
        raise RuntimeError("secret detail")

    nhip.views.wall = broken  # type: ignore[method-assign]
    answer = await nhip.client(Role.VIEWER).get("/api/v1/units")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers
    assert "secret" not in answer.text


async def test_a_request_that_is_too_large_is_refused(nhip: Web):
    answer = await nhip.client().post("/sign-in", content=b"x" * (2 << 20), headers=ORIGIN)
    assert answer.status_code == 413


async def test_healthz_says_that_the_process_lives(nhip: Web):
    assert (await nhip.client().get("/healthz")).text == "ok\n"


async def test_readyz_is_ready_when_the_state_store_can_be_written(nhip: Web):
    answer = await nhip.client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "faults": []})


async def test_readyz_says_when_the_state_store_cannot_be_written(nhip: Web):
    with nhip.state.write() as connection:
        connection.exec_driver_sql("DROP TABLE readiness")
    answer = await nhip.client().get("/readyz")
    assert answer.status_code == 503
    assert "state store" in answer.json()["faults"][0]


async def test_readyz_looks_at_most_once_a_second(nhip: Web):
    client = nhip.client()
    assert (await client.get("/readyz")).status_code == 200
    nhip.views.totals["inbox_rows"] = 1e9
    nhip.clock.set(nhip.clock.now() + 999)
    assert (await client.get("/readyz")).status_code == 200
    nhip.clock.set(nhip.clock.now() + 1)
    assert (await client.get("/readyz")).status_code == 503


async def test_readyz_says_when_the_watch_stands_still(nhip: Web):
    client = nhip.client()
    for _ in range(3):
        nhip.views.totals["watch_steps_total"] = nhip.clock.now()
        assert (await client.get("/readyz")).status_code == 200
        nhip.clock.set(nhip.clock.now() + 31_000)
    answer = await client.get("/readyz")
    assert answer.json()["faults"] == ["the watch has stood still for 31 s"]


async def test_it_serves_on_a_real_server_and_stops(nhip: Web):
    async with served(nhip.app) as url:
        assert url.startswith("http://127.0.0.1:")


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_a_sign_in_never_leads_to_another_site(target: str):
    found = local(target)
    assert re.match(r"/(?!/)", found)
    assert "\\" not in found


def test_a_sign_in_leads_back_to_the_page_that_was_asked_for():
    assert local("/units/11950?tab=2") == "/units/11950?tab=2"
    assert local("//evil.example") == "/"
    assert local("https://evil.example") == "/"
    assert local("/\\evil.example") == "/"
