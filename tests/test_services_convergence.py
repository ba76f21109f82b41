"""The same evidence, in any order, in any pieces, any number of times, late, and with restarts of the collector in between, ends in
the same outages of services."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support_offices import Offices, Registry
from support_story import PROVINCE, START, S
from test_collector_convergence import split

from inventory.records import Maintenance

HAPPENINGS = (
    "all",
    "hub",
    "provider",
    "name",
    "one",
    "line",
    "hub line",
    "late",
    "collector",
    "planned",
    "blink",
)


def live(folder: Path, what: list[str], seed: int) -> Offices:
    """Some minutes in which these things happen, some of them at once."""
    dice = random.Random(seed)
    offices = Offices(folder, Registry(communes=3, departments=3), seed)
    units = sorted(offices.sites)
    dice.shuffle(units)
    offices.until(90)
    for number, each in enumerate(what):
        unit = units[number % len(units)]
        lasts = dice.choice([35, 80, 150])
        begin(offices, each, unit, lasts)
        offices.until((offices.now - START) / S + lasts)
        if dice.random() < 0.7:
            end(offices, unit)
            offices.until((offices.now - START) / S + dice.choice([1, 40, 90]))
    for unit in units:
        end(offices, unit)
    offices.until((offices.now - START) / S + 200)
    return offices


def begin(offices: Offices, what: str, unit: str, lasts: int) -> None:
    before, providers = offices.fault, {link.unit: link.provider for link in offices.registry.all_links(0)}
    hit = {
        "all": lambda _: True,
        "planned": lambda _: True,
        "hub": lambda code: code.startswith("h1"),
        "provider": lambda code: providers[code] == "VNPT",
        "name": lambda code: providers[code] == "VNPT",
        "one": lambda code: code == unit,
    }.get(what)
    why = "name not found" if what == "name" else "timeout"
    if hit is not None:
        offices.fault = lambda service, code, at: (
            why if service == "docs" and hit(code) else before(service, code, at)
        )
    if what == "blink":
        until = offices.now - START + 20 * S
        offices.fault = lambda service, code, at: "refused" if at < until else before(service, code, at)
    elif what == "planned":
        at = offices.now
        offices.registry.windows.append(
            Maintenance(PROVINCE, False, "work", at - 5 * S, at + (lasts + 60) * S, "docs")
        )
    elif what == "line":
        offices.sites[unit].line = False
    elif what == "hub line":
        offices.sites["h1"].line = False
    elif what == "late":
        offices.late = {code for code in offices.sites if code.startswith("h")}
    elif what == "collector":
        offices.listening = False


def end(offices: Offices, unit: str) -> None:
    offices.fault, offices.late, offices.listening = (lambda *_: ""), set(), True
    offices.sites[unit].line = offices.sites["h1"].line = True


def told_again(story: Offices, folder: Path, seed: int) -> Offices:
    """Another centre that gets the same: what it sees for itself in order, and reports in disorder."""
    dice = random.Random(seed)
    other = Offices(folder, story.registry, seed)
    pieces = [piece for told in story.reports for piece in split(told, dice)]
    pieces += dice.sample(pieces, len(pieces) // 4)
    dice.shuffle(pieces)
    for other.now, sign in story.signs:
        sign(other.world)
        while pieces and dice.random() < len(pieces) / len(story.signs):
            other.take(pieces.pop())
        if dice.random() < 0.01:
            other.watch.step(other.now)
            other.services.step(other.now)
        if dice.random() < 0.002:
            other.restart()
    for piece in pieces:
        other.take(piece)
    other.now = story.now
    for _ in range(2):
        other.watch.step(other.now)
        other.services.step(other.now)
    return other


def same(story: Offices, other: Offices) -> None:
    assert other.plain() == story.plain()
    for service in ("docs", "mail"):
        assert seen(other, service) == seen(story, service)


def seen(offices: Offices, service: str) -> object:
    """What is shown of a service, without since when and by which number."""
    state = offices.reads.service(service)
    assert state is not None
    sights = [(each.unit, each.sees, each.reason) for each in offices.reads.sights(service)]
    return state.status, state.headline, state.cause, state.planned, sights


@given(st.lists(st.sampled_from(HAPPENINGS), min_size=1, max_size=3), st.integers(0, 2**32))
@settings(deadline=None, max_examples=8, phases=[Phase.explicit, Phase.generate])
def test_reports_in_any_order_end_in_the_same_verdicts(what: list[str], seed: int) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        story = live(Path(one), what, seed)
        other = told_again(story, Path(two), seed)
        try:
            same(story, other)
        finally:
            story.close()
            other.close()


@pytest.mark.parametrize("what", HAPPENINGS)
def test_each_happening_converges(what: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    story = live(tmp_path / "one", [what], 7)
    other = told_again(story, tmp_path / "two", 8)
    same(story, other)
    story.close()
    other.close()
