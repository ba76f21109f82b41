"""The ways that packets took, as agents traced them: one version for each different sequence of hops.

A version is known by its unit, target, method, the addresses of its hops and whether the target was reached. A trace that
found what was found before only moves the version's times, and leaves its figures where it is the newest, so that the same
documents in any order leave the same versions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec
import sqlalchemy as sa

from collector.tables import paths
from core.errors import BadInput
from core.wire import Document

KEPT = 200
"""Versions to one target by one method."""
_Text = Annotated[str, msgspec.Meta(max_length=255)]
_Ttl = Annotated[int, msgspec.Meta(ge=1, le=255)]


class TracedHop(msgspec.Struct, frozen=True):
    """`address` and `rtt_ms` are None where nothing answered; `loss` is a ratio."""

    ttl: _Ttl
    address: Annotated[str, msgspec.Meta(max_length=45)] | None = None
    rtt_ms: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    loss: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


class Trace(msgspec.Struct, frozen=True):
    """The body of a document of kind `path`."""

    target: _Text
    method: Annotated[str, msgspec.Meta(max_length=16)]
    reached: bool
    hops: Annotated[list[TracedHop], msgspec.Meta(max_length=64)]
    broke_at: _Ttl | None = None
    """The hop at which the way breaks; None when the target was reached."""
    refused: _Text = ""
    """Why a router on the way gave up, if it said so."""


@dataclass(frozen=True, slots=True)
class PathVersion:
    """A way, and when it was found first and last."""

    id: int
    first_seen: int
    last_seen: int
    trace: Trace


def trace_of(body: object) -> Trace:
    """A document's body, read.

    Raises:
        BadInput: it is none of a path.
    """
    try:
        return msgspec.convert(body, Trace)
    except msgspec.ValidationError as error:
        raise BadInput(f"not a path: {error}") from error


def store_path(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> None:
    """Take in a trace. One from the future counts as of when it was received.

    Raises:
        BadInput: the document is none of a path; nothing is stored.
    """
    trace = trace_of(document.body)
    at = max(0, min(document.at, received_at))
    sequence = [trace.reached, *(hop.address for hop in trace.hops)]
    digest = sha256(json.dumps(sequence).encode()).hexdigest()
    key = {"unit": unit, "target": trace.target, "method": trace.method, "digest": digest}
    c = paths.c
    row = connection.execute(
        sa.select(c.id, c.first_seen, c.last_seen, c.body).where(
            *(c[name] == value for name, value in key.items())
        )
    ).first()
    body = msgspec.json.encode(trace).decode()
    if row is None:
        values = key | {"first_seen": at, "last_seen": at, "body": body}
        connection.execute(sa.insert(paths).values(values))
        _drop_old(connection, unit, trace)
        return
    changed: dict[str, object] = {}
    if at < row.first_seen:
        changed["first_seen"] = at
    if (at, body) > (row.last_seen, row.body):
        changed |= {"last_seen": at, "body": body}
    if changed:
        connection.execute(sa.update(paths).where(c.id == row.id).values(changed))


def read_paths(connection: sa.Connection, unit: str, limit: int) -> Sequence[PathVersion]:
    """The versions of a unit, the one seen last first."""
    c = paths.c
    query = sa.select(paths).where(c.unit == unit).order_by(c.last_seen.desc(), c.digest.desc()).limit(limit)
    return [
        PathVersion(row.id, row.first_seen, row.last_seen, _trace.decode(row.body))
        for row in connection.execute(query)
    ]


def _drop_old(connection: sa.Connection, unit: str, trace: Trace) -> None:
    c = paths.c
    of_target = (c.unit == unit, c.target == trace.target, c.method == trace.method)
    old = sa.select(c.id).where(*of_target).order_by(c.last_seen.desc(), c.digest.desc()).offset(KEPT)
    if ids := connection.scalars(old).all():
        connection.execute(sa.delete(paths).where(c.id.in_(ids)))


_trace = msgspec.json.Decoder(Trace)
