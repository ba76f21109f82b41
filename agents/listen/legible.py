"""Foreign bytes as text that people can read."""

LONGEST = 1_000
"""Characters that are kept."""


def legible(data: bytes, longest: int = LONGEST) -> str:
    """UTF-8 as Vietnamese is written, or Latin-1 from older devices; one line, without control characters."""
    data = data[: 4 * longest]
    try:
        plain = data.decode()
    except UnicodeDecodeError as error:
        # A letter that was cut at the end is no reason to misread all the others.
        cut = error.start >= len(data) - 3 and error.reason == "unexpected end of data"
        plain = data[: error.start].decode() if cut else data.decode("latin-1")
    plain = plain.removeprefix("\ufeff")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())[:longest]
