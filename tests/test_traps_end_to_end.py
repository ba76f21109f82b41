"""From a UPS that sends a trap to the unit's timeline: net-snmp's sender, a real agent, a real centre."""

import asyncio
import os
import shutil
from pathlib import Path

import httpx2
import pytest
from support_registry import small_province
from support_web import served

from agents.agent import Agent
from agents.enrol import enrol
from collector import worker
from collector.agents import Agents
from core.clock import SystemClock
from inventory.changes import put
from lab.eoffice.servers import free_port
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build

UNIT = "11950"


@pytest.mark.skipif(not shutil.which("snmptrap"), reason="snmptrap is not installed")
async def test_a_ups_that_loses_power_stands_on_the_units_timeline_and_is_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.2)
    (tmp_path / "centre").mkdir()
    app = build(tmp_path / "centre")
    context, clock, port = app.state.context, SystemClock(), free_port()
    start = clock.now() - 60_000
    small_province(context.state, start)
    listen = {
        "level": "all",
        "vantage": "unit",
        "label": "Trap",
        "role": "survey",
        "kind": "listen",
        "target": "127.0.0.1",
        "interval_ms": 60_000,
        "timeout_ms": 5_000,
        "params": f'{{"port": {port}, "protocol": "trap"}}',
    }
    ups = {"unit": UNIT, "name": "UPS tầng 1", "kind": "ups", "address": "127.0.0.1"}
    put(context.state, start, {"templates": [listen], "watched_devices": [ups]})
    async with served(app) as url:
        token = Agents(context.state, clock).create_token(UNIT)
        agent = Agent(tmp_path / "agent", await asyncio.to_thread(enrol, tmp_path / "agent", url, token))
        running = asyncio.create_task(agent.run())
        key = create_token(context.state, "lan", Role.VIEWER, clock.now(), 3_600_000)
        headers = {"Authorization": f"Bearer {key}"}
        try:
            async with (
                asyncio.timeout(120),
                httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as http,
            ):
                while True:
                    answer = (await http.get(f"/api/v1/units/{UNIT}/checks")).json()
                    if any(
                        check["kind"] == "listen" and check["status"] == "up"
                        for check in answer.get("items", ())
                    ):
                        break
                    await asyncio.sleep(0.1)
                command = ["snmptrap", "-v2c", "-c", "public", f"127.0.0.1:{port}", "", "1.3.6.1.4.1.318.0.5"]
                quiet = {**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
                sent_at = clock.now()
                sender = await asyncio.create_subprocess_exec(*command, env=quiet)
                assert await sender.wait() == 0
                while not (events := await _told(http, start)):  # noqa: ASYNC110 - nobody is told when a page has changed
                    await asyncio.sleep(0.1)
                page = (await http.get(f"/units/{UNIT}")).text
        finally:
            agent.stop()
            await running
        (notice,) = context.views.world.evidence(UNIT, start, clock.now()).notices
    (event,) = events
    assert (event["kind"], event["source"], event["device"]) == ("power lost", "127.0.0.1", "UPS tầng 1")
    assert sent_at - 60_000 < event["at"] < clock.now() + 60_000
    assert "UPS tầng 1" in page[page.index('id="events"') :]
    assert (notice.kind, notice.at) == ("power lost", event["at"])


async def _told(http: httpx2.AsyncClient, start: int) -> list[dict[str, object]]:
    found = (await http.get(f"/api/v1/units/{UNIT}/evidence", params={"from": start})).json()
    return [event for event in found["events"] if event["source"]]
