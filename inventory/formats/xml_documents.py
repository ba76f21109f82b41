"""The XML of FusionInventory and OCS Inventory agents: `<REQUEST>` with `<CONTENT>`, `<DEVICEID>` and `<QUERY>INVENTORY</QUERY>`.

Read into plain objects, without entities or declarations of types. Each of the two has its habits, which `habits.py` knows.
"""

import re
from itertools import islice
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser as Guarded

from core.errors import BadInput
from inventory.formats.habits import in_glpi_words
from inventory.formats.raw import Fault, Raw

TODO = "Post the INVENTORY that a FusionInventory or OCS agent writes; network devices are asked by the unit's own agent"
MAX_DEPTH = 12
MAX_ELEMENTS = 500_000
MAX_ATTRIBUTES = 100_000
MAX_LINES = 1_000_000
"""Of a document in mixed encodings: past it, letters that are not UTF-8 are lost."""
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}encoding=["']([A-Za-z0-9._-]{1,20})["']""")
# Of the many that Python knows some take time that grows with the square of the text.
_TAKEN = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(windows-|cp)125\d|cp(437|850|852|858)", re.IGNORECASE
)
_SINGLE_BYTE = ("cp1252", "latin-1")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ATTRIBUTE = re.compile(r"""=\s*["']""")
_SHORTEST = len("<A/>")
"""Of an element; an attribute is no shorter."""
# What no XML may have, and agents send all the same: control characters in names of software.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_xml(plain: bytes) -> Raw:
    """Raises BadInput: it is no XML, declares entities, is past a bound, or is not an inventory."""
    text, faults = _text(plain)
    tree, more = _tree(text)
    request = _plain(tree, []) if tree.tag == "REQUEST" else None
    if not isinstance(request, dict):
        raise BadInput("not a request of an inventory agent", where="/REQUEST", todo=TODO)
    query = str(_first(request.get("query", "")))
    if query.upper() != "INVENTORY":
        raise BadInput(f"query {query[:40]!r} is no inventory", where="/REQUEST/QUERY", todo=TODO)
    content = _first(request.get("content", ""))
    if not isinstance(content, dict):
        raise BadInput("no content", where="/REQUEST/CONTENT", todo=TODO)
    sections, tag = in_glpi_words(content)
    return Raw(str(_first(request.get("deviceid", ""))), "Computer", tag, False, sections, (*faults, *more))


def _text(plain: bytes) -> tuple[str, tuple[Fault, ...]]:
    """As text: what it says it is, where that is true."""
    declared = _ENCODING.search(plain[:200])
    name = declared.group(1).decode() if declared else "utf-8"
    faults: tuple[Fault, ...] = ()
    try:
        text = plain.decode(name if _TAKEN.fullmatch(name) else "utf-8")
    except (UnicodeDecodeError, LookupError):
        text, faults = _mixed(plain), (Fault("$", f"not {name[:20]}"),)
    return _DECLARATION.sub("", text.lstrip("\ufeff")), faults


def _mixed(plain: bytes) -> str:
    """UTF-8 with lines of an old Windows in it: each line as what it can be."""
    if plain.count(b"\n") > MAX_LINES:
        return plain.decode("utf-8", "replace")
    lines = []
    for line in plain.split(b"\n"):
        for name in ("utf-8", *_SINGLE_BYTE):
            try:
                lines.append(line.decode(name))
                break
            except UnicodeDecodeError:
                continue
    return "\n".join(lines)


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _tree(text: str) -> tuple[Element, tuple[Fault, ...]]:
    """Its elements; without what no XML has, where it cannot be read otherwise."""
    # Counting takes as long as reading a tenth of it: what is too short to have so many is not counted.
    if len(text) > _SHORTEST * MAX_ELEMENTS and text.count("<") - text.count("</") > MAX_ELEMENTS:
        raise BadInput(f"more than {MAX_ELEMENTS} elements", where="/", todo=TODO)
    if len(text) > _SHORTEST * MAX_ATTRIBUTES and next(
        islice(_ATTRIBUTE.finditer(text), MAX_ATTRIBUTES, None), None
    ):
        raise BadInput(f"more than {MAX_ATTRIBUTES} attributes", where="/", todo=TODO)
    try:
        return _parsed(text), ()
    except DefusedXmlException as error:
        raise BadInput(
            f"{type(error).__name__}: declarations and entities are not taken", where="/", todo=TODO
        ) from error
    except ParseError as error:
        legal = _CONTROL.sub("", text)
        if legal != text:
            return _tree(legal)[0], (Fault("$", "control characters"),)
        line, column = error.position
        raise BadInput(f"not XML: {error.msg}", where=f"line {line}, column {column}", todo=TODO) from error


def declares(text: str | bytes) -> bool:
    """Whether it may have declarations; comments and quoted parts begin in the same way."""
    # One sign is looked for ten times as fast as two, and most inventories do not have it.
    return b"!" in text and b"<!" in text if isinstance(text, bytes) else "!" in text and "<!" in text


def _parsed(text: str) -> Element:
    # What may declare something is for the guards of defusedxml. Without `<!` there is nothing to guard against, and the parser
    # of the standard library, which is written in C, takes a third of the time.
    parser = Guarded(target=TreeBuilder(), forbid_dtd=True) if declares(text) else XMLParser()  # noqa: S314 - as said above
    parser.feed(text)
    whole: Element = parser.close()
    return whole


def _plain(element: Element, within: list[str]) -> object:
    """Elements with children become objects, others texts; what is there several times is a list. Names in lower case."""
    if not len(element):
        return (element.text or "").strip()
    within.append(element.tag)
    if len(within) >= MAX_DEPTH:
        where = "/" + "/".join(name[:64] for name in within)
        raise BadInput(f"nested deeper than {MAX_DEPTH}", where=where, todo=TODO)
    found: dict[str, object] = {}
    lists: dict[str, list[object]] = {}
    for child in element:
        if len(child):
            value = _plain(child, within)
            child.clear()  # a large one is not there twice
        else:
            value = (child.text or "").strip()
        name = child.tag.lower()
        if name not in found:
            found[name] = value
        elif name in lists:
            lists[name].append(value)
        else:
            found[name] = lists[name] = [found[name], value]
    within.pop()
    return found
