"""What findings say to people: one message for many, in it one line for each unit and kind. Pure: values in, texts out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from alerts.digest import AFTER_MS
from alerts.messages import ZONE, Message
from alerts.texts import TEXTS
from inventory.findings.keeper import KeptFinding

NAMED = 5
"""Devices of a unit and kind that are named; more are a number."""
LONGEST = 3_000
"""Characters of the lines: some services cut a message behind 4,096."""
_NAME = 60
_KINDS = tuple(AFTER_MS)


def finding_message(
    found: Sequence[KeptFinding],
    names: Mapping[str, str],
    language: str,
    link: str,
    now: int,
    *,
    digest: bool,
) -> Message:
    """The message for these, of which there is at least one. `names`: of units. `digest`: it is that of a morning."""
    texts = TEXTS[language]
    units = {each.unit for each in found}
    first = found[0]
    values = {
        "count": str(len(found)),
        "units": str(len(units)),
        "day": datetime.fromtimestamp(now / 1000, UTC).astimezone(ZONE).strftime("%d/%m/%Y"),
        "unit": names.get(first.unit, first.unit),
        "kind": texts[f"found {first.kind}"],
        "what": _told(first),
    }
    key = "findings digest" if digest else "findings now" if len(found) > 1 else "finding now"
    body = list(_lines(found, names, language))
    if link:
        page = f"{link.rstrip('/')}/machines/findings"
        body.append(texts["link"].format(link=f"{page}?unit={first.unit}" if len(units) == 1 else page))
    return Message(texts[key].format(**values), "\n".join(body))


def _lines(found: Sequence[KeptFinding], names: Mapping[str, str], language: str) -> list[str]:
    texts = TEXTS[language]

    def place(each: KeptFinding) -> tuple[str, str, int]:
        return names.get(each.unit, each.unit), each.unit, _KINDS.index(each.kind)

    lines: list[str] = []
    left = len(found)
    for (unit, _code, kind), group in groupby(sorted(found, key=place), place):
        some = list(group)
        named = ", ".join(_told(each) for each in some) if len(some) <= NAMED else ""
        values = {
            "unit": unit,
            "kind": texts[f"found {_KINDS[kind]}"],
            "count": str(len(some)),
            "names": named,
        }
        line = texts["found line" if named else "found count"].format(**values)
        if sum(map(len, lines)) + len(line) > LONGEST:
            lines.append(texts["found more"].format(count=str(left)))
            break
        lines.append(line)
        left -= len(some)
    return lines


def _told(found: KeptFinding) -> str:
    """What it is of, and of parts which: names are strangers' texts."""
    name = " ".join((found.name or found.subject).split())[:_NAME]
    if found.kind == "memory":
        return f"{name} (−{int(found.detail) / 1024:.3g} GB)"
    if found.kind == "disk":
        return f"{name} ({' '.join(found.detail.split())[:_NAME]})"
    return name
