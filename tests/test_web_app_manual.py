"""docs/api.md is the manual of the API: what the program has and the page has not fails here, and the other way."""

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from prometheus_client.parser import text_string_to_metric_families
from support_service_views import FakeServices, service_state
from support_web import Web, web

from collector.routes import agent_routes
from collector.services.views import Expiry, Phase, Score
from web.api.problems import KINDS
from web.metrics import COLLECTOR, expose

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path) as made:
        made.views.totals.update(dict.fromkeys(COLLECTOR, 5.0))
        services: FakeServices = made.context.services  # type: ignore[assignment]
        services.states = {"docs": service_state("docs", works=2, score=Score(1, 0, 0))}
        services.all_phases = [Phase("docs", "Đăng nhập", "connect", 0.02, 3)]
        services.all_expiries = [Expiry("docs", "domain", "", 1_800_000_000_000)]
        yield made


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


async def test_every_route_of_the_api_has_a_heading_and_every_heading_a_route(nhip: Web):
    routes = {
        f"{method} {route.path}"
        for route in iter_route_contexts(nhip.app.routes)
        for method in route.methods or ()
        if route.path and route.path.startswith("/api/")
    }
    assert routes == set(re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("path", ["/events", "/healthz", "/readyz", "/metrics"])
def test_the_other_routes_for_programs_are_told(path: str):
    assert f"`GET {path}`" in PAGE


class NoCentre:
    """Routes are only looked at."""

    def __getattr__(self, _name: str) -> "NoCentre":
        return self


def test_every_route_of_agents_is_told():
    for route in agent_routes(NoCentre()):  # type: ignore[arg-type]
        assert route.path in PAGE  # type: ignore[attr-defined]


def test_every_type_of_problem_is_told_with_its_status():
    assert {kind: int(cells[0]) for kind, cells in table("Problems").items()} == {
        kind: status for kind, (status, _) in KINDS.items()
    }


async def test_every_metric_is_told_with_its_labels(nhip: Web):
    families = text_string_to_metric_families(expose(nhip.context).decode())
    found = {
        sample.name: {f"`{label}`" for label in sample.labels}
        for family in families
        for sample in family.samples
    }
    told = {name: set(filter(None, cells[0].split(", "))) for name, cells in table("Metrics").items()}
    assert told == found


async def test_every_event_is_told():
    assert set(table("Events")) == {"unit", "outage", "agent", "resync", "heartbeat"}
