"""A report as it came, read: its JSON, and whether what it says of itself fits together. Pure."""

import json
import math

import msgspec

from core.errors import BadInput
from core.wire import Report

_report = msgspec.json.Decoder(Report)


def decode_report(plain: bytes) -> tuple[Report, int]:
    """A report, and how many of its figures were not finite numbers and were left out.

    Good reports take the fast way. `NaN`, `Infinity`, `null` and numbers past a double's range among the figures
    cost the report a second, slower reading, and only those figures are lost.

    Raises:
        BadInput: it is not a report; `where` is the JSON path of what is wrong.
    """
    try:
        report, lost = _report.decode(plain), 0
    except (msgspec.DecodeError, ValueError):
        report, lost = _decode_with_bad_figures(plain)
    _check_shape(report)
    return report, lost


def _decode_with_bad_figures(plain: bytes) -> tuple[Report, int]:
    lost = 0
    try:
        raw = json.loads(plain)
        parts = []
        for figures in raw.get("figures") or []:
            for name, values in figures["value"].items():
                if len(values) != len(figures["row"]):
                    raise BadInput("row and value differ in length", where=f"$.figures[...].value.{name}")
                keep = [i for i, value in enumerate(values) if _finite(value)]
                lost += len(values) - len(keep)
                parts.append(
                    {"row": [figures["row"][i] for i in keep], "value": {name: [values[i] for i in keep]}}
                )
        return msgspec.convert(raw | {"figures": parts}, Report), lost
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise BadInput(what, where=where.strip("`") or "$") from error
    except (ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise BadInput(f"not a report: {error}") from error


def _finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number past a double's range
        return False


def _check_shape(report: Report) -> None:
    rows = report.results
    size = len(rows.check)
    if not size == len(rows.k) == len(rows.at):
        raise BadInput("arrays of different length", where="$.results")
    if rows.at and rows.at[0] < 0:
        raise BadInput("before 1970", where="$.results.at[0]")
    before = numbered = 0
    for first, last in rows.n:
        if not before < first <= last:
            raise BadInput("numbers are not in order", where="$.results.n")
        before, numbered = last, numbered + last - first + 1
    if numbered != size:
        raise BadInput(f"{numbered} numbers for {size} results", where="$.results.n")
    if sum(count for _, _, count in rows.outcome) != size:
        raise BadInput(f"outcomes are not of {size} results", where="$.results.outcome")
    for place, figures in enumerate(report.figures):
        for name, value in figures.value.items():
            if len(value) != len(figures.row):
                raise BadInput("row and value differ in length", where=f"$.figures[{place}].value.{name}")
        if figures.row and max(figures.row) >= size:
            raise BadInput("row outside of results", where=f"$.figures[{place}].row")
