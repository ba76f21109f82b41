"""How an agent comes by its secrets: after the plan, over the same session, into memory and nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from support_agents import SECRET, Centre

from agents import credential as credentials
from agents.agent import Agent
from agents.credential import Credential
from core import wire
from core.values import Check, Result, Status

WORD, OTHER = "Mật-khẩu-1234", "another-word"
REFERENCE = {"login": {"password": "${secret:word}"}}


class Tells:
    """A probe that was written carelessly: it tells all that it was given."""

    def __init__(self) -> None:
        self.given: list[object] = []

    async def run(self, check: Check) -> Result:
        self.given.append(check.params)
        logging.getLogger("probe").warning("looked with %s", check.params)
        text = str(check.params)
        return Result(
            Status.DOWN, f"bad|{text}", {"seconds": 1.0}, [("step", {"check": check.id, "excerpt": text})]
        )


class Rig:
    def __init__(self, directory: Path) -> None:
        self.directory, self.probe = directory, Tells()
        self.centre = Centre(self.plan(REFERENCE))
        self.centre.secrets = {"word": WORD, "not-asked-for": "nobody-named-this"}
        self.task: asyncio.Task[None] | None = None

    @staticmethod
    def plan(params: dict[str, object]) -> wire.Plan:
        checks = [wire.PlanCheck(1, "tells", "x", 100, 50, params)]
        return wire.Plan("11950", checks, report_every_ms=50, heartbeat_ms=1_000)

    async def start(self) -> None:
        url = await self.centre.start()
        credential = Credential(url, SECRET, "11950-3f2a", "11950")
        credentials.store(self.directory, credential)
        self.agent = Agent(self.directory, credential, probes={"tells": self.probe})
        self.task = asyncio.create_task(self.agent.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.agent.stop()
            await asyncio.wait_for(self.task, 60)
            self.task = None

    async def new_plan(self, params: dict[str, object]) -> None:
        self.centre.plan = self.plan(params)
        await self.nudge()

    async def nudge(self) -> None:
        await self.centre.until(lambda: bool(self.centre.channels))
        await self.centre.channels[0].send_text(wire.encode(wire.PlanChanged()).decode())

    def reasons(self) -> list[str]:
        reports = self.centre.reports.values()
        return [reason for report in reports for _, reason, _ in report.results.outcome]

    def told(self) -> str:
        return "".join(wire.encode(report).decode() for report in self.centre.reports.values())

    async def until_given(self, word: str) -> None:
        await self.centre.until(lambda: word in str(self.probe.given[-1:]))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    yield made
    await made.stop()
    await made.centre.stop()


async def test_a_probe_is_given_the_secret_and_nothing_tells_it(rig: Rig, tmp_path: Path) -> None:
    await rig.start()
    await rig.until_given(WORD)
    await rig.centre.until(lambda: any("•••" in reason for reason in rig.reasons()))
    await rig.centre.until(lambda: '"step"' in rig.told())
    await rig.stop()
    assert WORD not in rig.told()
    held = held_in(tmp_path)
    assert held.keys() >= {"plan.json", "outbox.db"}
    forms = [form.encode() for form in (WORD, WORD[:8], "M\\u1eadt", "M%E1%BA%ADt", "nobody-named-this")]
    assert not [name for name, data in held.items() for form in forms if form in data]
    assert b"${secret:word}" in held["plan.json"]


async def test_what_waits_in_the_outbox_has_no_secret(rig: Rig, tmp_path: Path) -> None:
    rig.centre.answers = [(503, {"Retry-After": "30"})] * 20
    await rig.start()
    await rig.until_given(WORD)
    await rig.centre.until(lambda: len(rig.probe.given) > 4)
    rig.agent.stop()
    await asyncio.wait_for(rig.task, 60)  # type: ignore[arg-type]
    rig.task = None
    held = held_in(tmp_path)
    assert any(b"bad|" in data and "•••".encode() in data for data in held.values())
    assert not [name for name, data in held.items() if WORD.encode() in data]


def held_in(folder: Path) -> dict[str, bytes]:
    """What the files of an agent hold, by their names."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_only_what_the_plan_names_is_held(rig: Rig) -> None:
    await rig.start()
    await rig.until_given(WORD)
    assert rig.agent.secrets.clean("nobody-named-this") == "nobody-named-this"
    await rig.new_plan({"plain": True})
    await rig.until_given("plain")
    check = Check(1, "tells", "x", 100, 50, REFERENCE)
    assert rig.agent.secrets.missing(check) == {"word"}


async def test_a_secret_that_changed_is_fetched_when_the_channel_says_so(rig: Rig) -> None:
    await rig.start()
    await rig.until_given(WORD)
    rig.centre.secrets = {"word": OTHER}
    await rig.nudge()
    await rig.until_given(OTHER)
    assert 200 in rig.centre.plan_fetches
    assert rig.centre.plan_fetches[-1] == 304


async def test_a_plan_that_names_none_asks_for_none(rig: Rig) -> None:
    rig.centre.plan = rig.plan({"plain": True})
    await rig.start()
    await rig.until_given("plain")
    assert rig.centre.secret_fetches == 0


@pytest.mark.parametrize("refusal", [401, 404, 503])
async def test_a_centre_that_gives_no_secrets_is_asked_again_and_checks_say_what_is_missing(
    rig: Rig, refusal: int
) -> None:
    rig.centre.secret_answers = [refusal] * 1_000
    await rig.start()
    await rig.centre.until(lambda: "secret missing|word" in rig.reasons() and rig.centre.secret_fetches >= 2)
    # Not after so many refusals: how long is waited in between is drawn, and may be less than a check takes to run.
    rig.centre.secret_answers.clear()
    await rig.nudge()
    await rig.until_given(WORD)
    await rig.centre.until(lambda: any("•••" in reason for reason in rig.reasons()))


async def test_an_answer_that_cannot_be_read_is_neither_taken_nor_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.centre.secrets = b'{"values": {"word": 5, "x": "Half-a-secret'
    await rig.start()
    await rig.centre.until(lambda: "secret missing|word" in rig.reasons())
    assert rig.probe.given == []
    assert "cannot be read" in caplog.text
    assert "Half-a-secret" not in caplog.text


def test_the_answer_of_the_centre_is_small_json() -> None:
    given = wire.encode(wire.Secrets({"word": WORD}))
    assert msgspec.json.decode(given, type=wire.Secrets).values == {"word": WORD}
