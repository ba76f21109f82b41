"""End to end, in a real browser: the centre in its own process, units whose lines are cut, people who look.

The tests of this file are one story on one centre, told in order.
"""

import email
import email.policy
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
import support_processes as support
from aiosmtpd.controller import Controller
from support_province import PASSWORD, Centre, centre

from lab.eoffice.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.alone]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIRTUAL = 40
CUT = "so-nv"
WITHIN_S = 6.0
"""Five seconds to a verdict, and one from the verdict to the open page."""


class Received(NamedTuple):
    mails: list[email.message.EmailMessage]
    hooks: list[dict[str, str]]


class Mailbox:
    def __init__(self, mails: list[email.message.EmailMessage]) -> None:
        self.mails = mails

    async def handle_DATA(self, _server, _session, envelope) -> str:  # type: ignore[no-untyped-def]  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 taken"


@pytest.fixture(scope="module")
def received() -> Received:
    return Received([], [])


@pytest.fixture(scope="module")
def alerts(received: Received) -> Iterator[str]:
    """A real mail server and a real webhook, and the file that sends messages to both."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.hooks.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    mail = Controller(Mailbox(received.mails), hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    mail.start()
    threading.Thread(target=hook.serve_forever).start()
    yield (
        f'[[destination]]\nname = "mail"\n'
        f'url = "mailto://127.0.0.1:{mail.port}/?from=nhip@example.vn&to=truc@example.vn"\n'
        f'[[destination]]\nname = "hook"\nurl = "json://127.0.0.1:{hook.server_port}/"\n'
    )
    mail.stop()
    hook.shutdown()
    hook.server_close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, alerts: str) -> Iterator[Centre]:
    with centre(tmp_path_factory.mktemp("e2e"), virtual=VIRTUAL, alerts=alerts) as made:
        yield made


@pytest.fixture(scope="module")
def page(running: Centre) -> Iterator[object]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: install it, or run `make test` as root")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=running.url)
        made = context.new_page()
        made.set_default_timeout(20_000)
        yield made
        browser.close()


def tile(code: str, state: str) -> str:
    return f"#unit-{code}[data-state={state}]"


def sign_in(page, password: str) -> None:  # type: ignore[no-untyped-def]
    page.goto("/sign-in")
    page.fill("#name", "viewer")
    page.fill("#password", password)
    page.click("button.main")


def test_a_wrong_password_is_refused(page) -> None:  # type: ignore[no-untyped-def]
    sign_in(page, "not this one")
    page.wait_for_selector("[role=alert]")
    assert page.url.endswith("/sign-in")


def test_after_sign_in_the_wall_shows_all_188_units(page) -> None:  # type: ignore[no-untyped-def]
    sign_in(page, PASSWORD)
    page.wait_for_selector("#wall")
    assert page.locator("#wall .tile").count() == 188


def test_units_whose_agents_report_become_good_without_a_reload(page) -> None:  # type: ignore[no-untyped-def]
    page.evaluate("window.notReloaded = true")
    page.wait_for_selector(tile(CUT, "good"), timeout=120_000)
    page.locator("#wall .tile[data-state=good]").nth(VIRTUAL - 1).wait_for(timeout=120_000)


def test_a_cut_shows_on_the_open_wall_in_time(page, running: Centre, capsys) -> None:  # type: ignore[no-untyped-def]
    # A first report, before the channel stands, vouches for two and a half of its intervals: let that pass.
    page.wait_for_timeout(13_000)
    began = time.monotonic()
    running.cut(CUT)
    page.wait_for_selector(tile(CUT, "down"))
    took = time.monotonic() - began
    with capsys.disabled():
        print(f"\ncut to red tile: {took:.1f} s")
    assert page.evaluate("window.notReloaded === true")
    assert took < WITHIN_S


def test_the_outage_reaches_a_mailbox_and_a_webhook(page, received: Received) -> None:  # type: ignore[no-untyped-def]
    support.until(lambda: received.mails and received.hooks, 90, "one mail and one webhook call")
    assert "Sở Nội vụ" in received.mails[0]["subject"]
    assert "Sở Nội vụ" in received.hooks[0]["title"]


def test_a_healed_line_shows_on_the_open_wall(page, running: Centre, capsys) -> None:  # type: ignore[no-untyped-def]
    began = time.monotonic()
    running.heal(CUT)
    page.wait_for_selector(tile(CUT, "good"))
    with capsys.disabled():
        print(f"\nheal to green tile: {time.monotonic() - began:.1f} s")
    assert page.evaluate("window.notReloaded === true")


def test_the_unit_page_tells_of_the_outage(page) -> None:  # type: ignore[no-untyped-def]
    page.click(f"#unit-{CUT}")
    page.wait_for_url(f"**/units/{CUT}")
    assert page.locator("h1").inner_text().startswith("Sở Nội vụ")
    assert page.locator("#outages tbody tr").count() == 1


def test_the_language_is_switched_by_a_click(page) -> None:  # type: ignore[no-untyped-def]
    assert page.locator("html").get_attribute("lang") == "vi"
    page.click("a[href*='/lang/en'], button[value=en]")
    page.wait_for_selector("html[lang=en]")
    assert "Outages" in page.locator("main").inner_text()


def test_nothing_left_the_machine_and_no_script_failed(page, running: Centre) -> None:  # type: ignore[no-untyped-def]
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in ("/", f"/units/{CUT}", "/agents", "/outages"):
        page.goto(path)
        page.wait_for_load_state("load")
    assert all(url.startswith((running.url, "data:")) for url in asked)
    assert errors == []
