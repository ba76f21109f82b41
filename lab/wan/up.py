"""The whole province brought up: network, centre, agents; and taken away again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.clock import SystemClock
from core.errors import BadInput
from lab.wan.centre import nodes_of, registry_lines
from lab.wan.eoffice import start_office
from lab.wan.office_plan import SERVERS
from lab.wan.people import start_agents, start_centre
from lab.wan.plan import Node, choose
from lab.wan.province import Province, Say, refuse_elsewhere


def bring_up(
    folder: Path,
    units: str,
    agents: str,
    *,
    pcs: int,
    port: int,
    registry: Sequence[Path],
    say: Say,
    eoffice: bool = False,
) -> tuple[Province, str | None]:
    """Build it, start the real centre and real agents. `units` and `agents`: how many, codes with commas between, or `all`.
    Returns the first admin's password too. With `eoffice` there is one, and each unit watches it.

    Raises:
        BadInput: this is not Linux or not root, or something that was asked for is not to be had.
    """
    refuse_elsewhere()
    lines = registry_lines(registry)
    everything = nodes_of(lines, SystemClock().now())
    codes = chosen(everything, units)
    nodes = [node for node in everything if node[2] is None or node[0] in codes]
    boxes = chosen(nodes, agents)
    province = Province.build(folder.absolute(), nodes, boxes, pcs, say, SERVERS if eoffice else ())
    try:
        if eoffice:
            start_office(province, say)
        password = start_centre(province, lines, port)
        say(f"the centre runs at {province.layout.centre.address}")
        start_agents(province, boxes, say)
    except BaseException:
        province.remove()
        raise
    return province, password


@contextmanager
def province_of(
    folder: Path, units: str, agents: str, say: Say, *, eoffice: bool = False
) -> Iterator[Province]:
    """A province for as long as the block lasts, with one PC in each LAN."""
    province, _ = bring_up(folder, units, agents, pcs=1, port=0, registry=(), say=say, eoffice=eoffice)
    try:
        yield province
    finally:
        province.remove()


def chosen(nodes: Sequence[Node], wanted: str) -> list[str]:
    """Codes of the units that `wanted` means, in order, the topmost not among them."""
    units = [code for code, _, parent in nodes if parent is not None]
    if wanted == "all":
        return units
    if wanted.isdigit() and wanted not in units:
        return choose(nodes, int(wanted))
    asked = [name for name in wanted.split(",") if name]
    for code in asked:
        if code not in units:
            raise BadInput(f"there is no unit {code!r}", todo="See the codes with: nhip units export")
    return [code for code in units if code in asked]
