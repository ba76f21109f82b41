"""`/api/v1/services/…`: what is true of services, over the API as on the pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_service_views import FakeServices, service_state
from support_views import DAY, HOUR
from support_web import Web, web

from collector.services.expiry import Worry
from collector.services.views import Expiry, FailingStep, Phase, Sees, Sight, Standing
from collector.views import Outage
from core.values import Cause
from web.auth import Role

PATH = "/api/v1/services"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as made:
        fake: FakeServices = made.context.services  # type: ignore[assignment]
        now = made.clock.now()
        fake.states = {
            "docs": service_state("docs", "Văn bản", works=2, objective_percent=99.5),
            "mail": service_state("mail", "Thư công vụ", status=Standing.DOWN, works=0, cause=Cause.SERVICE),
        }
        fake.seen = [
            Sight(service, unit, sees, now - HOUR, "", 7, "Đăng nhập")
            for service in ("docs", "mail")
            for unit, sees in (("11950", Sees.UP), ("11953", Sees.NO_LINE))
        ]
        fake.steps = [
            FailingStep(1, 7, "docs", "11950", now, "Đăng nhập", "status|503", "https://x/", 503, "<p>")
        ]
        fake.all_phases = [Phase("docs", "Đăng nhập", "connect", 0.02, 3)]
        fake.all_expiries = [
            Expiry("docs", "certificate", "Chứng thư", now + DAY, ("11950",)),
            Expiry("mail", "domain", "", now + 2 * DAY),
        ]
        fake.all_worries = [Worry("mail", "IMAP", "weak certificate|1024 bits")]
        made.views.all_outages.append(
            Outage(9, "33", now - HOUR, now - HOUR, None, "", 0, False, "service:mail", Cause.SERVICE)
        )
        yield made


async def get(nhip: Web, path: str, **query: object) -> object:
    answer = await nhip.client(Role.VIEWER).get(f"{PATH}/{path}", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_service_is_listed_with_its_headline(nhip: Web) -> None:
    found = await get(nhip, "status")
    assert [each["code"] for each in found["items"]] == ["docs", "mail"]
    assert found["items"][0]["headline"] == {
        "works": 2,
        "slow": 0,
        "of": 3,
        "not_for": {"undetermined": 1},
        "centre": "up",
    }


async def test_services_can_be_asked_for_by_what_is_true_of_them(nhip: Web) -> None:
    found = await get(nhip, "status", state="down")
    assert [each["code"] for each in found["items"]] == ["mail"]


async def test_one_service_has_its_phases_its_ends_and_what_is_wrong(nhip: Web) -> None:
    docs, mail = await get(nhip, "docs/status"), await get(nhip, "mail/status")
    assert [each["phase"] for each in docs["phases"]] == ["connect"]
    assert [each["kind"] for each in docs["expiries"]] == ["certificate"]
    assert docs["worries"] == []
    assert [each["kind"] for each in mail["expiries"]] == ["domain"]
    assert mail["worries"][0][2] == "weak certificate|1024 bits"


async def test_what_each_unit_sees_can_be_asked_for_by_what_it_sees(nhip: Web) -> None:
    assert [each["unit"] for each in (await get(nhip, "docs/units"))["items"]] == ["11950", "11953"]
    hit = await get(nhip, "docs/units", sees="no line")
    assert [each["unit"] for each in hit["items"]] == ["11953"]


async def test_a_unit_tells_what_it_sees_of_each_service(nhip: Web) -> None:
    answer = await nhip.client(Role.VIEWER).get("/api/v1/units/11950/services")
    assert [(each["service"], each["sees"]) for each in answer.json()] == [("docs", "up"), ("mail", "up")]


async def test_a_period_has_a_timeline_and_says_whether_the_promise_was_kept(nhip: Web) -> None:
    now = nhip.clock.now()
    found = await get(nhip, "docs/history", **{"from": now - HOUR})
    assert found["timeline"] == [[now - HOUR, now, "up", ""]]
    assert found["availability"]["ratio"] == 1
    assert found["availability"]["objective"] == pytest.approx(0.995)
    assert found["availability"]["kept"] is True


async def test_a_period_that_makes_no_sense_is_refused(nhip: Web) -> None:
    now = nhip.clock.now()
    for period in ({"from": now, "to": now - 1}, {"from": now - 40 * DAY}):
        answer = await nhip.client(Role.VIEWER).get(f"{PATH}/docs/history", params=period)
        assert answer.status_code == 400


async def test_its_outages_are_listed_and_no_others(nhip: Web) -> None:
    assert [each["id"] for each in (await get(nhip, "mail/outages"))["items"]] == [9]
    assert (await get(nhip, "docs/outages"))["items"] == []


async def test_failing_steps_are_listed_with_their_excerpt(nhip: Web) -> None:
    (found,) = await get(nhip, "docs/steps")
    assert (found["step"], found["excerpt"]) == ("Đăng nhập", "<p>")
    assert await get(nhip, "docs/steps", unit="11953") == []


async def test_all_that_ends_is_listed_at_once(nhip: Web) -> None:
    assert [each["service"] for each in await get(nhip, "expiries")] == ["docs", "mail"]


@pytest.mark.parametrize("path", ["status", "units", "history", "outages", "steps"])
async def test_a_service_that_is_not_known_is_not_found(nhip: Web, path: str) -> None:
    answer = await nhip.client(Role.VIEWER).get(f"{PATH}/nothing/{path}")
    assert answer.status_code == 404


async def test_who_is_not_signed_in_sees_nothing(nhip: Web) -> None:
    assert (await nhip.client().get(f"{PATH}/status")).status_code == 401
