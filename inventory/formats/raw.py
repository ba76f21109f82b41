"""What the readers of JSON and XML give: a document taken apart, its sections not yet looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Fault(NamedTuple):
    """Something that was left out, or mended, with its JSON path."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Raw:
    device_id: str
    item_type: str
    tag: str
    partial: bool
    content: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()
