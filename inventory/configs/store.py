"""Keeps configurations, and what devices say of themselves, as they come: each look at a device as a row, each text once."""

import zlib
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa

from core.errors import BadInput
from core.wire import Document
from inventory.configs.facts import Facts
from inventory.configs.host_keys import Refused
from inventory.configs.tables import config_seen, config_texts, host_keys_refused
from inventory.configs.versions import Seen, versions
from inventory.devices import known_device
from inventory.tables import devices

KEPT = 200
"""Versions of one device."""
LOOKS = 4_000
"""Of one device: ten years of nights."""
MAX_TEXT = 1 << 20
"""Characters of one configuration."""
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_s, _t, _of = config_seen.c, config_texts.c, devices.c
_k = host_keys_refused.c
_BESIDE = ("draft", "unconfirmed", "host_key")
_OWN = (_s.vendor, _s.running, _s.startup, *(_s[name] for name in _BESIDE))
_TEXTS = (_s.running, _s.startup, _s.draft, _s.facts)


class Fetched(msgspec.Struct, frozen=True):
    """The body of a document of kind `config`. `startup` is empty where it is as `running`, where the device would start with nothing
    (`saved` is False), or unknown (`saved` is None)."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    vendor: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    running: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
    startup: _Text = ""
    saved: bool | None = None
    draft: _Text = ""
    unconfirmed: bool = False
    host_key: Annotated[str, msgspec.Meta(max_length=128)] = ""
    facts: Facts | None = None


class KeyMet(msgspec.Struct, frozen=True):
    """The body of a document of kind `host_key`: fingerprints of the key that a device showed, and of the one that its agent knew."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    before: Annotated[str, msgspec.Meta(max_length=128)]


