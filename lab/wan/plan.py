"""From the tree of units to namespaces, addresses, lines and routes. Pure.

Every unit is a LAN behind a router; every unit but the topmost has one line, to the router of its parent. All of it
lives in 10.0.0.0/8, which only the namespaces see:

    10.0.0.0/24      the topmost unit's LAN; the centre is its machine .10
    10.g.n.0/24      LAN n of group g: a district's office is 0, its communes 1 and up; departments share groups
    10.240.0.0/12    the lines, a /30 each: .1 the parent's end, .2 the unit's
    .1 of each LAN   the gateway; .10 the agent's machine; .20 and up servers (topmost unit only); .101 and up the PCs
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from core.errors import BadInput

PLACES = 256
"""LANs in a group."""
GROUPS = 240
BOX_HOST, FIRST_SERVER, FIRST_PC = 10, 20, 101
MAX_PCS = 100

Node = tuple[str, str, str | None]
"""A unit's code, level and parent."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine in a LAN, with a namespace of its own."""

    name: str
    """`box` (the agent's machine; in the topmost unit the centre itself), `pc1`, `pc2` …, or a server's name."""
    namespace: str
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class Line:
    """The line of `unit` to its parent. Its name, for the relay and for people, is the unit's code."""

    unit: str
    parent: str
    network: IPv4Network

    @property
    def upper(self) -> IPv4Address:
        return self.network[1]

    @property
    def lower(self) -> IPv4Address:
        return self.network[2]


@dataclass(frozen=True, slots=True)
class Site:
    """A unit: its router, its LAN and the machines in it."""

    code: str
    level: str
    parent: str | None
    namespace: str
    lan: IPv4Network
    hosts: tuple[Host, ...]
    line: Line | None
    down_device: str
    """Name of the device at the parent's end of its line."""

    @property
    def gateway(self) -> IPv4Address:
        return self.lan[1]

    @property
    def box(self) -> Host | None:
        return next((host for host in self.hosts if host.name == "box"), None)


@dataclass(frozen=True, slots=True)
class Route:
    to: IPv4Network
    via: IPv4Address


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole province. `sites` has parents before their children, the topmost first."""

    sites: Mapping[str, Site]

    @property
    def top(self) -> Site:
        return next(iter(self.sites.values()))

    @property
    def centre(self) -> Host:
        box = self.top.box
        assert box is not None, "lay_out gives the topmost unit one"
        return box

    def server(self, name: str) -> Host:
        """A machine of the topmost unit's LAN.

        Raises:
            BadInput: there is none of this name.
        """
        found = next((host for host in self.top.hosts if host.name == name), None)
        if found is None:
            raise BadInput(f"no machine {name!r} is in this lab", todo="Have one: nhip lab wan up --eoffice")
        return found

    def lines(self) -> Iterator[Line]:
        return (site.line for site in self.sites.values() if site.line is not None)

    def namespaces(self) -> Iterator[str]:
        for site in self.sites.values():
            yield site.namespace
            yield from (host.namespace for host in site.hosts)

    def below(self, code: str) -> Iterator[Site]:
        """The sites whose way to the top leads through `code`, without itself."""
        return (site for site in self.sites.values() if code in self._path(site.parent))

    def routes(self, code: str) -> list[Route]:
        """Routes of a unit's router: everything below it by the line it lies behind, the rest upwards."""
        found = []
        own = self.sites[code].line
        if own is not None:
            found.append(Route(IPv4Network("0.0.0.0/0"), own.upper))
        for site in self.below(code):
            path = self._path(site.code)
            next_line = self.sites[path[path.index(code) - 1]].line
            assert next_line is not None
            assert site.line is not None
            found.append(Route(site.lan, next_line.lower))
            if site.parent != code:
                found.append(Route(site.line.network, next_line.lower))
        return found

    def named(self, names: Sequence[str]) -> list[str]:
        """The lines that are meant: a unit's code is its line, `below:CODE` all lines behind that unit, `all` all.

        Raises:
            BadInput: a name means no line.
        """
        found: dict[str, None] = {}
        for name in names:
            kind, _, rest = name.partition(":")
            if name == "all":
                hit = [line.unit for line in self.lines()]
            elif kind == "below" and rest:
                hit = [site.code for site in self.below(rest)]
            else:
                hit = [line.unit for line in self.lines() if line.unit == name]
            if not hit:
                raise BadInput(f"no line is meant by {name!r}", todo="See: nhip lab wan status --all")
            found |= dict.fromkeys(hit)
        return list(found)

    def _path(self, code: str | None) -> list[str]:
        """From the unit up to the top, both included."""
        path = []
        while code is not None:
            path.append(code)
            code = self.sites[code].parent
        return path


