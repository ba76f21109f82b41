"""Reports that say what their agents said before: gathered, and written together. They move three times and make no row."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from inventory.machines import contents
from inventory.machines.tables import faces, heard, machine_versions

Row = sa.Row[tuple[Any, ...]]
Key = tuple[str, str]
"""Unit, and the agent's own name."""


class Again:
    """Order does not matter: of each agent the newest report is what was heard last."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str, int], tuple[int, str, Mapping[str, Any]]] = {}
        self._agents: set[Key] = set()
        self._seen: dict[str, set[tuple[int, int]]] = {faces.name: set(), machine_versions.name: set()}

    def __contains__(self, key: Key) -> bool:
        return key in self._agents

    def add(self, known: Row, at: int, source: str, moves: Mapping[str, Any]) -> None:
        """`known` is what was heard of the agent, of which this is a repetition."""
        key = known.unit, known.device, known.face
        self._agents.add(key[:2])
        if key not in self._newest or at > self._newest[key][0]:
            self._newest[key] = at, source, moves
        self._seen[faces.name].add((known.face, at))
        self._seen[machine_versions.name].add((known.version, at))

    def write(self, connection: sa.Connection) -> None:
        """Put what was gathered into the store, and begin anew."""
        if not self._newest:
            return
        rows = [
            {
                "of_unit": unit,
                "of_device": device,
                "of_face": face,
                "at": at,
                "source": source,
                "moving": contents.pack(moves),
            }
            for (unit, device, face), (at, source, moves) in self._newest.items()
        ]
        connection.execute(_HEARD_AGAIN, rows)
        for name, seen in self._seen.items():
            connection.execute(_WIDEN[name], [{"wanted": id_, "seen": at} for id_, at in seen])
            seen.clear()
        self._newest.clear()
        self._agents.clear()


def widen(connection: sa.Connection, table: sa.Table, id_: int, at: int) -> None:
    """A row of faces or versions was seen at that time too."""
    connection.execute(_WIDEN[table.name], {"wanted": id_, "seen": at})


def _widened(table: sa.Table) -> sa.Update:
    c, at = table.c, sa.bindparam("seen", type_=sa.BigInteger)
    seen = {"first_seen": sa.func.min(c.first_seen, at), "last_seen": sa.func.max(c.last_seen, at)}
    return (
        sa.update(table)
        .where(c.id == sa.bindparam("wanted"), sa.or_(c.first_seen > at, c.last_seen < at))
        .values(seen)
    )


# Made once: thousands come at the same time, and making a statement takes longer than running it.
_HEARD_AGAIN = (
    sa.update(heard)
    .where(
        heard.c.unit == sa.bindparam("of_unit"),
        heard.c.device == sa.bindparam("of_device"),
        heard.c.face == sa.bindparam("of_face"),
        heard.c.at < sa.bindparam("at"),
    )
    .values({name: sa.bindparam(name) for name in ("at", "source", "moving")})
)
_WIDEN = {table.name: _widened(table) for table in (faces, machine_versions)}
