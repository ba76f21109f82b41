"""A unit's verdicts over a stretch of time, as a bar, with what happened meanwhile as marks on it: pure, for the template."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.subjects import UNIT
from collector.timeline import Stretch
from collector.views import Outage
from core.told import EVIDENCE
from core.values import Cause
from web.happenings import Told
from web.palette import look_of

WIDTH = 1_000
"""Of the whole bar, in units of its drawing."""
LEAST = 1.5
"""A short outage is drawn so wide at least: it must be seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of the timeline: `look` as in `web.palette`; `outage` for those that belong to one."""

    x: float
    width: float
    look: str
    word: str
    start: int
    end: int
    cause: Cause | None
    outage: int | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, at `x` of the bar. `loud`: of links, power or a restart."""

    x: float
    loud: bool
    told: Told


def marks(happened: Iterable[Told], start: int, end: int) -> list[Mark]:
    """What happened from `start` to `end`, in order."""
    scale = WIDTH / max(1, end - start)
    return [
        Mark((each.at - start) * scale, each.kind in EVIDENCE, each)
        for each in happened
        if start <= each.at < end
    ]


def bars(timeline: Sequence[Stretch], outages: Iterable[Outage], start: int, end: int) -> list[Bar]:
    """The timeline from `start` to `end`, pieces in order; outages of the unit give them their causes."""
    own = [each for each in outages if each.subject == UNIT and not each.retracted]
    found: list[Bar] = []
    scale = WIDTH / max(1, end - start)
    for stretch in timeline:
        begin, stop = max(stretch.start, start), min(stretch.end, end)
        if stop <= begin:
            continue
        outage = next(
            (
                each
                for each in own
                if each.began_at < stop and (each.ended_at is None or each.ended_at > begin)
                if stretch.status in ("down", "unknown")
            ),
            None,
        )
        look = look_of(stretch.status, stretch.reason, outage.cause if outage else None)
        width = (stop - begin) * scale
        last = found[-1] if found else None
        if last is not None and last.look == look.key and last.outage == (outage.id if outage else None):
            found[-1] = Bar(
                last.x, last.width + width, last.look, last.word, last.start, stop, last.cause, last.outage
            )
            continue
        found.append(
            Bar(
                (begin - start) * scale,
                max(LEAST, width) if stretch.status == "down" else width,
                look.key,
                look.word,
                begin,
                stop,
                outage.cause if outage else None,
                outage.id if outage else None,
            )
        )
    return found
