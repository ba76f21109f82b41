"""What an import would change in one table. Pure: the versions that are there, the lines of a file, and `now`.

A line means the version that begins at its `valid_from`. Without one it means what is true now: if that differs,
the version of now ends and a new one begins, so that nothing that was true is lost. A correction of the past
names the `valid_from` of the version it corrects.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from inventory.exchange.cells import Scalar
from inventory.exchange.faults import Fault
from inventory.exchange.lines import Line
from inventory.exchange.sheets import Sheet

Row = dict[str, Any]
Key = tuple[Scalar, ...]


@dataclass(slots=True)
class Version:
    """One row of the table as it would be; `before` as it is, None for a new one; `line` what says so.

    `follows` is the version of the same key that a new one goes on from, if it does.
    """

    row: Row
    id: int | None = None
    before: Row | None = None
    line: Line | None = None
    follows: "Version | None" = None
    gone: bool = False

    @property
    def start(self) -> int:
        return int(self.row["valid_from"])

    @property
    def end(self) -> int | None:
        end: int | None = self.row["valid_to"]
        return end


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is `add`, `change`, `end` or `remove`; `fields` are the columns that differ, as (before, after).

    A change that begins a new version has that version's `valid_from` as its time; `corrects` is False for it.
    """

    table: str
    what: str
    key: Key
    version: Version
    fields: Mapping[str, tuple[Scalar, Scalar]]

    @property
    def corrects(self) -> bool:
        """Whether a version that is there is altered, instead of a new one begun."""
        return self.version.before is not None


@dataclass(slots=True)
class Outcome:
    """The whole table as it would be, what differs, and what is wrong."""

    sheet: Sheet
    versions: list[Version]
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def compare(
    sheet: Sheet,
    rows: Iterable[Mapping[Any, Any]],
    lines: Sequence[Line],
    now: int,
    *,
    end_missing: Callable[[Key], bool] | None = None,
) -> Outcome:
    """What `lines` would make of `rows`. What is true now, in no line, and `end_missing` by its key, ends now."""
    names = [column.name for column in sheet.columns]
    found: dict[Key, list[Version]] = {}
    faults: list[Fault] = []
    for row in rows:
        kept = {name: row[name] for name in names}
        found.setdefault(_key(sheet, kept), []).append(Version(dict(kept), id=row["id"], before=kept))
    for line in lines:
        if not line.bad & set(sheet.key):
            faults += _take(sheet, found.setdefault(_key(sheet, line.values), []), line, now)
    for key, versions in found.items():
        if end_missing is not None and end_missing(key):
            _end(versions, now)
    for versions in found.values():
        faults += _settle(versions)
    _number(sheet, found.values())
    outcome = Outcome(sheet, [version for versions in found.values() for version in versions], faults=faults)
    outcome.faults += _incomplete(outcome)
    outcome.changes = list(_changes(outcome))
    return outcome


def _key(sheet: Sheet, values: Mapping[str, Scalar]) -> Key:
    return tuple(values.get(name, sheet.column(name).blank) for name in sheet.key)


def _take(sheet: Sheet, versions: list[Version], line: Line, now: int) -> list[Fault]:
    """Let a line change the version that it means, or begin a new one."""
    said = dict(line.values)
    given = said.pop("valid_from", None)
    if "valid_from" in line.bad:
        return []
    meant, base = _meant(versions, given, said, now)
    if meant is not None:
        if meant.line is not None:
            return [Fault(line.source, line.row, sheet.key[0], f"duplicate|row {meant.line.row}")]
        meant.row |= said
        meant.line = line
        return []
    row: Row = {column.name: column.blank for column in sheet.columns}
    if base is not None:
        row |= base.row
        if given is not None or (base.end is not None and base.end <= now):
            row["valid_to"] = None
    start = now if given is None else given
    versions.append(Version(row | said | {"valid_from": start}, line=line, follows=base))
    return []


def _meant(
    versions: list[Version], given: Scalar, said: Row, now: int
) -> tuple[Version | None, Version | None]:
    """The version that a line speaks of, if there is one; or else the one that a new version goes on from."""
    if given is not None:
        start = int(given)
        exact = next((version for version in versions if version.start == start), None)
        return exact, max((v for v in versions if v.start < start), key=lambda v: v.start, default=None)
    last = max((v for v in versions if v.start <= now), key=lambda v: v.start, default=None)
    if last is None:
        # Nothing has begun yet: a line without a date speaks of the version that will.
        return min(versions, key=lambda v: v.start, default=None), None
    ended = last.end is not None and last.end <= now
    until = said.get("valid_to")
    differs = any(last.row[name] != value for name, value in said.items() if name != "valid_to")
    past = until is not None and int(until) <= now
    same = past if ended else not differs or past
    if same or last.start == now or last.line is not None:
        return last, None
    return None, last


def _end(versions: list[Version], now: int) -> None:
    if any(version.line for version in versions):
        return
    for version in versions:
        if version.start >= now:
            version.gone = True
        elif version.end is None or version.end > now:
            version.row["valid_to"] = now


def _settle(versions: list[Version]) -> Iterator[Fault]:
    """Close what goes on into a version that follows it, unless a line says where it ends."""
    versions.sort(key=lambda version: version.start)
    stay = [version for version in versions if not version.gone]
    for version, following in pairwise(stay):
        if version.end is None or version.end > following.start:
            if version.line is None or "valid_to" not in version.line.values:
                version.row["valid_to"] = following.start
            else:
                line = following.line or version.line
                yield Fault(line.source, line.row, "valid_from", "overlaps another version of the same")
    for version in stay:
        if version.line and version.end is not None and version.end <= version.start:
            yield Fault(version.line.source, version.line.row, "valid_to", "ends before it begins")


def _number(sheet: Sheet, all_versions: Iterable[list[Version]]) -> None:
    """Give new rows without a position the next ones, in the order of their lines."""
    for column in sheet.columns:
        if column.kept:
            rows = [version.row for versions in all_versions for version in versions]
            last = max((row[column.name] for row in rows if row[column.name] is not None), default=0)
            for number, row in enumerate((row for row in rows if row[column.name] is None), start=last + 1):
                row[column.name] = number


def _incomplete(outcome: Outcome) -> Iterator[Fault]:
    for version in outcome.versions:
        for column in outcome.sheet.columns:
            line = version.line
            if (
                line
                and column.needed
                and version.row[column.name] in ("", None)
                and column.name not in line.bad
            ):
                yield Fault(line.source, line.row, column.name, "empty")


def _changes(outcome: Outcome) -> Iterator[Change]:
    followed = {id(v.follows) for v in outcome.versions if v.follows and v.follows.end == v.start}
    for version in outcome.versions:
        follows = version.follows if version.follows and version.follows.end == version.start else None
        before = version.before or (follows.row if follows else {})
        differ = {
            name: (before.get(name), value)
            for name, value in version.row.items()
            if value != before.get(name) and not (follows and name in ("valid_from", "valid_to"))
        }
        key = _key(outcome.sheet, version.row)
        ends = set(differ) == {"valid_to"} and version.end is not None
        if version.gone:
            yield Change(outcome.sheet.name, "remove", key, version, {})
        elif not before:
            yield Change(outcome.sheet.name, "add", key, version, differ)
        # That one version ends where the next begins goes without saying.
        elif (differ or version.before is None) and not (ends and id(version) in followed):
            yield Change(outcome.sheet.name, "end" if ends else "change", key, version, differ)
