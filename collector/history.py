"""Availability of periods that are older than what is in memory: judged anew from the evidence on disk."""

from collections import defaultdict

import sqlalchemy as sa

from collector import world_store as store
from collector.causes import EVERYTHING_SILENT
from collector.evidence import Alive, CheckEvidence, Evidence, Said
from collector.judge import judge, margin
from collector.sla import Availability, coarse
from collector.subjects import CENTRE
from collector.timeline import Interval, union, without
from collector.tracks import Planned
from collector.verdict_tables import outages
from collector.views import Uptime
from inventory.records import LINE_ROLES


def uptime(connection: sa.Connection, registry: Planned, unit: str, start: int, end: int, now: int) -> Uptime:
    """Of a unit and any period; what lies in the future is unknown."""
    until = max(start, min(end, now))
    planned = {
        check: found
        for check in store.checks_with_spans(connection)
        if (found := registry.check(check)) is not None and found.about == unit and found.role in LINE_ROLES
    }
    reach = margin(each.check.interval_ms for each in planned.values())
    spans, contacts, listening = store.read_period(connection, planned, unit, start - reach, until + reach)
    said: dict[int, list[Said]] = defaultdict(list)
    for check, _, span in spans:
        said[check].append(Said(span.first_at, span.last_at, span.status, span.reason))
    unheard = _unheard(connection, start - reach, until + reach)
    alive = without([(each.first_at, each.last_at) for each in listening], unheard)
    evidence = Evidence(
        checks=[
            CheckEvidence(
                check=check,
                role=each.role,
                own=each.vantage == unit,
                label=each.label,
                interval_ms=each.check.interval_ms,
                said=said[check],
            )
            for check, each in planned.items()
        ],
        contacts=contacts,
        alive=[Alive(*each) for each in alive],
        unheard=unheard,
    )
    judged_until = min(now, until + reach)
    timeline = coarse(judge(evidence, start - reach, judged_until).timeline)
    sums = Availability(each._replace(end=min(each.end, until)) for each in timeline if each.start < until)
    known = sums.uptime(start, until)
    return Uptime(
        start, max(start, end), known.up, known.down, max(start, end) - start - known.up - known.down
    )


def _unheard(connection: sa.Connection, start: int, end: int) -> list[Interval]:
    """When the whole centre heard nobody, as it was found then: the contacts of every unit would say so again."""
    c = outages.c
    found = connection.execute(
        sa.select(c.began_at, c.ended_at).where(
            c.subject == CENTRE,
            c.reason == EVERYTHING_SILENT,
            c.retracted.is_(False),
            c.began_at < end,
            c.ended_at.is_(None) | (c.ended_at > start),
        )
    )
    return union((row.began_at, end if row.ended_at is None else row.ended_at) for row in found)
