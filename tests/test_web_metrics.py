"""`/metrics`: right, valid for Prometheus, complete in the manual, and closed where it has to be."""

import asyncio
import shutil
from asyncio.subprocess import PIPE
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support_views import HOUR, unit_state
from support_web import Web, web

from collector.views import EpochCount
from core.values import Status
from web.auth import Role
from web.metrics import COLLECTOR, expose


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path) as made:
        made.views.totals.update(dict.fromkeys(COLLECTOR, 5.0))
        yield made


def samples(nhip: Web) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(expose(nhip.context).decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(nhip: Web, metric: str, /, **labels: str) -> float | None:
    return samples(nhip).get((metric, frozenset(labels.items())))


async def test_a_unit_is_up_or_down_by_name(nhip: Web):
    where = {"level": "commune", "parent": "323"}
    assert value(nhip, "nhip_unit_up", code="11950", name="Phường Lam Sơn", **where) == 1
    assert value(nhip, "nhip_unit_up", code="11953", name="Phường Hiến Nam", **where) == 0


async def test_a_degraded_unit_is_up(nhip: Web):
    nhip.views.set_status("11950", Status.DEGRADED)
    labels = {"code": "11950", "name": "Phường Lam Sơn", "level": "commune", "parent": "323"}
    assert value(nhip, "nhip_unit_up", **labels) == 1


async def test_an_unknown_unit_is_neither_up_nor_down(nhip: Web):
    codes = {dict(labels).get("code") for name, labels in samples(nhip) if name == "nhip_unit_up"}
    assert "11983" not in codes
    assert value(nhip, "nhip_unit_state", code="11983", state="unknown") == 1
    assert value(nhip, "nhip_unit_state", code="11983", state="up") == 0


async def test_uptime_and_unknown_time_are_told_apart(nhip: Web):
    assert value(nhip, "nhip_unit_uptime_ratio", code="11950", period="24h") == pytest.approx(22.5 / 23.5)
    assert value(nhip, "nhip_unit_unknown_ratio", code="11950", period="24h") == pytest.approx(0.5 / 24)


async def test_a_unit_of_which_nothing_is_known_has_no_uptime(nhip: Web):
    nhip.views.downtime["11983"] = (0, 31 * 24 * HOUR)
    assert value(nhip, "nhip_unit_uptime_ratio", code="11983", period="24h") is None
    assert value(nhip, "nhip_unit_unknown_ratio", code="11983", period="24h") == 1


async def test_the_sums_of_an_agent_close_over_its_epochs(nhip: Web):
    agent = nhip.views.agent_states["11950-3f2a"]
    epochs = (
        EpochCount("a", 100, 80, 3, 5, 14, {"future": 2}, 1),
        EpochCount("b", 10, 10, 0, 0, 0, {}, 0),
    )
    nhip.views.agent_states["11950-3f2a"] = replace(agent, epochs=epochs)
    found = {
        what: value(nhip, "nhip_agent_results_total", agent="11950-3f2a", what=what)
        for what in ("produced", "received", "duplicated", "dropped", "refused")
    }
    assert found == {"produced": 110, "received": 90, "duplicated": 3, "dropped": 5, "refused": 2}
    labels = {"agent": "11950-3f2a", "unit": "11950"}
    waiting, missing = (
        value(nhip, f"nhip_agent_results_{name}", **labels) for name in ("waiting", "missing")
    )
    assert found["produced"] == found["received"] + found["dropped"] + waiting + missing


async def test_times_are_in_seconds(nhip: Web):
    seen = value(nhip, "nhip_agent_last_seen_timestamp_seconds", agent="11950-3f2a", unit="11950")
    assert seen == (nhip.clock.now() - 1_000) / 1_000


async def test_the_collectors_counters_are_there(nhip: Web):
    assert value(nhip, "nhip_reports_total") == 5


async def test_names_with_any_sign_are_written_right(nhip: Web):
    nhip.views.units["x"] = unit_state("x", 'Xã "A\\B"\nC')
    assert value(nhip, "nhip_unit_up", code="x", name='Xã "A\\B"\nC', level="commune", parent="323") == 1


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not installed")
async def test_promtool_finds_no_fault(nhip: Web):
    check = await asyncio.create_subprocess_exec(
        "promtool", "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    said = await check.communicate(expose(nhip.context))
    assert (check.returncode, *said) == (0, b"", b"")


async def test_it_is_open_to_this_machine(nhip: Web):
    for address, host in (("127.0.0.1", "127.0.0.1:8080"), ("::1", "[::1]:8080"), ("127.0.0.1", "localhost")):
        answer = await nhip.client(address=address, host=f"http://{host}").get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_elsewhere_it_needs_a_token(nhip: Web):
    assert (await nhip.client().get("/metrics")).status_code == 401
    assert (await nhip.client(Role.VIEWER).get("/metrics")).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_a_proxy_on_this_machine_does_not_open_it(nhip: Web, header: str):
    client = nhip.client(address="127.0.0.1", host="http://127.0.0.1")
    answer = await client.get("/metrics", headers={header: "203.0.113.9"})
    assert answer.status_code == 401


async def test_a_name_made_to_lead_here_does_not_open_it(nhip: Web):
    answer = await nhip.client(address="127.0.0.1", host="http://evil.example").get("/metrics")
    assert answer.status_code == 401
