"""The real centre in the province: its registry with the lab's addresses, its certificate, its process."""

import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path

import httpx2

from cli.data import open_state
from collector.agents import Agents
from core.clock import SystemClock
from core.errors import BadInput
from core.values import Level
from inventory.changes import Value, apply, propose
from inventory.changes import put as put_rows
from inventory.exchange.faults import BadRows
from inventory.exchange.files import read_files
from inventory.exchange.lines import Line
from inventory.records import SURVEY
from inventory.seed import SEEDS
from inventory.vault import Vault
from lab.netns import inside
from lab.site import make_certificate
from lab.wan import catalogue
from lab.wan.office_plan import has_office, provider_of, resolver_of
from lab.wan.plan import Layout, Node
from web.auth.roles import Role
from web.auth.tokens import create_token
from web.auth.users import create_first_admin

PORT = 443
READY_S = 60.0
# Lines are the lab's own; the province's services lie beyond it: watched from here, each would be an outage.
_OF_THE_LAB = ("links", "services", "service_checks")
WEEK_MS = 7 * 86_400_000


def registry_lines(files: Sequence[Path]) -> dict[str, list[Line]]:
    """The registry as files tell it; without any, the seed of `nhip`.

    Raises:
        BadRows: something is wrong in them.
    """
    lines, faults = read_files(files or sorted(SEEDS.glob("*.csv")))
    if faults:
        raise BadRows(faults)
    return lines


def nodes_of(lines: Mapping[str, Sequence[Line]], now: int) -> list[Node]:
    """The tree of the units that exist now, in the order of the lines.

    Raises:
        BadInput: there is no province at its top.
    """
    nodes: list[Node] = []
    for line in lines.get("units", ()):
        start, end = line.values.get("valid_from"), line.values.get("valid_to")
        if (isinstance(start, int) and start > now) or (isinstance(end, int) and end <= now):
            continue
        parent = line.values.get("parent")
        nodes.append((str(line.values["code"]), str(line.values["level"]), str(parent) if parent else None))
    if not any(level == Level.PROVINCE for _, level, _ in nodes):
        raise BadInput("these units have no province at their top")
    return nodes


def fill(data: Path, lines: Mapping[str, Sequence[Line]], layout: Layout) -> None:
    """Write the registry of these units into the data folder of a new centre, with the lab's addresses."""
    now = SystemClock().now()
    kept = {name: list(rows) for name, rows in lines.items() if name not in _OF_THE_LAB}
    # A traceroute loads scapy in a child: hundreds of agents on one machine would do that at the same moment.
    kept["templates"] = [line for line in kept.get("templates", ()) if line.values.get("role") != SURVEY]
    kept["units"] = [line for line in kept["units"] if line.values["code"] in layout.sites]
    with open_state(data) as state:
        with state.write() as connection:
            apply(connection, propose(connection, kept, now))
        links: list[Mapping[str, Value]] = [
            {
                "unit": site.code,
                "kind": "wan",
                "gateway": str(site.gateway),
                "router": str(site.line.lower),
                "hub": str(site.line.upper),
                **_provided(layout, site.code),
            }
            for site in layout.sites.values()
            if site.line is not None
        ]
        centre = {"name": "centre", "value": str(layout.centre.address)}
        devices: list[Mapping[str, Value]] = [
            {"unit": site.code, "name": host.name, "kind": "pc", "address": str(host.address)}
            for site in layout.sites.values()
            if site.line is not None and site.box is not None
            for host in site.hosts
            if host.name != "box"
        ]
        put_rows(state, now, {"links": links, "settings": [centre], "watched_devices": devices})


def offer(data: Path, layout: Layout, authority: Path) -> None:
    """Write what the lab's e-office offers into the registry, with the secrets that its checks need; `authority` is the folder
    of the e-office's certificates."""
    now = SystemClock().now()
    key, begin, chain = (authority / "partner.pem").read_text().partition("-----BEGIN CERTIFICATE")
    rows = {
        "services": catalogue.services(),
        "service_checks": catalogue.service_checks(layout, authority / "root.pem"),
    }
    with open_state(data) as state:
        put_rows(state, now, rows)
        vault = Vault(state)
        for name, value in catalogue.secrets(begin + chain, key).items():
            vault.set(name, value, now, "lab")


def _provided(layout: Layout, unit: str) -> Mapping[str, Value]:
    """Whose line it is and which resolver its machines ask, where the lab has an e-office."""
    if not has_office(layout):
        return {}
    provider = provider_of(layout, unit)
    return {"provider": provider, "resolvers": resolver_of(layout, provider)}


def first_admin(data: Path) -> str | None:
    """The password of the new user `admin`; None when there are users already."""
    with open_state(data) as state:
        return create_first_admin(state, SystemClock().now())


def join_tokens(data: Path, units: Collection[str]) -> dict[str, str]:
    """One join token for an agent of each unit."""
    with open_state(data) as state:
        agents = Agents(state, SystemClock())
        return {unit: agents.create_token(unit) for unit in units}


def program_token(data: Path) -> str:
    """A token with which a program reads the API."""
    with open_state(data) as state:
        return create_token(state, "lab", Role.VIEWER, SystemClock().now(), WEEK_MS)


def certificate(folder: Path, address: IPv4Address) -> Path:
    """The centre's certificate in `folder`, good for its address and for loopback; the path of its CA."""
    return make_certificate(folder, str(address), "localhost", "127.0.0.1")


def serve_command(python: str, data: Path, tls: Path) -> list[str]:
    """The real `nhip serve`, on the network of the province."""
    files = [
        "--tls-cert",
        str(tls / "cert.pem"),
        "--tls-key",
        str(tls / "key.pem"),
        "--ca",
        str(tls / "ca.pem"),
    ]
    return [
        python,
        "-m",
        "cli.main",
        "serve",
        "--data",
        str(data),
        "--host",
        "0.0.0.0",
        "--port",
        str(PORT),
        *files,
    ]


def wait_until_ready(namespace: str, url: str, ca: Path) -> None:
    """Until the centre answers in its namespace.

    Raises:
        RuntimeError: it did not within READY_S.
    """
    until = time.monotonic() + READY_S
    trust = ssl.create_default_context(cafile=str(ca))
    while time.monotonic() < until:
        try:
            with inside(namespace), httpx2.Client(verify=trust, timeout=2, trust_env=False) as http:
                if http.get(f"{url}/readyz").status_code == 200:
                    return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"the centre did not answer within {READY_S:g} s; see logs/centre.log")