def lay_out(
    nodes: Sequence[Node], *, run: str, boxes: Collection[str], pcs: int, servers: Sequence[str] = ()
) -> Layout:
    """The province of these units, for the run of that name; `boxes` are the units with an agent's machine, `servers`
    names of machines in the topmost unit's LAN.

    Raises:
        BadInput: the units are not one tree, there are more than 10.0.0.0/8 holds, or a code is there twice.
    """
    if not 0 <= pcs <= MAX_PCS:
        raise BadInput(f"{pcs} PCs in a LAN", todo=f"Ask for 0 to {MAX_PCS}")
    ordered = in_tree_order(nodes)
    lans = _lans(ordered)
    sites: dict[str, Site] = {}
    for number, (code, level, parent) in enumerate(ordered):
        namespace = f"{run}-{code}"
        places = {"box": BOX_HOST} if parent is None or code in boxes else {}
        places |= {name: FIRST_SERVER + n for n, name in enumerate(servers)} if parent is None else {}
        places |= {f"pc{n}": FIRST_PC - 1 + n for n in range(1, pcs + 1)}
        # A /30 for each line, in order: line 0 would be the topmost unit's, which has none.
        network = IPv4Network((int(IPv4Address("10.240.0.0")) + 4 * number, 30))
        sites[code] = Site(
            code=code,
            level=level,
            parent=parent,
            namespace=namespace,
            lan=lans[code],
            hosts=tuple(Host(name, f"{namespace}-{name}", lans[code][n]) for name, n in places.items()),
            line=Line(code, parent, network) if parent is not None else None,
            down_device=f"to{number}",
        )
    return Layout(sites)


def in_tree_order(nodes: Sequence[Node]) -> list[Node]:
    """Parents before their children, each branch whole, in the order given.

    Raises:
        BadInput: not one tree.
    """
    by_code = {node[0]: node for node in nodes}
    if len(by_code) != len(nodes):
        raise BadInput("a unit's code is there twice")
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        children.setdefault(node[2], []).append(node)
    if len(children.get(None, [])) != 1:
        raise BadInput("the units are not one tree: exactly one may be without a parent")
    ordered: list[Node] = []
    waiting = list(children[None])
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting += reversed(children.get(node[0], []))
    if len(ordered) != len(nodes):
        lost = next(iter(by_code.keys() - {node[0] for node in ordered}))
        raise BadInput(
            f"unit {lost!r} hangs on no tree: its parent {by_code[lost][2]!r} does not lead to the top"
        )
    return ordered


def _lans(ordered: Sequence[Node]) -> dict[str, IPv4Network]:
    """A LAN each: branches with hubs in groups of their own, units right below the top in shared ones."""
    top = ordered[0][0]
    hubs = {parent for _, _, parent in ordered}
    groups: list[list[str]] = []
    shared: list[str] = []
    for code, _, parent in ordered[1:]:
        if parent == top and code not in hubs:
            shared.append(code)
        elif parent == top:
            groups.append([code])
        else:
            groups[-1].append(code)
    blocks = [group[i : i + PLACES] for group in [*groups, shared] for i in range(0, len(group), PLACES)]
    if len(blocks) >= GROUPS:
        raise BadInput(f"{len(ordered)} units are more than 10.0.0.0/8 holds as this lab divides it")
    lans = {top: IPv4Network("10.0.0.0/24")}
    for g, block in enumerate(blocks, 1):
        lans |= {code: IPv4Network(f"10.{g}.{n}.0/24") for n, code in enumerate(block)}
    return lans


def choose(nodes: Sequence[Node], count: int) -> list[str]:
    """Codes of `count` units, spread over the whole tree, each with the hubs it needs; the topmost is not counted.

    The same for the same tree. Fewer only when there are fewer.
    """
    ordered = in_tree_order(nodes)
    parents = {code: parent for code, _, parent in ordered}
    top, units = ordered[0][0], [code for code, _, _ in ordered[1:]]
    chosen: set[str] = set()
    # Steps of the golden ratio visit every part of the tree early, and every unit once at last.
    spread = sorted(range(len(units)), key=lambda i: (i * 0.6180339887) % 1)
    while len(chosen) < min(count, len(units)):
        for i in spread:
            needs = set()
            code: str | None = units[i]
            while code is not None and code != top:
                needs.add(code)
                code = parents[code]
            if needs - chosen and len(chosen | needs) <= count:
                chosen |= needs
    return [code for code in units if code in chosen]
