"""Outages with their causes, on pages and over the API: one root with what it explains, and the evidence as sentences."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_pages import NOW, hub_out, province_web
from support_views import MINUTE
from support_web import Web

from collector.causes import SENTENCES
from collector.services.explain import SENTENCES as OF_SERVICES
from collector.timeline import Stretch
from collector.views import Outage, Sentence
from core.values import Cause, Status
from web.auth import Role
from web.i18n import LANGUAGES, speaker
from web.pages.timeline import WIDTH, bars
from web.verdicts import SENTENCES as WORDS
from web.verdicts import sentence


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with province_web(tmp_path) as made:
        hub_out(made.views, NOW)  # type: ignore[arg-type]
        yield made


async def page(nhip: Web, path: str, language: str = "en") -> str:
    browser = nhip.client(Role.VIEWER)
    browser.cookies.set("lang", language)
    answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text


async def test_the_wall_lists_a_hub_once_with_what_it_explains(nhip: Web) -> None:
    text = await page(nhip, "/")
    listed = text[text.index('id="open-outages"') :]
    behind = [code for code, unit in nhip.views.units.items() if unit.parent == "331"]
    assert f"explains {len(behind) + 1} units" in listed
    assert listed.index("Hub with all behind it") < listed.index("explains")
    assert text.count(' explained"') == len(behind) + 1


async def test_an_outage_tells_its_evidence_as_sentences_in_both_languages(nhip: Web) -> None:
    english, vietnamese = await page(nhip, "/outages/12"), await page(nhip, "/outages/12", "vi")
    assert "The agent’s machine was started anew" in english
    assert "Máy đặt trạm đo khởi động lại" in vietnamese
    assert "provisional" not in english
    hub = await page(nhip, "/outages/50")
    assert "provisional" in hub
    assert "explains" in hub
    assert "opened" in hub


async def test_an_outage_that_is_not_there_is_not_found(nhip: Web) -> None:
    assert (await nhip.client(Role.VIEWER).get("/outages/4711")).status_code == 404


async def test_outages_can_be_narrowed_down_to_a_cause(nhip: Web) -> None:
    text = await page(nhip, "/outages?cause=power")
    assert "/outages/12" in text
    assert "/outages/50" not in text


async def test_what_a_hub_explains_is_folded_into_it_unless_asked_for(nhip: Web) -> None:
    members = [each for each in nhip.views.outages(limit=500) if each.root == 50]
    folded = await page(nhip, "/outages")
    assert f"explains {len(members)} more" in folded
    assert f'href="/outages/{members[0].id}"' not in folded
    api = nhip.client(Role.VIEWER)
    roots = (await api.get("/api/v1/outages?roots=true&limit=200")).json()["items"]
    assert {each["root"] for each in roots} == {None}
    for address in ("/outages?each=true", f"/outages?unit={members[0].unit}"):
        assert f'href="/outages/{members[0].id}"' in await page(nhip, address)


async def test_a_unit_shows_its_day_and_both_ends_of_its_line(nhip: Web) -> None:
    text = await page(nhip, "/units/11983")
    assert "The line from both ends" in text
    assert 'href="/outages/12"><rect class="is-power"' in text


async def test_the_api_gives_an_outage_with_its_history_and_what_it_explains(nhip: Web) -> None:
    api = nhip.client(Role.VIEWER)
    found = (await api.get("/api/v1/outages/50")).json()
    assert (found["outage"]["cause"], found["outage"]["subject"]) == ("line", "hub")
    assert [change["what"] for change in found["changes"]] == ["opened"]
    assert len(found["explains"]) == len([u for u in nhip.views.units.values() if u.root == 50])
    assert (await api.get("/api/v1/outages/4711")).json()["status"] == 404
    power = (await api.get("/api/v1/outages", params={"cause": "power"})).json()["items"]
    assert [each["id"] for each in power] == [12]


async def test_the_api_gives_the_evidence_of_a_period_and_refuses_one_that_makes_no_sense(nhip: Web) -> None:
    api, path = nhip.client(Role.VIEWER), "/api/v1/units/11983/evidence"
    found = (await api.get(path, params={"from": NOW - 60 * MINUTE})).json()
    assert found["timeline"][-1][2] == "down"
    for period in ({"from": NOW, "to": NOW - 1}, {"from": NOW - 40 * 86_400_000}):
        assert (await api.get(path, params=period)).json()["status"] == 400


def test_every_sentence_of_evidence_has_its_words() -> None:
    assert set(WORDS) == {*SENTENCES, *OF_SERVICES}
    for language in LANGUAGES:
        spoken = speaker(language, NOW)
        for key in (*SENTENCES, *OF_SERVICES):
            text = sentence(spoken, lambda code: f"unit {code}", Sentence(NOW, f"{key}|one|two"))
            assert "{" not in text
            assert text
    assert sentence(speaker("en", NOW), str, Sentence(None, "of tomorrow|x")) == "of tomorrow x"


def test_bars_cover_the_period_and_carry_the_outage_s_cause() -> None:
    timeline = [
        Stretch(0, 400, Status.UP, ""),
        Stretch(400, 500, Status.DOWN, "no contact"),
        Stretch(500, 600, Status.DOWN, "line checks fail"),
        Stretch(600, 1_000, Status.UP, ""),
    ]
    outage = Outage(7, "u", 400, 404, 600, "", 0, False, cause=Cause.POWER)
    found = bars(timeline, [outage], 0, 1_000)
    assert [(each.look, each.outage) for each in found] == [("good", None), ("power", 7), ("good", None)]
    assert sum(each.width for each in found) == pytest.approx(WIDTH)
