"""What a change of an outage of a service says to people. Pure: values in, texts out."""

from collections.abc import Mapping

from alerts.texts import TEXTS
from collector.services.shared import HUB
from collector.services.subjects import is_itself, shared_of
from collector.views import Outage
from core.values import Cause

LINES: Mapping[str, tuple[str, ...]] = {
    "opened": ("system", "agreed", "failed since", "detected", "cause"),
    "closed": ("system", "failed since", "works since", "lasted", "cause"),
    "retracted": ("system", "why service retracted", "failed since"),
    "overran": ("system", "why overran", "failed since", "cause"),
}
"""The changes that are told, and the lines of each."""


def title(outage: Outage, what: str) -> str:
    """The key of the title: of the service itself, of the way to it for several units, or for one."""
    if is_itself(outage.subject):
        return f"service {what}"
    return f"way {what}" if shared_of(outage.subject) is not None else f"alone {what}"


def lines(outage: Outage, what: str) -> tuple[str, ...]:
    """The keys of the lines; without those of which nothing is known."""
    left_out = {line for line in ("agreed",) if not _said(outage, "vantages agree")}
    if outage.cause is Cause.UNDETERMINED:
        left_out.add("cause")
    return tuple(line for line in LINES.get(what, ()) if line not in left_out)


def values(outage: Outage, unit_name: str, service: str, language: str) -> Mapping[str, str]:
    """What stands in braces in the texts of services."""
    shared, texts = shared_of(outage.subject), TEXTS[language]
    place = ""
    if shared is not None and f"from {shared.kind}" in texts:
        name = unit_name if shared.kind == HUB else ""
        place = texts[f"from {shared.kind}"].format(name=name, value=shared.value)
    hit, _, of = _said(outage, "vantages agree").partition("|")
    return {
        "service": service,
        "place": place,
        "count": str(len(_said(outage, "units hit").split())),
        "value": f"{hit}/{of}",
    }


def _said(outage: Outage, key: str) -> str:
    """The arguments of a sentence of its evidence; empty when there is none."""
    parts = (each.text.partition("|") for each in outage.evidence)
    return next((arguments for found, _, arguments in parts if found == key), "")
