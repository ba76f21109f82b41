"""Which checks are of which service, what each said, and what of that is new. Used by the world, under its lock."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collector.evidence import Said
from collector.services.sight import Look
from collector.tracks import Track
from inventory.records import PlannedCheck


@dataclass(slots=True)
class News:
    """Services of which something new is known, each with the time from which on."""

    changed: dict[str, int] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    """Only that checks went on to say the same."""


class Looks:
    """By service: the tracks of its checks."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, Track]] = {}
        self._news = News()

    def put(self, check: int, track: Track, *, was: str = "") -> None:
        """A check is of the service that its plan names now; `was`: of which it was before."""
        if was and was != track.planned.service:
            self._of.get(was, {}).pop(check, None)
            self._news.changed[was] = 0
        if track.planned.service:
            self._of.setdefault(track.planned.service, {})[check] = track
            self._news.changed[track.planned.service] = 0

    def note(self, track: Track, since: int, *, same: bool) -> None:
        """Something is known since then; `same`: that it goes on as before."""
        service = track.planned.service
        if service:
            news = self._news.confirmed if same else self._news.changed
            if since < news.get(service, since + 1):
                news[service] = since

    def take(self) -> News:
        """What is new since the last time; asked for once."""
        taken, self._news = self._news, News()
        return taken

    def since(self, service: str, start: int) -> dict[str, dict[str, Look]]:
        """By label, by unit: what its checks said that ended at `start` or later."""
        found: dict[str, dict[str, Look]] = {}
        for _, track in sorted(self._of.get(service, {}).items()):
            said = track.said(start)
            if not said:
                continue
            put_look(found, track.planned, said)
        return found


def put_look(found: dict[str, dict[str, Look]], planned: PlannedCheck, said: Sequence[Said]) -> None:
    """Put what a check said where it belongs: by label, by unit. Checks come in order of their ids."""
    check = planned.check
    family = check.params.get("family")
    units = found.setdefault(planned.label, {})
    before = units.get(planned.vantage)
    if before is not None:
        # Asked of another address before: one check to people, and what it said goes on.
        said = sorted([*before.said, *said])
    units[planned.vantage] = Look(
        check.id,
        planned.label,
        check.kind,
        family if isinstance(family, str) else "",
        check.interval_ms,
        check.timeout_ms,
        said,
    )
