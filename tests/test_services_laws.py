"""Laws of the verdict on a service, whatever fails where and when."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from support_services import EVERY, NOW, TIMEOUT, S, group, line, name, phase, told, verdict

from collector.evidence import Said
from collector.facts import Row
from collector.services.finding import Watched
from collector.services.quorum import FEWEST
from collector.services.sight import Line, Look
from collector.services.verdict import Verdict
from collector.spans import Stream
from core.values import Status

UNTIL = 400
LABELS = ("DNS", "Page", "Sign in")
REASONS = ("timeout", "status|503", "name not found", "certificate not trusted")
GROUPS = [
    group("provider", "Viettel", range(0, 10, 2)),
    group("provider", "VNPT", range(1, 10, 2)),
    group("hub", "h1", range(4)),
    group("resolver", "9.9.9.9", (0, 3, 6)),
]
"""The largest first. Of many stories the province's own agent, unit 0, is among those that share something."""
CENTRE = 0


@dataclass(frozen=True)
class Fault:
    """From `begin` on and for `lasts` seconds these checks fail for these units."""

    units: frozenset[int]
    labels: frozenset[str]
    begin: int
    lasts: int
    reason: str

    def hits(self, unit: int, label: str, at: int) -> bool:
        within = self.begin * S <= at < (self.begin + self.lasts) * S
        return within and unit in self.units and label in self.labels


@dataclass(frozen=True)
class Story:
    """What goes wrong for so many units, each of which looks by every check in its own phase."""

    units: int
    faults: tuple[Fault, ...]
    cuts: Mapping[int, tuple[int, int]]
    """When lines were cut, in seconds."""

    def rows(self, unit: int, label: str) -> list[Row]:
        later = LABELS.index(label) * EVERY // 3
        rows = []
        for k, at in enumerate(range((phase(unit) + later) % EVERY, UNTIL * S, EVERY), 1):
            reason = next((each.reason for each in self.faults if each.hits(unit, label, at)), "")
            rows.append(Row(1, k, NOW + at, NOW + at, "down" if reason else "up", reason))
        return rows

    def watched(self, *, apart: bool = False, dice: random.Random | None = None) -> Watched:
        """With `dice`, as one who hears everything in another order, and some of it twice."""
        labels, units = list(LABELS), list(range(self.units))
        if dice is not None:
            dice.shuffle(labels)
            dice.shuffle(units)
        looks: dict[str, dict[str, Look]] = {label: {} for label in labels}
        for label in labels:
            for unit in units:
                rows = self.rows(unit, label)
                if dice is not None:
                    rows += dice.sample(rows, len(rows) // 3)
                    dice.shuffle(rows)
                kind = "dns" if label == "DNS" else "http"
                looks[label][name(unit)] = Look(unit, label, kind, "", EVERY, TIMEOUT, _said(rows))
        lines = {name(unit): self.line(unit) for unit in units}
        return Watched(looks, lines, GROUPS, frozenset({name(CENTRE)} if apart else ()))

    def line(self, unit: int) -> Line:
        cut = self.cuts.get(unit)
        return line(UNTIL * S, [(cut[0] * S, cut[1] * S)] if cut else [])


def _said(rows: list[Row]) -> list[Said]:
    stream = Stream(EVERY)
    for row in rows:
        stream.add(row)
    return [Said(span.first_at, span.last_at, span.status, span.reason) for span in stream.spans]


@st.composite
def stories(draw: st.DrawFn, *, hit: st.SearchStrategy[frozenset[int]] | None = None, most: int = 3) -> Story:
    units = draw(st.integers(2, 10))
    shared = [frozenset(int(code[1:]) for code in each.units) for each in GROUPS]
    some = st.frozensets(st.integers(0, units - 1)) | st.sampled_from([*shared, frozenset(range(units))])
    fault = st.builds(
        Fault,
        some if hit is None else hit,
        st.frozensets(st.sampled_from(LABELS), min_size=1),
        st.integers(0, UNTIL),
        st.integers(1, UNTIL),
        st.sampled_from(REASONS),
    )
    faults = draw(st.lists(fault, min_size=1, max_size=most))
    cuts = draw(
        st.dictionaries(
            st.integers(0, units - 1),
            st.tuples(st.integers(0, UNTIL), st.integers(10, 200)).map(lambda cut: (cut[0], sum(cut))),
            max_size=3,
        )
    )
    return Story(units, tuple(faults), cuts)


def judged(watched: Watched) -> Verdict:
    return verdict(watched, UNTIL)


@given(stories(), st.booleans(), st.integers(0, 1 << 32))
def test_order_and_repetition_do_not_matter(story: Story, apart: bool, seed: int) -> None:
    one, other = (
        judged(story.watched(apart=apart)),
        judged(story.watched(apart=apart, dice=random.Random(seed))),
    )
    assert other.findings == one.findings
    assert other.timeline == one.timeline
    assert {unit: each.sees for unit, each in other.seen.items()} == {
        unit: each.sees for unit, each in one.seen.items()
    }


@given(stories(), st.frozensets(st.integers(0, 9)))
def test_units_whose_line_is_down_have_no_vote(story: Story, out: frozenset[int]) -> None:
    """All failures of theirs may be forgotten."""
    whole = {unit: (0, UNTIL + 1) for unit in out if unit < story.units}
    failing = replace(story, cuts={**story.cuts, **whole})
    faults = [replace(each, units=each.units - out) for each in story.faults]
    forgotten = replace(failing, faults=tuple(faults))
    assert told(judged(failing.watched())) == told(judged(forgotten.watched()))


@given(stories(hit=st.just(frozenset({1}))), st.booleans())
def test_what_fails_for_one_unit_alone_is_never_the_service_nor_shared(story: Story, apart: bool) -> None:
    for found in judged(story.watched(apart=apart)).findings:
        assert not found.is_service
        assert (found.shared, found.units) == (None, (name(1),))


@given(stories())
def test_what_is_shared_is_not_the_centres(story: Story) -> None:
    """Its agent stands at the services: what it alone has in common with a unit tells of neither."""
    for found in judged(story.watched(apart=True)).findings:
        if found.shared is not None:
            assert name(CENTRE) not in found.units
            assert len(found.units) >= FEWEST


@given(stories(hit=st.just(frozenset({CENTRE, 2}))))
def test_a_unit_and_the_centre_share_nothing(story: Story) -> None:
    assert all(found.shared is None for found in judged(story.watched(apart=True)).findings if found.units)


@given(stories(most=1), st.integers(60, UNTIL), st.booleans())
def test_one_fault_of_what_was_seen_well_hits_each_unit_in_one_way(
    story: Story, begin: int, apart: bool
) -> None:
    story = Story(story.units, tuple(replace(each, begin=begin) for each in story.faults), {})
    findings = judged(story.watched(apart=apart)).findings
    going_on = [found for found in findings if found.ended_at is None]
    for one, other in combinations(going_on, 2):
        assert not one.is_service
        assert not other.is_service
        assert not set(one.units) & set(other.units)


@given(stories(), st.booleans())
def test_down_is_the_service_where_its_own_timeline_says_so(story: Story, apart: bool) -> None:
    found = judged(story.watched(apart=apart))
    is_down = any(stretch.status is Status.DOWN for stretch in found.timeline)
    assert any(each.is_service for each in found.findings) == is_down
