"""What a change of an outage says to people. Pure: values in, texts out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts import service_messages as of_services
from alerts.texts import LANGUAGES, TEXTS
from collector.services.subjects import service_of
from collector.subjects import AGENT, CENTRE, HUB, LAN, UNIT
from collector.views import Outage, OutageChange, UnitState
from core.values import Cause

__all__ = ["LANGUAGES", "Message", "duration", "local_time", "message", "trial_message"]

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

_LINES: Mapping[str, tuple[str, ...]] = {
    "opened": ("unit", "began", "detected", "cause"),
    "closed": ("unit", "began", "ended", "lasted", "cause"),
    "retracted": ("unit", "why retracted", "began", "ended"),
    "overran": ("unit", "why overran", "began", "cause"),
}
"""The changes that are told, and the lines of each. A revision of times alone is shown on the pages only."""
_TOLD = frozenset({UNIT, HUB, AGENT, LAN, CENTRE})
"""Devices come and go with the working day: pages show them."""
CENTRE_MS = 60_000
"""A collector that was away for less was only started anew."""


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    body: str


def message(
    change: OutageChange,
    unit: UnitState | None,
    language: str,
    link: str,
    before: Outage | None = None,
    service: str = "",
) -> Message | None:
    """The message for a change; None when it is not one that people are told of: what another outage explains, what was
    planned, and what only pages show.

    `unit` is None when it exists no more; its code stands for its name. `link` is the address of the pages, such as
    `https://nhip.example.vn`; without one the message has no link. `before` is what the outage was before a revision: one
    that was planned and has outlasted that is told as if it began now. `service`: the name of the service that it is of.
    """
    outage, texts = change.outage, TEXTS[language]
    overran = change.what == "revised" and outage.ended_at is None and before is not None
    what = "overran" if overran and before and before.cause is Cause.PLANNED else change.what
    is_of_service = service_of(outage.subject) is not None
    lines = of_services.lines(outage, what) if is_of_service else _LINES.get(what, ())
    if not lines or not _is_told(outage):
        return None
    name = unit.name if unit else outage.unit
    values = {
        "name": name,
        "code": outage.unit,
        "count": _members(outage),
        "cause": texts[outage.cause],
        "duration": duration(_length(outage), language),
        "link": f"{link.rstrip('/')}/"
        + (f"outages/{outage.id}" if is_of_service else f"units/{outage.unit}"),
    }
    if is_of_service:
        values |= of_services.values(outage, name, service, language)
    times = {
        "began": outage.began_at,
        "failed since": outage.began_at,
        "detected": outage.detected_at,
        "ended": outage.ended_at,
        "works since": outage.ended_at,
    }
    body = [
        texts["first cause" if line == "cause" and not outage.final else line].format(
            **values, at=local_time(times.get(line))
        )
        for line in lines
        if line not in times or times[line] is not None
        if line != "cause" or outage.cause is not Cause.UNDETERMINED
    ]
    if link:
        body.append(texts["link"].format(**values))
    title = what if outage.subject == UNIT or what == "overran" else f"{outage.subject} {what}"
    if is_of_service:
        title = of_services.title(outage, what)
    return Message(texts[title].format(**values), "\n".join(body))


def _is_told(outage: Outage) -> bool:
    if outage.root is not None or outage.cause is Cause.PLANNED:
        return False
    if outage.subject not in _TOLD:
        return service_of(outage.subject) is not None
    return outage.subject != CENTRE or outage.ended_at is None or _length(outage) >= CENTRE_MS


def _members(outage: Outage) -> str:
    """How many units a hub's outage took with it."""
    told = (each.text.split("|") for each in outage.evidence)
    return next((parts[1] for parts in told if parts[0] == "members down"), "?")


def trial_message(name: str, language: str) -> Message:
    """What is sent to try a destination."""
    texts = TEXTS[language]
    return Message(texts["test title"], texts["test body"].format(name=name))


def local_time(at: int | None) -> str:
    """`at` on a clock in Vietnam, `23/11/2026 14:03:05`; empty for None."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZONE).strftime("%d/%m/%Y %H:%M:%S")


def duration(ms: int, language: str) -> str:
    """The two largest parts that matter: `2 giờ 5 phút`, `3 d 4 h`, `40 s`."""
    texts, seconds = TEXTS[language], max(0, ms) // 1000
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        parts.append((count, texts[name]))
    first = next((i for i, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [part for part in parts[first : first + 2] if part[0]] or [parts[-1]]
    return " ".join(f"{count} {name}" for count, name in shown)


def _length(outage: Outage) -> int:
    return (outage.ended_at or outage.began_at) - outage.began_at
