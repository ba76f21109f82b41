"""Keeps what changed from version to version, of machines of which something new was heard.

A machine whose versions are those that were followed, and some more behind them, is followed from there; any other one, whose faces
are others now or of which something earlier came late, from its first version on. So what is kept follows from the versions alone.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from inventory.differences.notes import SECTIONS, Note, moved, notes, updated
from inventory.differences.tables import followed, machine_notes, machine_updates
from inventory.machines import contents
from inventory.machines.reads import versions_of
from inventory.machines.tables import heard, machine_versions
from inventory.state import State

AT_ONCE = 50
"""Machines that are written together."""
_sections = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()


def refresh(state: State, names: Mapping[int, str], most: int = 1 << 30) -> int:
    """Follow machines of which something new is known, at most about `most`; how many that were.

    `names` says which machine each face stands in (`Machines.names_of_faces`).
    """
    faces_of: dict[str, list[int]] = {}
    for face, name in sorted(names.items()):
        faces_of.setdefault(name, []).append(face)
    with state.read() as connection:
        tokens = _tokens(connection)
        known = {row.machine: row.token for row in connection.execute(_FOLLOWED)}
    wanted = {
        name: ids
        for name, ids in faces_of.items()
        if known.get(name) != _token(ids, tokens) and all(face in tokens for face in ids)
    }
    if gone := known.keys() - faces_of.keys():
        # Their faces stand in other machines now, which are followed anew.
        with state.write() as connection:
            connection.execute(_FORGET, [{"wanted": name} for name in gone])
    names_left = list(wanted)[:most]
    for start in range(0, len(names_left), AT_ONCE):
        some = names_left[start : start + AT_ONCE]
        with state.read() as connection:
            found = [_follow(connection, name, wanted[name]) for name in some]
        with state.write() as connection:
            for each in found:
                _write(connection, each)
    return len(names_left)


@dataclass(frozen=True, slots=True)
class _Found:
    machine: str
    faces: Sequence[int]
    token: str
    whole: bool
    versions: int
    mark: bytes
    notes: Sequence[Mapping[str, object]]
    updates: Sequence[Mapping[str, object]]


def _follow(connection: sa.Connection, machine: str, ids: Sequence[int]) -> _Found:
    token = _token(ids, _tokens(connection, ids))
    rows = connection.execute(versions_of(ids)).all()[::-1]
    before = connection.execute(_ONE, {"wanted": machine}).first()
    done = before.versions if before is not None and before.mark == _mark(rows[: before.versions]) else 0
    told: dict[tuple[int, int, str, str, bool], list[Any]] = {}
    last_updates: dict[tuple[str, str, int], int] = {}
    last: dict[str, Any] = {}
    read = _Reader(connection)

    def note(face: int, at: int, found: Iterable[Note], *, back: bool = False) -> None:
        for each in found:
            entry = told.setdefault((face, at, each.kind, each.subject, back), [each.told, 0])
            entry[1] += each.delta

    for place, row in enumerate(rows):
        base = last.get(row.agent)
        if place >= done and base is not None:
            sections = read.both(base.digest, row.digest)
            note(row.face, row.first_seen, [*notes(*sections), *moved(base.unit, row.unit)])
            for name in updated(*sections):
                last_updates[name, row.unit, row.face] = row.first_seen
        last[row.agent] = row
    for agent, row in last.items():
        newest = max(
            (each for each in rows if each.agent == agent),
            key=lambda each: (each.last_seen, each.first_seen, each.id),
        )
        if newest.id != row.id:
            went = [*notes(*read.both(row.digest, newest.digest)), *moved(row.unit, newest.unit)]
            note(newest.face, row.last_seen + 1, went, back=True)
    return _Found(
        machine,
        ids,
        token,
        done == 0,
        len(rows),
        _mark(rows),
        [
            {
                "face": face,
                "at": at,
                "kind": kind,
                "subject": subject,
                "back": back,
                "told": said,
                "delta": delta,
            }
            for (face, at, kind, subject, back), (said, delta) in told.items()
            if delta
        ],
        [
            {"product": name, "unit": unit, "face": face, "at": at}
            for (name, unit, face), at in last_updates.items()
        ],
    )


class _Reader:
    """Contents of versions, of which one is the next one's base most of the time."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._last: dict[bytes, Mapping[str, msgspec.Raw]] = {}

    def both(self, before: bytes, after: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """The sections of two contents. Software that is the same in both is left out of them: it is most of a content."""
        mine, theirs = self._raw(before), self._raw(after)
        self._last = {before: mine, after: theirs}
        same = "softwares" in mine and mine["softwares"] == theirs.get("softwares")
        read = [name for name in SECTIONS if not (same and name == "softwares")]
        old, new = (
            {name: _any.decode(each[name]) for name in read if name in each} for each in (mine, theirs)
        )
        return old, new

    def _raw(self, digest: bytes) -> Mapping[str, msgspec.Raw]:
        found = self._last.get(digest)
        if found is None:
            found = _sections.decode(contents.get(self._connection, digest))
        return found


def _write(connection: sa.Connection, found: _Found) -> None:
    if _token(found.faces, _tokens(connection, found.faces)) != found.token:
        return  # something came meanwhile: next time
    ids = {"ids": json.dumps(list(found.faces))}
    if found.whole:
        connection.execute(_DROP_NOTES, ids)
        connection.execute(_DROP_UPDATES, ids)
    else:
        connection.execute(_DROP_BACK, ids)
    if found.notes:
        connection.execute(_NOTE, found.notes)
    if found.updates:
        connection.execute(_UPDATE, found.updates)
    row = {"machine": found.machine, "token": found.token, "versions": found.versions, "mark": found.mark}
    connection.execute(_PUT, row)


def _mark(rows: Sequence[Any]) -> bytes:
    told = " ".join(f"{row.id}:{row.face}:{row.first_seen}" for row in rows)
    return blake2b(told.encode(), digest_size=16).digest()


def _tokens(connection: sa.Connection, ids: Sequence[int] | None = None) -> dict[int, tuple[int, str]]:
    """What tells whether a face has other versions than before: they become more, and earlier, and the current one another. With
    when the face was heard last."""
    v, counted = machine_versions.c, (sa.func.count(), sa.func.sum(machine_versions.c.first_seen))
    query = sa.select(v.face, *counted).group_by(v.face)
    current = sa.select(heard.c.face, heard.c.version, heard.c.at)
    if ids is not None:
        query, current = query.where(v.face.in_(ids)), current.where(heard.c.face.in_(ids))
    found = {face: [count, first] for face, count, first in connection.execute(query)}
    last: dict[int, int] = {}
    for face, version, at in connection.execute(current.order_by(heard.c.face, heard.c.version)):
        found[face].append(version)
        last[face] = max(at, last.get(face, 0))
    return {face: (last.get(face, 0), " ".join(map(str, told))) for face, told in found.items()}


def _token(ids: Sequence[int], tokens: Mapping[int, tuple[int, str]]) -> str:
    """Of a machine: also which face was heard last, for one that is as it was before has no other version."""
    newest = max(ids, key=lambda face: (tokens.get(face, (0, ""))[0], face))
    return ";".join(f"{face} {tokens.get(face, (0, ''))[1]}" for face in ids) + f";{newest}"


_ids = sa.select(sa.func.json_each(sa.bindparam("ids")).table_valued("value").c.value)
_FOLLOWED = sa.select(followed.c.machine, followed.c.token)
_ONE = sa.select(followed.c.versions, followed.c.mark).where(followed.c.machine == sa.bindparam("wanted"))
_FORGET = sa.delete(followed).where(followed.c.machine == sa.bindparam("wanted"))
_PUT = sa.insert(followed).prefix_with("OR REPLACE")
_DROP_NOTES = sa.delete(machine_notes).where(machine_notes.c.face.in_(_ids))
_DROP_BACK = _DROP_NOTES.where(machine_notes.c.back)
_DROP_UPDATES = sa.delete(machine_updates).where(machine_updates.c.face.in_(_ids))
_note = insert(machine_notes)
_NOTE = _note.on_conflict_do_update(
    index_elements=["face", "at", "kind", "subject", "back"],
    set_={"delta": machine_notes.c.delta + _note.excluded.delta},
)
_update = insert(machine_updates)
_UPDATE = _update.on_conflict_do_update(
    index_elements=["product", "unit", "face"],
    set_={"at": sa.func.max(machine_updates.c.at, _update.excluded.at)},
)
