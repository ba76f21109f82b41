"""What is wrong with a field, in words: the keys are those of `inventory.exchange.cells.Wrong`."""

from collections.abc import Mapping

from web.i18n import Speaker, mark

FAULTS: Mapping[str, str] = {
    "empty": mark("This is needed."),
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
    "unknown placeholder": mark("No such placeholder: {value}"),
}


def fault(speaker: Speaker, reason: str) -> str:
    """A reason (`key|argument`); one that is not known is shown as it is."""
    key, _, value = reason.partition("|")
    message = FAULTS.get(key)
    if message is None:
        return reason.replace("|", ": ")
    return speaker.gettext(message, value=value) if "{value}" in message else speaker.gettext(message)
