"""The centre put together for real: stores on disk, collector, alerts and web on a server."""

from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support_web import served

from collector.samples.duckdb_engine import DuckStore
from core.clock import SystemClock
from inventory.seed import seed
from inventory.state import State
from web.app import Application
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build
from web.metrics import COLLECTOR


@pytest.fixture
async def centre(tmp_path: Path):
    app = build(tmp_path)
    seed(app.state.context.state, SystemClock().now(), addresses=False)
    app.state.context.registry.refresh()
    async with served(app) as url:
        yield app, url


def client(app: Application, url: str) -> httpx2.AsyncClient:
    context = app.state.context
    token = create_token(context.state, "test", Role.VIEWER, context.clock.now(), 3_600_000)
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


async def test_a_new_centre_is_ready_and_knows_188_units(centre: tuple[Application, str]):
    app, url = centre
    async with client(app, url) as http:
        assert (await http.get("/readyz")).json() == {"ready": True, "faults": []}
        items = (await http.get("/api/v1/units")).json()["items"]
        assert len(items) == 188
        assert {item["status"] for item in items} == {"unknown"}
        for path in ("units/33", f"units/{items[0]['code']}/checks", "outages", "agents"):
            assert (await http.get(f"/api/v1/{path}")).status_code == 200, path


async def test_every_counter_of_the_collector_has_a_meaning(centre: tuple[Application, str]):
    app, url = centre
    assert set(app.state.context.views.counters()) == set(COLLECTOR)
    async with client(app, url) as http:
        text = (await http.get("/metrics")).text
    names = {family.name for family in text_string_to_metric_families(text)}
    assert "nhip_reports" in names
    assert "nhip_inbox_rows" in names


async def test_agents_routes_answer_without_session_and_with_the_centres_time(
    centre: tuple[Application, str],
):
    _, url = centre
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        answer = await http.post("/api/v1/reports", content=b"{}")
        assert answer.status_code == 401
        assert "nhip-time" in answer.headers
        assert "content-security-policy" not in answer.headers


async def test_a_fault_in_the_file_of_alerts_stops_the_start_with_its_name(tmp_path: Path):
    (tmp_path / "alerts.toml").write_text("colour = 1")
    app = build(tmp_path)
    with pytest.raises(Exception, match=r"alerts\.toml"):
        async with app.router.lifespan_context(app):
            pass


async def test_it_starts_again_on_the_data_it_left(tmp_path: Path):
    for _ in range(2):
        app = build(tmp_path)
        async with served(app) as url, httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert (await http.get("/readyz")).status_code == 200
    # Both stores were closed: others may open them.
    DuckStore(tmp_path / "samples.duckdb").close()
    State(tmp_path / "state.db").close()
