"""The catalogues of messages: `python -m web.catalogue check` and `… extract`.

`extract` brings the .po files up to date with the messages that code and templates use. `check` fails when a message
has no translation, is fuzzy, loses or invents a `{placeholder}`, or is no longer used. English is the source
language: its messages are the keys.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from web.i18n import LANGUAGES, po_path, read_catalogue

ROOM = Path(__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.do", "silent": "false"}}
"""A template that cannot be read fails, rather than having no messages."""
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
HEADER = """\
# Brought up to date by: python -m web.catalogue extract
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
"""Without dates and names: a catalogue changes only when a message does."""
_PLACEHOLDER = re.compile(r"\{(\w*)")


def used() -> Catalog:
    """Every message that the web room shows, with where."""
    catalogue = Catalog(project="nhip", charset="utf-8", fuzzy=False)
    found = extract_from_dir(str(ROOM), METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",))
    for name, _line, message, comments, context in found:
        catalogue.add(message, locations=[(f"web/{name}", 0)], auto_comments=comments, context=context)
    return catalogue


def faults(language: str, template: Catalog) -> Iterator[str]:
    """What is wrong with the catalogue of a language, one sentence each."""
    path = po_path(language)
    if not path.exists():
        yield f"{language}: {path} is not there. Run: python -m web.catalogue extract"
        return
    catalogue = read_catalogue(path)
    for message in template:
        if message.id:
            translated = catalogue.get(message.id)
            yield from (
                f"{language}: {_key(message)!r}: {fault}" for fault in _faults_of(message, translated)
            )
    for message in catalogue:
        if message.id and template.get(message.id) is None:
            yield f"{language}: {_key(message)!r}: is not used. Run: python -m web.catalogue extract"


def _faults_of(message: Message, translated: Message | None) -> Iterator[str]:
    if translated is None:
        yield "is not in the catalogue. Run: python -m web.catalogue extract"
        return
    text = translated.string or ""
    forms = [text] if isinstance(text, str) else list(text)
    if not forms or not all(forms):
        yield "is not translated"
    elif translated.fuzzy:
        yield "is fuzzy: check it and remove the mark"
    else:
        wanted = _placeholders(message.id if isinstance(message.id, str) else message.id[1])
        for form in forms:
            if _placeholders(form) != wanted:
                yield f"has the placeholders {sorted(_placeholders(form))}, not {sorted(wanted)}"


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def extract(template: Catalog) -> None:
    """Bring each catalogue up to date: new messages come empty, unused ones go, translations stay."""
    for language in _translated():
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = read_catalogue(path) if path.exists() else Catalog(locale=language, fuzzy=False)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            file.write(HEADER.format(language=language, plurals=catalogue.plural_forms).encode())
            write_po(file, catalogue, width=110, omit_header=True, sort_output=True, include_lineno=False)


def _translated() -> list[str]:
    return [language for language in LANGUAGES if language != "en"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m web.catalogue", description=__doc__)
    parser.add_argument("verb", choices=["check", "extract"])
    verb = parser.parse_args(arguments).verb
    template = used()
    if verb == "extract":
        extract(template)
        return 0
    found = [fault for language in _translated() for fault in faults(language, template)]
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print(f"{len(template)} messages, each in {', '.join(_translated())}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
