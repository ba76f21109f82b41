"""Where messages go: kept in the state store, changed in the pages, or written in `alerts.toml`."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from alerts.deliver import deliver, describe
from alerts.digest import AFTER_MS, MORNING, PROVINCE
from alerts.messages import LANGUAGES, trial_message
from alerts.tables import DESTINATIONS, OUTBOX
from core.clock import Clock
from core.config import load
from core.errors import BadInput
from inventory.hours import BadHours, hours
from inventory.state import State
from inventory.tables import units


class FileDestination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    url: str
    language: str = "vi"
    findings: str = ""
    """`*`, or the code of a unit: as `alerts.digest.Wish`."""
    at_once: list[str] = []


class AlertsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`alerts.toml` in the data folder. It holds secrets: mode 0600."""

    link: str = ""
    """Address of the pages as people reach them, for the link in each message."""
    digest: str = ""
    """Hours (`inventory.hours`) in which digests of findings go; empty: `alerts.digest.MORNING`."""
    destination: list[FileDestination] = []


@dataclass(frozen=True, slots=True)
class Destination:
    id: int
    name: str
    shown: str
    """Its address without secrets."""
    language: str
    source: str
    """`page`, or `file`: then it is changed in `alerts.toml` only."""
    created_at: int
    created_by: str
    findings: str
    at_once: Sequence[str]


class Destinations:
    """Blocking: describing and trying an address load Apprise, and trying one talks to the network."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def list(self) -> Sequence[Destination]:
        with self._state.read() as connection:
            rows = connection.execute(_live().order_by(DESTINATIONS.c.id)).all()
        return [
            Destination(
                row.id,
                row.name,
                row.shown,
                row.language,
                row.source,
                row.created_at,
                row.created_by,
                row.findings_of,
                json.loads(row.at_once),
            )
            for row in rows
        ]

    def add(
        self,
        name: str,
        url: str,
        language: str,
        by: str,
        *,
        source: str = "page",
        findings: str = "",
        at_once: Collection[str] = (),
    ) -> int:
        """A new destination; its id. `findings`, `at_once`: see `wish`. Raises BadInput: something is missing, or Apprise does
        not know the address."""
        name, url = name.strip(), url.strip()
        if not 1 <= len(name) <= 80:
            raise BadInput("a name has 1 to 80 characters", where=name[:80])
        if language not in LANGUAGES:
            raise BadInput(f"no messages in {language[:20]!r}", where=name, todo="Use vi or en")
        shown = describe(url)
        wished = self._wished(findings, at_once)
        with self._state.write() as connection:
            made = connection.execute(
                DESTINATIONS.insert().values(
                    name=name,
                    url=url,
                    shown=shown,
                    language=language,
                    source=source,
                    created_at=self._clock.now(),
                    created_by=by,
                    **wished,
                )
            )
        key = made.inserted_primary_key
        assert key is not None  # noqa: S101 -- one row was inserted
        return int(key[0])

    def wish(self, id_: int, findings: str, at_once: Collection[str]) -> None:
        """Say what findings it is told of from now on: of a unit and those below it, of all (`*`) or none (empty), each morning of a
        working day and of these kinds at once. Raises BadInput: there is none, or the file holds it; no such unit or kind."""
        row = self._row(id_)
        if row.source == "file":
            raise BadInput(f"{row.name!r} is set in alerts.toml", todo="Change it there")
        values = self._wished(findings, at_once)
        if row.findings_of:  # what was opened since the last digest is still to be told
            del values["findings_since"], values["digest_at"]
        with self._state.write() as connection:
            connection.execute(DESTINATIONS.update().where(DESTINATIONS.c.id == id_).values(values))

    def _wished(self, findings: str, at_once: Collection[str]) -> dict[str, object]:
        if wrong := sorted(set(at_once) - set(AFTER_MS)):
            raise BadInput("nobody is told of such findings", where=wrong[0][:40], todo=", ".join(AFTER_MS))
        with self._state.read() as connection:
            known = findings in ("", PROVINCE) or connection.scalar(
                sa.select(sa.literal(1)).where(sa.exists().where(units.c.code == findings))
            )
        if not known:
            raise BadInput("no unit has that code", where=findings[:40], todo="Use * for the whole province")
        now = self._clock.now()
        kinds = json.dumps([kind for kind in AFTER_MS if kind in at_once])
        return {"findings_of": findings, "at_once": kinds, "findings_since": now, "digest_at": now}

    def remove(self, id_: int) -> None:
        """What still waits for it is cancelled. Raises BadInput: there is none, or the file holds it."""
        row = self._row(id_)
        if row.source == "file":
            raise BadInput(f"{row.name!r} is set in alerts.toml", todo="Remove it there")
        self._remove(id_)

    def test(self, id_: int) -> str:
        """Send a test message now; why that failed, empty when it was delivered. Raises BadInput: there is none."""
        row = self._row(id_)
        message = trial_message(row.name, row.language)
        return deliver(row.url, message.title, message.body)

    def take_file(self, path: Path) -> AlertsFile:
        """Make the destinations of `source` file those that `path` holds (none when it is not there).

        Raises:
            BadInput: the file has a fault; nothing is changed then.
        """
        wanted = load(path, AlertsFile) if path.exists() else AlertsFile()
        for one in wanted.destination:
            if one.language not in LANGUAGES:
                raise BadInput(f"no messages in {one.language[:20]!r}", where=str(path), todo="Use vi or en")
            describe(one.url)
            self._wished(one.findings, one.at_once)
        try:
            hours(wanted.digest)
        except BadHours as error:
            raise BadInput(f"no hours: {error}", where=str(path), todo=f"Write them as {MORNING}") from error
        with self._state.read() as connection:
            rows = connection.execute(_live().where(DESTINATIONS.c.source == "file")).all()
        there = {(row.name, row.url, row.language, row.findings_of, row.at_once): row.id for row in rows}
        keep = {
            (
                one.name.strip(),
                one.url.strip(),
                one.language,
                one.findings,
                json.dumps([kind for kind in AFTER_MS if kind in one.at_once]),
            )
            for one in wanted.destination
        }
        for key, id_ in there.items():
            if key not in keep:
                self._remove(id_)
        for name, url, language, of, at_once in sorted(keep - set(there)):
            self.add(name, url, language, path.name, source="file", findings=of, at_once=json.loads(at_once))
        return wanted

    def _row(self, id_: int) -> sa.Row[tuple[object, ...]]:
        with self._state.read() as connection:
            row = connection.execute(_live().where(DESTINATIONS.c.id == id_)).one_or_none()
        if row is None:
            raise BadInput("there is no such destination")
        return row

    def _remove(self, id_: int) -> None:
        now = self._clock.now()
        with self._state.write() as connection:
            # Its row stays for the history of what was sent; its secrets do not.
            connection.execute(
                DESTINATIONS.update().where(DESTINATIONS.c.id == id_).values(url="", removed_at=now)
            )
            connection.execute(
                OUTBOX.update()
                .where(OUTBOX.c.destination == id_, OUTBOX.c.state == "waiting")
                .values(state="cancelled", done_at=now)
            )


def _live() -> sa.Select[tuple[object, ...]]:
    return sa.select(DESTINATIONS).where(DESTINATIONS.c.removed_at.is_(None))
