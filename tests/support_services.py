"""A service as many units see it, made of values: each unit looks at its own phase, and what it finds is asked of a function."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from collector.evidence import Said
from collector.facts import Row
from collector.services.finding import Watched
from collector.services.shared import Group
from collector.services.sight import Line, Look
from collector.services.verdict import Verdict, decide
from collector.services.views import Shared
from collector.spans import Stream
from collector.timeline import Interval, without

NOW = 1_790_000_000_000
S = 1_000
EVERY = 30 * S
TIMEOUT = 5 * S

Finds = Callable[[int, int], tuple[str, str]]
"""(number of the unit, time in ms since NOW) -> status and reason."""


def well(_unit: int, _at: int) -> tuple[str, str]:
    return "up", ""


def down(reason: str = "timeout") -> tuple[str, str]:
    return "down", reason


def broken(units: Iterable[int], begin: float, end: float = 1e9, reason: str = "timeout") -> Finds:
    """These units fail from `begin` until before `end`, in seconds."""
    hit = frozenset(units)
    return lambda unit, at: down(reason) if unit in hit and begin * S <= at < end * S else ("up", "")


def said(results: Sequence[tuple[int, str, str]], interval_ms: int = EVERY) -> list[Said]:
    """Results (time in ms since NOW, status, reason) as the spans that they make."""
    stream = Stream(interval_ms)
    for k, (at, status, reason) in enumerate(results, 1):
        stream.add(Row(1, k, NOW + at, NOW + at, status, reason))
    return [Said(span.first_at, span.last_at, span.status, span.reason) for span in stream.spans]


def name(number: int) -> str:
    return f"u{number:03}"


def phase(number: int, interval_ms: int = EVERY) -> int:
    """Spread over the interval as the schedule's hash does: no two neighbours near one another."""
    return number * 7_919 * S // 100 % interval_ms


def first(units: Iterable[int], begin: float) -> int:
    """When the first of these looks from `begin` on, both in whole seconds."""
    start = int(begin * S)
    return min(start + (phase(each) - start) % EVERY for each in units) // S


def look(
    number: int,
    finds: Finds,
    until_ms: int,
    *,
    interval_ms: int = EVERY,
    label: str = "Sign in",
    kind: str = "scenario",
    family: str = "",
    told_after_ms: int = 0,
    later_ms: int = 0,
) -> Look:
    """What unit `number` had told of its looks by `until_ms` after NOW; they are made so much later than others of it."""
    times = range(
        (phase(number, interval_ms) + later_ms) % interval_ms, until_ms - told_after_ms, interval_ms
    )
    results = [(at, *finds(number, at)) for at in times]
    return Look(number, label, kind, family, interval_ms, TIMEOUT, said(results, interval_ms))


def line(until_ms: int, cuts: Sequence[Interval] = ()) -> Line:
    """A line that was cut in these times (ms since NOW) and worked in all others."""
    gone = [(NOW + start, NOW + end) for start, end in cuts]
    return Line(without([(NOW, NOW + until_ms + 1)], gone), gone)


def seen_by(
    units: Iterable[int],
    finds: Finds,
    until: float,
    *,
    cuts: Mapping[int, Sequence[Interval]] | None = None,
    groups: Sequence[Group] = (),
    told_after: float = 0,
    intervals: Mapping[int, int] | None = None,
    apart: frozenset[str] = frozenset(),
) -> Watched:
    """A service with one check, as these units had told of it by `until` seconds after NOW."""
    until_ms = int(until * S)
    units = list(units)
    looks = {
        name(each): look(
            each,
            finds,
            until_ms,
            interval_ms=(intervals or {}).get(each, EVERY),
            told_after_ms=int(told_after * S),
        )
        for each in units
    }
    lines = {name(each): line(until_ms, (cuts or {}).get(each, ())) for each in units}
    return Watched({"Sign in": looks}, lines, groups, apart)


def by_checks(
    units: Iterable[int],
    finds: Mapping[str, Finds],
    until: float,
    *,
    groups: Sequence[Group] = (),
    apart_ms: int = EVERY // 3,
) -> Watched:
    """A service with several checks by label, each made a while after the one before; one named `DNS` asks for the name."""
    units, until_ms = list(units), int(until * S)
    looks = {
        label: {
            name(each): look(
                each,
                found,
                until_ms,
                label=label,
                kind="dns" if label == "DNS" else "http",
                later_ms=number * apart_ms,
            )
            for each in units
        }
        for number, (label, found) in enumerate(finds.items())
    }
    return Watched(looks, {name(each): line(until_ms) for each in units}, groups)


def group(kind: str, value: str, units: Iterable[int]) -> Group:
    return Group(Shared(kind, value), frozenset(map(name, units)))


def verdict(watched: Watched, until: float) -> Verdict:
    return decide(watched, NOW, NOW + int(until * S) + 1)


def told(found: Verdict) -> list[tuple[str, int, int | None, int]]:
    """What goes on or was, each as (what, begin and end in seconds since NOW, units), without what is held back."""
    return [
        (
            "service"
            if each.is_service
            else f"{each.shared.kind} {each.shared.value}"
            if each.shared
            else "alone",
            (each.began_at - NOW) // S,
            None if each.ended_at is None else (each.ended_at - NOW) // S,
            len(each.units),
        )
        for each in found.findings
        if not each.held
    ]