def store_config(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> None:
    """Take in a configuration. One from the future counts as of when it was received.

    Raises:
        BadInput: the document is none of a configuration, or of one device more than a unit has; nothing is stored.
    """
    try:
        fetched = msgspec.convert(document.body, Fetched)
    except msgspec.ValidationError as error:
        raise BadInput(f"not a configuration: {error}") from error
    at = max(0, min(document.at, received_at))
    device = known_device(connection, unit, fetched.address, at)
    running = _keep(connection, fetched.running)
    # What is not confirmed is what it would start with, as long as it is not taken back.
    alike = fetched.saved or fetched.unconfirmed
    startup = running if alike else "" if fetched.saved is None else _keep(connection, fetched.startup)
    facts = "" if fetched.facts is None else _keep(connection, msgspec.json.encode(fetched.facts).decode())
    row = {
        "device": device,
        "at": at,
        "vendor": fetched.vendor,
        "running": running,
        "startup": startup,
        "draft": _keep(connection, fetched.draft) if fetched.draft else "",
        "unconfirmed": int(fetched.unconfirmed),
        "host_key": fetched.host_key,
        "facts": facts,
    }
    there = connection.execute(sa.select(config_seen).where(_s.device == device, _s.at == at)).first()
    if there is None:
        connection.execute(sa.insert(config_seen), row)
        _drop_old(connection, device)
    elif _rank(there._asdict()) < _rank(row):
        # Two at the same moment: the same one stays whichever came first.
        connection.execute(sa.update(config_seen).where(_s.id == there.id), row)


def store_refused_key(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> None:
    """Take in that an agent did not believe a device's key. One from the future counts as of when it was received.

    Raises:
        BadInput: the document tells of no key, or of one device more than a unit has; nothing is stored.
    """
    try:
        met = msgspec.convert(document.body, KeyMet)
    except msgspec.ValidationError as error:
        raise BadInput(f"not a key: {error}") from error
    at = max(0, min(document.at, received_at))
    device = known_device(connection, unit, met.address, at)
    row = {"device": device, "at": at, "key": met.key, "before": met.before}
    connection.execute(sa.insert(host_keys_refused).prefix_with("OR IGNORE"), row)
    newest = sa.select(_k.at).where(_k.device == device).order_by(_k.at.desc()).limit(1).offset(KEPT)
    connection.execute(
        sa.delete(host_keys_refused).where(_k.device == device, _k.at <= newest.scalar_subquery())
    )


def refused_keys(connection: sa.Connection, device: int | None = None) -> dict[int, list[Refused]]:
    """By device, of all or of one, oldest first."""
    query = sa.select(host_keys_refused).order_by(_k.device, _k.at, _k.key)
    found: dict[int, list[Refused]] = {}
    for row in connection.execute(query if device is None else query.where(_k.device == device)):
        found.setdefault(row.device, []).append(Refused(row.at, row.key, row.before))
    return found


def _rank(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in ("vendor", "running", "startup", "facts", *_BESIDE))


def looks(connection: sa.Connection, device: int) -> list[Seen]:
    """Each time that a device was looked at, oldest first."""
    columns = (_s.id, _s.at, *_OWN)
    query = sa.select(*columns).where(_s.device == device).order_by(_s.at)
    return [_seen(row) for row in connection.execute(query)]


def _seen(row: sa.Row[Any]) -> Seen:
    texts = (row.vendor, row.running, row.startup, row.draft)
    return Seen(row.id, row.at, *texts, bool(row.unconfirmed), row.host_key)


def edges(connection: sa.Connection, units: Collection[str] | None = None) -> dict[int, list[Seen]]:
    """Of each device, in all units or in these, the looks at it, oldest first: of looks in a row that are alike the first and the last."""
    found: dict[int, list[Seen]] = {}
    for row in connection.execute(_EDGES if units is None else _EDGES.where(_of.unit.in_(units))):
        found.setdefault(row.device, []).append(_seen(row))
    return found


def facts_told(connection: sa.Connection, device: int) -> list[tuple[int, Facts]]:
    """What it said of itself and when, oldest first. Of looks in a row that are alike the first and the last."""
    query = sa.select(_s.at, _s.facts).where(_s.device == device, _s.facts != "").order_by(_s.at)
    rows = connection.execute(query).all()
    edges = [
        row
        for number, row in enumerate(rows)
        if number in (0, len(rows) - 1) or row.facts != rows[number - 1].facts
    ]
    read = {
        digest: msgspec.json.decode(text_of(connection, digest), type=Facts)
        for digest in {row.facts for row in edges}
    }
    return [(row.at, read[row.facts]) for row in edges]


def text_of(connection: sa.Connection, digest: str) -> str:
    """A configuration; empty if it is not kept."""
    packed = connection.scalar(sa.select(_t.text).where(_t.digest == digest))
    return "" if packed is None else zlib.decompress(packed).decode()


def _keep(connection: sa.Connection, text: str) -> str:
    plain = text.encode(errors="replace")
    digest = sha256(plain).hexdigest()
    row = {"digest": digest, "text": zlib.compress(plain, 6)}
    connection.execute(sa.insert(config_texts).prefix_with("OR IGNORE"), row)
    return digest


def _drop_old(connection: sa.Connection, device: int) -> None:
    """Looks before the newest KEPT versions, or past LOOKS, go; and with them texts that nobody else has."""
    seen = looks(connection, device)
    found = versions(seen)
    first = found[-KEPT].first_seen if len(found) > KEPT else 0
    if len(seen) > LOOKS:
        first = max(first, seen[-LOOKS].at)
    if not first:
        return
    old = sa.select(*_TEXTS).where(_s.device == device, _s.at < first)
    gone = {digest for row in connection.execute(old) for digest in row}
    connection.execute(sa.delete(config_seen).where(_s.device == device, _s.at < first))
    used = sa.select(_s.id).where(sa.or_(*(column == _t.digest for column in _TEXTS)))
    connection.execute(sa.delete(config_texts).where(_t.digest.in_(gone - {""}), ~used.exists()))


def _beside(step: Callable[..., sa.Function[Any]]) -> list[sa.ColumnElement[Any]]:
    """What the look before, or after, saw."""
    return [step(column).over(partition_by=_s.device, order_by=_s.at) for column in _OWN]


def _edge() -> sa.Select[Any]:
    before, after = _beside(sa.func.lag), _beside(sa.func.lead)
    # What is not there is NULL, and different from everything.
    is_edge = sa.or_(
        *(
            mine.is_distinct_from(other)
            for beside in (before, after)
            for mine, other in zip(_OWN, beside, strict=True)
        )
    )
    looks_ = sa.select(_s.device, _s.id, _s.at, *_OWN, is_edge.label("edge")).subquery()
    return (
        sa.select(looks_)
        .join(devices, _of.id == looks_.c.device)
        .where(looks_.c.edge)
        .order_by(looks_.c.device, looks_.c.at)
    )


_EDGES = _edge()
