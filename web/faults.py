"""What is wrong with a field, in words: the keys are those of `inventory.exchange.cells.Wrong`."""

from collections.abc import Mapping

from web.i18n import Speaker, mark

FAULTS: Mapping[str, str] = {
    "bad date": mark("This is no day: {value}"),
    "bad MAC": mark("This is no MAC: {value}"),
    "before it was bought": mark("The warranty ends before it was bought."),
    "column twice": mark("This column is there twice."),
    "duplicate": mark("It is in the file twice."),
    "empty": mark("This is needed."),
    "missing column": mark("This column is missing."),
    "no header of an asset book": mark("No row of headers was found: a column with asset numbers is needed."),
    "formula": mark("It may not begin like a formula."),
    "bad address": mark("This is no address: a host, host:port or a URL without a password."),
    "bad code": mark("A code has letters without accents, digits, - and _, at most 32."),
    "bad hours": mark("These hours cannot be read: {value}"),
    "bad number": mark("This is no number: {value}"),
    "bad stream": mark("This is no end of a URL: {value}"),
    "bad target": mark("This target cannot be read: {value}"),
    "bad word": mark("This is no kind of check: {value}"),
    "bad JSON": mark("The parameters are not JSON: {value}"),
    "not a JSON object": mark("The parameters have to be a JSON object."),
    "not a character": mark("A character cannot be kept: {value}"),
    "out of range": mark("Out of range: {value}"),
    "too long": mark("Too long: {value}"),
    "unknown column": mark("No such column is known. Take it out of the file."),
    "unknown placeholder": mark("No such placeholder: {value}"),
    "value outside of the columns": mark("There is something beside the columns that have a header."),
}


def fault(speaker: Speaker, reason: str) -> str:
    """A reason (`key|argument`); one that is not known is shown as it is."""
    key, _, value = reason.partition("|")
    message = FAULTS.get(key)
    if message is None:
        return reason.replace("|", ": ")
    return speaker.gettext(message, value=value) if "{value}" in message else speaker.gettext(message)
