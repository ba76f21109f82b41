"""What of a service ends by itself (certificates, its domain), and what is wrong with its certificates. Pure, for the template."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.services.expiry import AHEAD, CERTIFICATE, DAY_MS, Worry
from collector.services.views import Expiry, Sight
from collector.spans import kind

PRESSING = 7
"""Days ahead from which on it is shown as urgent; before that, and from the first warning on, as something to plan."""


@dataclass(frozen=True, slots=True)
class End:
    """`names`: the checks that meet the certificate. `units`: from where it is seen so; none for a domain."""

    kind: str
    names: Sequence[str]
    at: int
    units: Sequence[str]

    def days_left(self, now: int) -> int:
        """Whole days; negative ones when it is over."""
        return (self.at - now) // DAY_MS

    def state(self, now: int) -> str:
        """`over`, `pressing`, `near` (people were warned, or soon are) or `far`."""
        if self.at <= now:
            return "over"
        days = (self.at - now) / DAY_MS
        return "pressing" if days <= PRESSING else "near" if days <= AHEAD[0] else "far"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of a certificate, as a check meets it from `units`."""

    name: str
    reason: str
    units: Sequence[str]


def ends(expiries: Iterable[Expiry], service: str, name: str) -> Sequence[End]:
    """Those of the service, the first to end first. Checks that meet the same certificate are told together: the times
    at which it ends lie within a day of one another, as each measures them."""
    found: list[End] = []
    for each in sorted(expiries, key=lambda each: each.expires_at):
        if each.service != service:
            continue
        before = found[-1] if found else None
        if (
            before is not None
            and (before.kind, each.kind) == (CERTIFICATE, CERTIFICATE)
            and each.expires_at - before.at < DAY_MS
        ):
            names = [*before.names, check_name(each.label, name)]
            units = sorted({*before.units, *each.units})
            found[-1] = End(before.kind, list(dict.fromkeys(names)), before.at, units)
        else:
            names = [check_name(each.label, name)] if each.label else []
            found.append(End(each.kind, names, each.expires_at, each.units))
    return found


def troubles(worries: Iterable[Worry], sights: Iterable[Sight], service: str, name: str) -> Sequence[Trouble]:
    """What is wrong with certificates of the service, with the units that meet it."""
    seen = list(sights)
    return [
        Trouble(
            check_name(each.label, name),
            each.reason,
            [one.unit for one in seen if one.label == each.label and kind(one.reason) == kind(each.reason)],
        )
        for each in worries
        if each.service == service
    ]


def check_name(label: str, service_name: str) -> str:
    """A check's own name: in its label the service's stands before it."""
    return label.removeprefix(f"{service_name}: ")
