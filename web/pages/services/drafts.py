"""What the editor's forms say, as rows of the registry: raw texts, which the registry's own rules then read."""

import json
from collections.abc import Mapping
from datetime import date, datetime

from core.errors import BadInput
from inventory.changes import Value
from inventory.exchange.cells import Scalar
from inventory.records import ServiceCheck
from web.i18n import HERE, mark
from web.pages.services.fields import FIELDS, STEPS, strangers
from web.trial import drafted

SERVICE_FIELDS = ("name", "owner", "address", "objective_percent", "slow_ms", "hours", "domain_until", "note")
CHECK_FIELDS = ("name", "kind", "target", "params", "interval_ms", "timeout_ms")
NO_NUMBER = mark("Interval and time limit are numbers of seconds.")
NO_DAY = mark("The day on which the domain name runs out is none.")
NO_JSON = mark("The parameters are not JSON: {why}")
NO_OBJECT = mark("The parameters have to be a JSON object.")
STRANGE = mark("Checks of this kind know no such parameter, and would not run: {names}")
NO_STEP = mark("A scenario has at least one step.")
LONGEST = 20_000
"""Characters of the parameters; the registry's own limit is lower, and says so."""

Form = Mapping[str, object]


def service_row(form: Form, code: str) -> dict[str, Value]:
    """The columns of a service, as they were typed.

    Raises:
        BadInput: the domain's date is none.
    """
    row: dict[str, Value] = {"code": code, **{name: text_of(form, name) for name in SERVICE_FIELDS}}
    row["domain_until"] = _day(text_of(form, "domain_until"))
    return row


def check_row(form: Form) -> dict[str, Scalar]:
    """The columns of a check.

    Raises:
        BadInput: something of it cannot be read, in words for people.
    """
    return {
        "name": text_of(form, "name"),
        "kind": text_of(form, "kind"),
        "target": text_of(form, "target"),
        "params": json.dumps(_params(text_of(form, "params"))),
        "interval_ms": _ms(text_of(form, "interval_s")),
        "timeout_ms": _ms(text_of(form, "timeout_s")),
    }


def unfit(form: Form) -> tuple[str, str] | None:
    """Why a check with these parameters could not run (what, and which names), as far as that can be told here; None for
    no reason. The form is one that `check_row` reads. Pure."""
    kind, params = text_of(form, "kind"), _params(text_of(form, "params"))
    if kind not in FIELDS:
        return None
    if found := strangers(kind, params):
        return STRANGE, ", ".join(found)
    if kind == "scenario" and not params.get(STEPS):
        return NO_STEP, ""
    return None


def draft_check(form: Form, service: str) -> ServiceCheck:
    """A check that is tried and not kept.

    Raises:
        BadInput: as `check_row`.
        BadRows: the registry would not take it.
    """
    row = check_row(form)
    return drafted(service, {**row, "name": row["name"] or "…"})


def row_of(check: ServiceCheck) -> dict[str, Value]:
    """A check as it is kept, as a row to be written again."""
    return {name: getattr(check, name) for name in CHECK_FIELDS}


def text_of(form: Form, name: str) -> str:
    found = form.get(name)
    return found.strip() if isinstance(found, str) else ""


def _params(text: str) -> Mapping[str, object]:
    if len(text) > LONGEST:
        raise BadInput(NO_OBJECT)
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BadInput(NO_JSON, where=str(error)) from error
    if not isinstance(found, dict):
        raise BadInput(NO_OBJECT)
    return found


def _day(text: str) -> int | None:
    """ms UTC of a day's beginning here; None for no text."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(NO_DAY) from error
    return int(datetime(day.year, day.month, day.day, tzinfo=HERE).timestamp() * 1000)


def _ms(text: str) -> int:
    try:
        return round(float(text.replace(",", ".")) * 1000)
    except (ValueError, OverflowError) as error:
        raise BadInput(NO_NUMBER) from error
