"""What devices told in a unit: kept, linked to the device, on its timeline and over the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_ingest import NOW as THEN
from support_ingest import report, site
from support_pages import LINK, NOW, province_web
from support_views import DAY, HOUR, MINUTE
from support_web import Web

from collector import happenings
from collector.happenings import OWN_KEPT, TOLD_KEPT, Entry
from collector.tables import agent_events
from collector.views import Happening
from core import wire
from core.told import TOLD
from inventory.changes import put
from inventory.state import State
from web.auth import Role
from web.happenings import Told
from web.i18n import LANGUAGES, speaker
from web.pages.timeline import WIDTH, marks
from web.words import EVENTS, word

UNIT, UPS, SWITCH = "11983", "10.33.83.9", "10.33.83.2"
HAPPENED = [
    Happening(1, NOW - 2 * DAY, "clock jumped", "by an hour", "", "11983-3f2a"),
    Happening(2, NOW - 6 * HOUR, "power lost", "UPS on battery", UPS, "11983-3f2a"),
    Happening(3, NOW - HOUR, "syslog", "error: <script>alert(1)</script>", SWITCH, "11983-3f2a"),
]


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with province_web(tmp_path) as made:
        ups = {"unit": UNIT, "name": "UPS tầng 1", "kind": "ups", "address": UPS}
        put(made.state, NOW - DAY, {"watched_devices": [ups]})
        made.context.registry.refresh()
        made.views.all_happenings[UNIT] = HAPPENED  # type: ignore[attr-defined]
        yield made


async def page(nhip: Web, language: str) -> str:
    browser = nhip.client(Role.VIEWER)
    browser.cookies.set("lang", language)
    return (await browser.get(f"/units/{UNIT}")).text


async def test_the_unit_page_shows_what_devices_told_by_their_names_and_on_the_timeline(nhip: Web) -> None:
    text = await page(nhip, "en")
    told = text[text.index('id="events"') :]
    assert told.index("syslog message") < told.index("power lost") < told.index("clock jumped")
    assert "UPS tầng 1" in told
    assert "&lt;script&gt;" in told
    assert text.count('class="mark loud"') == 1
    assert f"UPS tầng 1: {EVENTS['power lost']}" in text
    assert text.count('class="mark"') == 1
    assert "mất điện" in await page(nhip, "vi")


async def test_the_api_gives_what_was_told_in_a_period_with_the_device(nhip: Web) -> None:
    api, path = nhip.client(Role.VIEWER), f"/api/v1/units/{UNIT}/evidence"
    found = (await api.get(path, params={"from": NOW - DAY, "to": NOW - 2 * HOUR})).json()
    assert found["events"] == [
        {
            "at": NOW - 6 * HOUR,
            "kind": "power lost",
            "text": "UPS on battery",
            "source": UPS,
            "device": "UPS tầng 1",
            "device_kind": "ups",
            "whose": "",
        }
    ]
    (switch,) = (await api.get(path, params={"from": NOW - 2 * HOUR})).json()["events"]
    assert (switch["source"], switch["device"], switch["whose"]) == (SWITCH, "", "")
    gateway = Happening(4, NOW - MINUTE, "link down", "ether1", LINK["gateway"], "11983-3f2a")
    nhip.views.all_happenings[UNIT] = [gateway]  # type: ignore[attr-defined]
    (told,) = (await api.get(path, params={"from": NOW - HOUR})).json()["events"]
    assert (told["device"], told["whose"]) == ("", "gateway")
    assert "Gateway of the LAN" in await page(nhip, "en")


def test_marks_stand_where_things_happened() -> None:
    told = [
        Told(at, kind, "", "", "", "", "")
        for at, kind in ((0, "syslog"), (500, "link down"), (1_000, "trap"))
    ]
    assert [(mark.x, mark.loud) for mark in marks(told, 0, 1_000)] == [(0, False), (WIDTH / 2, True)]


def test_every_kind_that_devices_tell_has_its_words() -> None:
    assert set(TOLD) <= set(EVENTS)
    for language in LANGUAGES:
        assert all(word(speaker(language, NOW), kind) for kind in TOLD)


async def test_events_of_a_report_are_kept_with_source_unit_and_the_centres_time(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        agent = here.enrol("u1")
        events = [
            wire.Event(THEN - 1_000, "link down", "ether1", "FD00:0::1"),
            wire.Event(THEN + 10**9, "clock jumped", "far"),
        ]
        body = report(agent, 1, [100], extra={"events": events}, clock_error=5_000)
        assert (await here.post(body)).status_code == 204
        assert await here.ingest.settle()
        with here.state.read() as connection:
            found = happenings.read(connection, "u1", 0, THEN + DAY, 10)
            assert happenings.read(connection, "u2", 0, THEN + DAY, 10) == []
    assert [(each.at, each.kind, each.source, each.agent) for each in found] == [
        (THEN - 6_000, "link down", "fd00::1", agent),
        (THEN, "clock jumped", "", agent),
    ]


def test_what_devices_tell_does_not_push_out_what_the_agent_says_of_itself(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.create_all()

    def entry(at: int, source: str) -> Entry:
        return Entry("a", "u1", at, NOW, "note", "", source)

    with state.write() as connection:
        happenings.store(connection, [entry(at, "") for at in range(OWN_KEPT)])
        happenings.store(connection, [entry(at, UPS) for at in range(TOLD_KEPT + 300)])
        found = happenings.read(connection, "u1", 0, NOW, 10_000)
        assert happenings.read(connection, "u1", 0, NOW, 2)[-1].at == TOLD_KEPT + 299
        assert len(connection.execute(agent_events.select()).all()) == len(found)
    assert sum(not each.source for each in found) == OWN_KEPT
    assert min(each.at for each in found if each.source) == 300
    assert [each.at for each in found] == sorted(each.at for each in found)
    state.close()


def test_an_agent_that_cannot_listen_says_so_in_words() -> None:
    from web.reasons import reason

    spoken = speaker("en", NOW)
    assert reason(spoken, "cannot listen|514 EACCES") == "the agent cannot listen on port 514 EACCES"
