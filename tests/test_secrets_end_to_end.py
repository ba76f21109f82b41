"""Secrets from the command line to a service and back, with real processes: who has them, and who has not."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import support_processes as support
import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support_registry import small_province
from support_web import served

from agents.enrol import enrol
from collector.agents import Agents
from core.clock import SystemClock
from inventory.catalogue import write_service
from inventory.changes import put
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build

pytestmark = [pytest.mark.slow, pytest.mark.alone]

UNIT = "11950"
FIRST, SECOND = "f1rst/w0rd+&<>", "s3cond=w0rd 'quoted'"


class Office:
    """A service that lets in whoever has the right header, and tells what it was sent, as careless ones do."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/", self.answer)])

    async def answer(self, request: Request) -> PlainTextResponse:
        key = request.headers.get("x-key", "")
        self.sent.append(key)
        return PlainTextResponse(f"wrong key: {key}")


def bytes_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the files below a folder hold: as they are, and each compressed stretch in them unpacked."""
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, data
            # Of samples there are figures only, packed in ways of their own.
            for at in _places(data, zstandard.FRAME_HEADER) if path.suffix != ".duckdb" else ():
                try:
                    yield path.name, zstandard.ZstdDecompressor().decompressobj().decompress(data[at:])
                except zstandard.ZstdError:
                    continue


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


async def test_a_secret_reaches_the_service_and_nothing_else(tmp_path: Path) -> None:
    data, home, log = tmp_path / "centre", tmp_path / "agent", tmp_path / "agent.log"
    data.mkdir()
    app, office, clock = build(data), Office(), SystemClock()
    context = app.state.context
    async with served(office.app()) as address, served(app) as url:
        now = clock.now()
        small_province(context.state, now - 60_000)
        headers = {"X-Key": "${secret:office-key}"}
        page = {
            "name": "Trang",
            "kind": "http",
            "target": "{address}",
            "params": {"headers": headers, "body_contains": "never said"},
            "interval_ms": 300,
            "timeout_ms": 2_000,
        }
        proxy = page | {"name": "Proxy", "params": {"proxy": "no proxy ${secret:office-key}"}}
        steps = [{"name": "Vào", "url": "/", "headers": headers, "expect": {"text": "welcome"}}]
        scenario = page | {"name": "Đăng nhập", "kind": "scenario", "params": {"steps": steps}}
        service = {"code": "office", "name": "Office", "address": address}
        write_service(context.state, now, service, [page, proxy, scenario])
        line = {"level": "all", "vantage": "unit", "label": "S", "role": "service", "service": "*"}
        allowed = {"name": "allowed_addresses", "value": "127.0.0.0/8"}
        put(context.state, now, {"templates": [line], "settings": [allowed]})
        await nhip(data, "set", "office-key", typed=FIRST)
        token = Agents(context.state, clock).create_token(UNIT)
        await asyncio.to_thread(enrol, home, url, token)
        command = [*support.AGENT, "run", "-v", "--dir", str(home)]
        admin = create_token(context.state, "lan", Role.ADMIN, clock.now(), 3_600_000)
        people = {"Authorization": f"Bearer {admin}"}
        with support.process(command, log):
            async with (
                asyncio.timeout(180),
                httpx2.AsyncClient(base_url=url, headers=people, timeout=60) as http,
            ):
                await until(lambda: FIRST in office.sent)
                answer = await http.put("/api/v1/secrets/office-key", json={"value": SECOND})
                assert answer.status_code == 204
                await until(lambda: SECOND in office.sent)
                while "•••" not in str(said := await reasons(http)) or len(said) < 3:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.1)
                while "•••" not in (step := (await http.get("/api/v1/services/office/steps")).text):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.1)
                shown = [(await http.get(f"/api/v1/{path}")).text for path in ("secrets", "services")]
    for word in (FIRST, SECOND):
        assert word not in f"{said}{shown}{step}" + log.read_text(encoding="utf-8")
        for name, held in [*bytes_of(home), *bytes_of(data)]:
            assert word.encode() not in held, name
    assert "wrong key: •••" in step
    assert "${secret:office-key}" in (home / "plan.json").read_text(encoding="utf-8")


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes: there is no event to wait for
        await asyncio.sleep(0.05)


async def reasons(http: httpx2.AsyncClient) -> dict[str, str]:
    """What the checks of the service say, by label, once the centre has heard of it."""
    found = (await http.get(f"/api/v1/units/{UNIT}/checks")).json()["items"]
    return {check["label"]: check["reason"] for check in found if check["last_at"]}


async def nhip(data: Path, *words: str, typed: str) -> None:
    """`nhip secrets …`, as people type it."""
    command = [*support.NHIP, "secrets", *words, "--data", str(data)]
    done = await asyncio.to_thread(
        subprocess.run, command, input=typed.encode(), capture_output=True, check=False, cwd=support.ROOT
    )
    assert done.returncode == 0, done.stderr
    assert typed.encode() not in done.stdout + done.stderr
