"""Messages to real receivers: a mail server and a webhook on this machine, through Apprise; and kill -9."""

import asyncio
import contextlib
import email
import email.policy
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support_views import few_units

from alerts import outbox
from alerts.deliver import deliver
from alerts.outbox import SendState
from alerts.sender import Alerts
from collector.views import Outage, OutageChange
from core.clock import SystemClock
from inventory.state import State

WITHIN_S = 60.0
"""Apprise takes a second or two to load, and more on a machine that is busy."""


class Mailbox:
    """An SMTP server's handler that keeps what it is given, parsed."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 taken"


class Webhook:
    """An HTTP server that keeps the JSON it is sent; `status` is what it answers."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.status = 200

    async def take(self, request: Request) -> Response:
        if self.status == 200:
            self.got.append(json.loads(await request.body()))
        return Response(status_code=self.status)


@pytest.fixture
async def mailbox():
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield box, f"mailto://127.0.0.1:{port}/?from=nhip@example.vn&to=noc@example.vn"


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[tuple[Webhook, int]]:
    hook = Webhook()
    app = Starlette(routes=[Route("/{rest:path}", hook.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn tells in no other way
        await asyncio.sleep(0.01)
    try:
        yield hook, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def test_a_mail_arrives_with_its_vietnamese_text(mailbox: tuple[Mailbox, str]):
    box, url = mailbox
    title, body = "■ Mất kết nối: Phường Hiến Nam", "Đơn vị: Phường Hiến Nam (11953)\nhai"
    assert await asyncio.to_thread(deliver, url, title, body) == ""
    (mail,) = box.mails
    assert mail["subject"] == "■ Mất kết nối: Phường Hiến Nam"
    assert mail["to"] == "noc@example.vn"
    text = mail.get_body().get_content()
    assert "Đơn vị: Phường Hiến Nam (11953)\nhai" in text.replace("\r\n", "\n")
    assert "<" not in text


async def test_a_webhook_gets_title_and_body():
    async with receiving() as (hook, port):
        assert await asyncio.to_thread(deliver, f"json://127.0.0.1:{port}", "■ tựa", "thân") == ""
    assert (hook.got[0]["title"], hook.got[0]["message"]) == ("■ tựa", "thân")


async def test_a_refusal_says_why():
    async with receiving() as (hook, port):
        hook.status = 503
        error = await asyncio.to_thread(deliver, f"json://127.0.0.1:{port}/secret-path", "t", "b")
    assert "503" in error
    assert "secret-path" not in error


def test_a_server_that_is_not_there_is_a_reason_and_no_exception():
    assert deliver("json://127.0.0.1:9", "t", "b") != ""
    assert deliver("mailto://127.0.0.1:9/?from=a@b.vn&to=c@d.vn", "t", "b") != ""
    assert deliver("gopher://x", "t", "b") == "not an address that Apprise can send to"


async def test_an_outage_reaches_mail_and_webhook_and_a_dead_one_waits(
    tmp_path: Path, mailbox: tuple[Mailbox, str]
):
    box, url = mailbox
    clock = SystemClock()
    views = few_units(clock)
    state = State(tmp_path / "state.db")
    state.create_all()
    alerts = Alerts(state, views, clock, views.feed)
    async with receiving() as (hook, port):
        for name, to in (
            ("dead", "json://127.0.0.1:9"),
            ("mail", url),
            ("hook", f"json://127.0.0.1:{port}"),
        ):
            await asyncio.to_thread(alerts.destinations.add, name, to, "vi", "an")
        await alerts.start()
        now = clock.now() + 1
        outage = Outage(8, "11950", now - 9_000, now, None, "", 1, retracted=False)
        views.all_changes.append(OutageChange(4, now, "opened", outage))
        views.feed.publish("outage", "8")
        async with asyncio.timeout(WITHIN_S):
            sent: set[str] = set()
            while not {"mail", "hook"} <= sent:
                sent = {one.destination for one in alerts.recent() if one.attempts}
                await asyncio.sleep(0.05)
        await alerts.stop()
    states = {sent.destination: sent.state for sent in alerts.recent()}
    assert states == {"dead": SendState.WAITING, "mail": SendState.SENT, "hook": SendState.SENT}
    assert [mail["subject"] for mail in box.mails] == ["■ Mất kết nối: Phường Lam Sơn"]
    assert [got["title"] for got in hook.got] == ["■ Mất kết nối: Phường Lam Sơn"]
    state.close()


CHANGES = 40
KILLS = 6
SENDER = """
import asyncio, json, sys, urllib.request
from pathlib import Path
from support_views import few_units
from alerts import outbox
from alerts.sender import Alerts
from alerts.tables import DESTINATIONS
from collector.views import Outage, OutageChange
from core.clock import SystemClock
from inventory.state import State

def post(url, title, body):
    sent = urllib.request.Request(url, json.dumps({"title": title}).encode(), method="POST")
    urllib.request.urlopen(sent, timeout=60).close()
    return ""

async def main(folder, count):
    clock = SystemClock()
    views = few_units(clock)
    views.all_changes = [
        OutageChange(i, 2**45, "opened", Outage(i, f"unit{i}", 1, 2, None, "", 1, False))
        for i in range(1, count + 1)
    ]
    state = State(Path(folder) / "state.db")
    alerts = Alerts(state, views, clock, views.feed, deliver=post)
    await alerts.start()
    print("started", flush=True)
    while outbox.counts(state)["waiting"] or outbox.cursor(state) < count:
        await asyncio.sleep(0.02)
    await alerts.stop()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_kill_9_at_any_moment_loses_no_message(tmp_path: Path):
    rng = random.Random(5)
    state = State(tmp_path / "state.db")
    state.create_all()
    root = Path(__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": f"{root}:{root / 'tests'}"}
    async with receiving() as (hook, port):
        with state.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO destinations (id, name, url, shown, language, source, created_at, created_by)"
                " VALUES (1, 'hook', ?, '', 'en', 'page', 0, '')",
                (f"http://127.0.0.1:{port}/",),
            )
        state.close()
        for attempt in range(KILLS + 1):
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", SENDER, str(tmp_path), str(CHANGES), env=environment, stdout=PIPE
            )
            assert child.stdout is not None
            assert await child.stdout.readline() == b"started\n"
            if attempt < KILLS:
                await asyncio.sleep(rng.uniform(0, 0.06))
                with contextlib.suppress(ProcessLookupError):
                    child.send_signal(signal.SIGKILL)
            await asyncio.wait_for(child.wait(), WITHIN_S)
        assert child.returncode == 0
    titles = [got["title"] for got in hook.got]
    assert list(dict.fromkeys(titles)) == [f"■ Down: unit{i}" for i in range(1, CHANGES + 1)]
    assert len(titles) <= CHANGES + KILLS  # the one that was on its way at each kill may come twice
    state = State(tmp_path / "state.db")
    assert outbox.counts(state) == {"waiting": 0, "sent": CHANGES, "failed": 0, "cancelled": 0}
    state.close()
