"""A service with its checks, changed as one."""

from collections.abc import Mapping, Sequence

from inventory.changes import Value, put
from inventory.exchange.diff import Key
from inventory.state import State


def write_service(
    state: State, now: int, service: Mapping[str, Value], checks: Sequence[Mapping[str, Value]] | None = None
) -> bool:
    """Add or change a service (`code`, and the columns to set); True if anything changed.

    `checks` are all that it has from now on, without their `service`: those that are not among them end. None leaves
    them as they are.

    Raises:
        BadRows: something is wrong with it; nothing was changed.
    """
    rows: dict[str, Sequence[Mapping[str, Value]]] = {"services": [service]}
    if checks is None:
        return put(state, now, rows)
    code = service.get("code")
    rows["service_checks"] = [{**check, "service": code} for check in checks]
    return put(state, now, rows, ending={"service_checks": lambda key: key[0] == code})


def end_service(state: State, now: int, code: str) -> bool:
    """The service and its checks end now; False if there was no such service."""

    def its_own(key: Key) -> bool:
        return key[0] == code

    return put(state, now, {}, ending={"services": its_own, "service_checks": its_own})
