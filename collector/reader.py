"""From a body to what is taken of the report in it, in one go, while it is in the processor's cache."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.sift import Sifted, sift
from core.compress import inflate
from core.reports import decode_report
from core.wire import MAX_PLAIN, Document, Dropped, Event, Header
from inventory.records import PlannedCheck


class Checks(Protocol):
    """What digesting needs of `inventory.registry.Registry`."""

    def check(self, id: int, /) -> PlannedCheck | None: ...  # noqa: A002 - the registry's own name for it


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that is in the journal, without its bulk, which is sifted and packed."""

    unit: str
    received_at: int
    header: Header
    numbers: Sequence[tuple[int, int]]
    """Those of its results, as ranges."""
    sifted: Sifted
    dropped: Sequence[Dropped]
    events: Sequence[Event]
    documents: Sequence[Document]
    lost: int
    """Figures that were no finite numbers."""
    size: int
    """Bytes of the report, plain."""
    body: bytes
    encoding: str
    """As it was sent."""


class Reader:
    """Reads reports: unpacks, decodes, sifts. Safe from any thread."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._known: dict[str, set[int]] = {}

    def read(self, body: bytes, encoding: str, unit: str, enrolled_at: int, received_at: int) -> Taken:
        """The report in a body, sent with `encoding` by the agent of `unit`.

        Raises:
            BadInput: it is too large or no report.
        """
        plain = inflate(body, encoding, MAX_PLAIN)
        report, lost = decode_report(plain)
        known = self._known_checks(unit, report.results.check)
        return Taken(
            unit,
            received_at,
            report.header,
            report.results.n,
            sift(report, known, received_at, enrolled_at),
            report.dropped,
            report.events,
            report.documents,
            lost,
            len(plain),
            body,
            encoding,
        )

    def _known_checks(self, unit: str, checks: list[int]) -> set[int]:
        """The checks of a unit, as far as this and earlier reports named them. Ids keep their meaning."""
        known = self._known.setdefault(unit, set())
        if not known.issuperset(checks):
            for check in set(checks) - known:
                planned = self._checks.check(check)
                if planned is not None and planned.vantage == unit:
                    known.add(check)
        return known
