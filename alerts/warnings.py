"""Warnings ahead of what ends by itself, and of certificates that are weak or of another name: each once, into the outbox.

What people were told of, and the messages that tell them, are written in one transaction: a crash neither loses a warning nor
sends it twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from alerts import outbox
from alerts.messages import LANGUAGES, Message, duration, local_time
from alerts.texts import TEXTS
from collector.services.expiry import DOMAIN, FORGOTTEN_MS, Warned, Worry, due, is_new
from collector.services.reads import ServiceReads
from collector.services.tables import service_warnings
from collector.services.views import Expiry
from collector.spans import kind
from inventory.state import State

LOOK_EVERY_MS = 600_000
MET_AGAIN_MS = FORGOTTEN_MS // 24
"""So seldom it is noted that a worry goes on."""
KEPT_MS = 400 * 86_400_000
"""After its end."""


@dataclass(frozen=True, slots=True)
class _New:
    warned: Warned
    messages: Mapping[str, Message]


def warn(state: State, services: ServiceReads, link: str, now: int) -> int:
    """Put out what is due and was not told; how many warnings."""
    with state.read() as connection:
        warned = read_warned(connection)
    found: list[_New] = []
    for expiry in services.expiries():
        days = due(expiry, [*warned, *(each.warned for each in found)], now)
        if days is not None:
            row = Warned(expiry.service, expiry.kind, expiry.label, expiry.expires_at, days, now)
            found.append(_New(row, _of_expiry(expiry, services.name(expiry.service), link, now)))
    met = services.worries()
    found += [
        _New(
            Warned(each.service, kind(each.reason), each.label, 0, 0, now),
            _of_worry(each, services.name(each.service), link),
        )
        for each in met
        if is_new(each, warned, now)
    ]
    _write(state, found, met, warned, now)
    return len(found)


def _write(
    state: State, found: Sequence[_New], met: Sequence[Worry], warned: Sequence[Warned], now: int
) -> None:
    lasting = [
        each
        for each in met
        for row in warned
        if not row.days
        and (row.service, row.kind, row.label) == (each.service, kind(each.reason), each.label)
        and now - row.at >= MET_AGAIN_MS
    ]
    if not (found or lasting):
        return
    c = service_warnings.c
    with state.write() as connection:
        for worry in lasting:
            connection.execute(
                sa.update(service_warnings)
                .where(
                    c.service == worry.service,
                    c.kind == kind(worry.reason),
                    c.label == worry.label,
                    c.days == 0,
                )
                .values(at=now)
            )
        for each in found:
            key = connection.execute(
                sa.insert(service_warnings).values(each.warned._asdict())
            ).inserted_primary_key
            outbox.add(connection, -int(key[0]) if key else 0, each.messages, now)
        connection.execute(sa.delete(service_warnings).where(c.ends_at > 0, c.ends_at < now - KEPT_MS))


def read_warned(connection: sa.Connection) -> list[Warned]:
    """What people were told of."""
    c = service_warnings.c
    rows = connection.execute(sa.select(c.service, c.kind, c.label, c.ends_at, c.days, c.at).order_by(c.id))
    return [Warned(*row) for row in rows]


def _of_expiry(expiry: Expiry, service: str, link: str, now: int) -> Mapping[str, Message]:
    left = expiry.expires_at - now
    what = DOMAIN if expiry.kind == DOMAIN else "certificate"
    title = f"{what} ends" if left > 0 else f"{what} ended"
    lines = [
        "system",
        "ends at",
        *(["seen by"] if expiry.label else []),
        *(["seen from"] if expiry.units else []),
    ]
    return {
        language: _message(
            language,
            title,
            lines,
            link,
            expiry.service,
            service=service,
            left=duration(left, language),
            label=expiry.label,
            at=local_time(expiry.expires_at),
            value=str(len(expiry.units)),
        )
        for language in LANGUAGES
    }


def _of_worry(worry: Worry, service: str, link: str) -> Mapping[str, Message]:
    why, _, details = worry.reason.partition("|")
    lines = ["system", "seen by", *(["details"] if details else [])]
    return {
        language: _message(
            language,
            why,
            lines,
            link,
            worry.service,
            service=service,
            label=worry.label,
            value=details.replace("|", ", "),
        )
        for language in LANGUAGES
    }


def _message(language: str, title: str, lines: Sequence[str], link: str, code: str, **values: str) -> Message:
    texts = TEXTS[language]
    body = [texts[line].format(**values) for line in lines]
    if link:
        body.append(texts["link"].format(link=f"{link.rstrip('/')}/services/{code}"))
    return Message(texts[title].format(**values), "\n".join(body))
