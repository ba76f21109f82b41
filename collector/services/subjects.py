"""How outages of services are named in the store of outages. Pure.

`service:CODE` is the service itself; then `unit` is the province's own. Otherwise it is the way to it, for those who share
something: `service:CODE|hub|h1` (of the hub), `service:CODE|provider|VNPT` (of the province); or for one unit:
`service:CODE|alone` (of that unit).
"""

from collector.services.views import Shared

PREFIX = "service:"
ALONE = "alone"


def subject_of(code: str, shared: Shared | None, *, alone: bool = False) -> str:
    """`shared` None and not `alone`: the service itself."""
    if alone:
        return f"{PREFIX}{code}|{ALONE}"
    return f"{PREFIX}{code}" + (f"|{shared.kind}|{shared.value}" if shared else "")


def service_of(subject: str) -> str | None:
    """The code of the service that an outage's subject is of; None for another kind of subject."""
    return subject[len(PREFIX) :].partition("|")[0] if subject.startswith(PREFIX) else None


def shared_of(subject: str) -> Shared | None:
    """What those share whose way it is; None for the service itself, and for a unit alone."""
    parts = subject.split("|", 2)
    return Shared(parts[1], parts[2]) if len(parts) == 3 and service_of(subject) is not None else None


def is_itself(subject: str) -> bool:
    """Whether it is the service itself, and not the way to it."""
    return subject.startswith(PREFIX) and "|" not in subject
