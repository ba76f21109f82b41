"""The same evidence, in any order, in any pieces, any number of times, late, and with restarts of the collector in
between, ends in the same outages with the same causes."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support_story import GATEWAY, START, UPS, Registry, S, Story, Told

from core.told import LINK_DOWN, LINK_UP, POWER_BACK, POWER_LOST

HAPPENINGS = (
    "line",
    "hub",
    "power",
    "agent",
    "pc",
    "gateway",
    "collector",
    "planned",
    "loss",
    "port",
    "mains",
)


def live(folder: Path, what: list[str], seed: int) -> Story:
    """A few minutes in which these things happen, some of them at once."""
    dice = random.Random(seed)
    story = Story(folder, Registry(communes=3, departments=2), seed)
    units = [code for code in story.sites if "c" in code]
    dice.shuffle(units)
    story.until(40)
    for number, each in enumerate(what):
        unit = units[number % len(units)]
        lasts = dice.choice([20, 45, 90])
        begin(story, each, unit, lasts)
        story.until((story.now - START) / S + lasts)
        end(story, each, unit)
        story.until((story.now - START) / S + dice.choice([1, 15, 40]))
    story.until((story.now - START) / S + 100)
    return story


def begin(story: Story, what: str, unit: str, lasts: int) -> None:
    site = story.sites[unit]
    if what == "line":
        site.line = False
    elif what == "hub":
        story.sites["h1"].line = False
    elif what == "power":
        story.power_off(unit)
    elif what == "agent":
        story.kill_agent(unit)
    elif what == "pc":
        site.pc = False
    elif what == "gateway":
        site.gateway = False
    elif what == "collector":
        story.listening = False
    elif what == "planned":
        at = (story.now - START) / S
        story.plan(unit, at - 5, at + lasts + 5)
        site.line = False
    elif what == "port":
        story.notice(unit, LINK_DOWN, GATEWAY, "ether1")
        site.line = False
    elif what == "mains":
        story.notice(unit, POWER_LOST, UPS)
        site.line = False
    else:
        story.loss = 0.1


def end(story: Story, what: str, unit: str) -> None:
    site = story.sites[unit]
    if what == "power":
        story.power_on(unit)
    elif what == "agent":
        story.start_agent(unit)
    elif what == "collector":
        story.restart()
        story.listening = True
    else:
        if what in ("port", "mains"):
            story.notice(unit, *((LINK_UP, GATEWAY) if what == "port" else (POWER_BACK, UPS)))
        site.line = site.pc = site.gateway = True
        story.sites["h1"].line, story.loss = True, 0.0


def told_again(story: Story, folder: Path, seed: int) -> Story:
    """Another centre that gets the same: what it sees for itself in order, and reports in disorder."""
    dice = random.Random(seed)
    other = Story(folder, story.registry, seed)
    pieces = [piece for told in story.reports for piece in split(told, dice)]
    pieces += dice.sample(pieces, len(pieces) // 4)
    dice.shuffle(pieces)
    for other.now, sign in story.signs:
        sign(other.world)
        while pieces and dice.random() < len(pieces) / len(story.signs):
            other.take(pieces.pop())
        if dice.random() < 0.01:
            other.watch.step(other.now)
        if dice.random() < 0.002:
            other.restart()
    for piece in pieces:
        other.take(piece)
    other.now = story.now
    other.watch.step(other.now)
    other.watch.step(other.now)
    return other


def split(told: Told, dice: random.Random) -> list[Told]:
    unit, epoch, rows, heard, header, received_at = told
    cut, at = dice.randint(0, len(rows)), dice.randint(0, len(heard))
    parts = ((rows[:cut], heard[:at]), (rows[cut:], heard[at:]))
    return [(unit, epoch, *part, header, received_at) for part in parts if any(part)]


@given(st.lists(st.sampled_from(HAPPENINGS), min_size=1, max_size=3), st.integers(0, 2**32))
@settings(deadline=None, max_examples=12, phases=[Phase.explicit, Phase.generate])
def test_reports_in_any_order_end_in_the_same_outages_and_causes(what: list[str], seed: int) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        story = live(Path(one), what, seed)
        other = told_again(story, Path(two), seed)
        try:
            assert other.plain() == story.plain()
            for unit in story.sites:
                period = (START + 30 * S, story.now - 30 * S)
                assert other.watch.uptime(unit, *period) == story.watch.uptime(unit, *period)
        finally:
            story.close()
            other.close()


@pytest.mark.parametrize("what", HAPPENINGS)
def test_each_happening_converges(what: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    story = live(tmp_path / "one", [what], 7)
    other = told_again(story, tmp_path / "two", 8)
    assert other.plain() == story.plain()
    story.close()
    other.close()
