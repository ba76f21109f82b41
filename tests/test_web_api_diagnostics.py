"""Diagnostics from one end to the other: a real centre on a port, and a real agent that joined it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx2
import pytest
from support_icmp import IS_ROOT
from support_registry import small_province
from support_web import served

from agents.agent import Agent
from agents.enrol import enrol
from collector.agents import Agents
from core.clock import SystemClock
from core.wire import DIAGNOSTICS
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build

UNIT = "11950"
TARGETS: Mapping[str, tuple[str, dict[str, object]]] = {
    "ping": ("192.0.2.1", {"count": 0}),  # enough to see who answers
    "tcp": ("name.invalid:80", {}),
    "dns": ("a.example", {"server": "name.invalid"}),
    "http": ("http://name.invalid/", {}),
    "tls": ("name.invalid:443", {}),
    "path": ("name.invalid", {}),
    "throughput": ("centre", {"bytes": 1 << 20}),
}


class Asker:
    """A technician who has agent `agent` look."""

    def __init__(self, http: httpx2.AsyncClient, agent: str) -> None:
        self._http, self._agent = http, agent

    async def ask(self, kind: str, target: str, **params: object) -> httpx2.Response:
        wanted = {"kind": kind, "target": target, "params": params}
        return await self._http.post(f"/api/v1/agents/{self._agent}/diagnostics", json=wanted)


@pytest.fixture
async def technician(tmp_path: Path) -> AsyncIterator[Asker]:
    (tmp_path / "centre").mkdir()
    app = build(tmp_path / "centre")
    context, clock = app.state.context, SystemClock()
    small_province(context.state, clock.now())
    async with served(app) as url:
        token = Agents(context.state, clock).create_token(UNIT)
        credential = await asyncio.to_thread(enrol, tmp_path / "agent", url, token)
        agent = Agent(tmp_path / "agent", credential)
        running = asyncio.create_task(agent.run())
        pass_ = create_token(context.state, "lan", Role.TECHNICIAN, clock.now(), 3_600_000)
        headers = {"Authorization": f"Bearer {pass_}"}
        try:
            async with (
                asyncio.timeout(120),
                httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as http,
            ):
                while not context.hub.connected(credential.agent):  # noqa: ASYNC110 - the hub tells nobody
                    await asyncio.sleep(0.01)
                yield Asker(http, credential.agent)
        finally:
            agent.stop()
            await running


@pytest.mark.root
@pytest.mark.skipif(not IS_ROOT, reason="ICMP needs root or net.ipv4.ping_group_range")
async def test_a_technician_has_an_agent_ping_and_sees_what_it_found(technician: Asker) -> None:
    answer = await technician.ask("ping", "127.0.0.1", count=2, spacing_ms=10)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["status"], found["reason"]) == ("up", "")
    assert 0 < found["figures"]["rtt_min_seconds"] < 5


async def test_the_centre_takes_what_the_agent_runs_and_nothing_else(technician: Asker) -> None:
    assert tuple(TARGETS) == DIAGNOSTICS
    for kind, (target, params) in TARGETS.items():
        answer = await technician.ask(kind, target, **params)
        assert answer.status_code == 200, answer.text
        assert not answer.json()["reason"].startswith("refused request"), answer.text
    assert (await technician.ask("icmp", "192.0.2.1")).status_code == 422


async def test_throughput_is_measured_at_any_hour_over_the_agent_s_own_session(technician: Asker) -> None:
    found = (await technician.ask("throughput", "centre", bytes=1 << 20)).json()
    assert (found["status"], found["reason"]) == ("up", "")
    # How much that is says something about the machine: what matters is that it was measured, and in bits a second.
    assert found["figures"]["down_bits_per_second"] > 1e5
    assert found["figures"]["up_bits_per_second"] > 1e5
    found = (await technician.ask("throughput", "centre", bytes=1 << 30)).json()
    assert found["reason"].startswith("refused request|")


async def test_a_technician_is_not_let_into_the_agents_own_machine(technician: Asker) -> None:
    for kind, target in (
        ("http", "http://localhost:9133/metrics"),
        ("tcp", "127.0.0.1:22"),
        ("path", "127.0.0.1"),
    ):
        found = (await technician.ask(kind, target)).json()
        assert (found["status"], found["reason"].partition("|")[0]) == ("unknown", "refused request")
