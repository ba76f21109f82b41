"""What runs in the province: the centre, the way in for a browser, and the agents."""

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.enrol import enrol
from core.errors import BadInput
from inventory.exchange.lines import Line
from lab.netns import inside
from lab.wan import centre
from lab.wan.cover import covered
from lab.wan.office_plan import has_office, provider_of
from lab.wan.province import Province, Say

RESOLV_CONF = Path("/etc/resolv.conf")


def start_centre(province: Province, lines: Mapping[str, Sequence[Line]], port: int) -> str | None:
    """Fill the centre's registry, start it, and open it on the host's loopback at `port` (0: any). Returns the first
    admin's password.

    Raises:
        BadInput: the port is taken.
    """
    folder, layout = province.folder, province.layout
    centre.fill(folder.centre, lines, layout)
    if has_office(layout):
        centre.offer(folder.centre, layout, folder.eoffice_ca)
    password = centre.first_admin(folder.centre)
    tls = folder.path / "tls"
    centre.certificate(tls, layout.centre.address)
    start_serving(province)
    _open(province, port)
    return password


def start_serving(province: Province) -> None:
    """Start the centre's process on its data, and wait until it answers."""
    folder, there = province.folder, province.layout.centre
    command = centre.serve_command(sys.executable, folder.centre, folder.path / "tls")
    files = _resolv_conf(province, province.layout.top.code)
    process = province.start("centre", covered(command, files), namespace=there.namespace)
    province.started("centre", [process.pid])
    centre.wait_until_ready(there.namespace, url(province), folder.ca)


def agent_command(province: Province, unit: str, files: Mapping[Path, Path]) -> list[str]:
    """What starts the agent of a unit, with these files in the places of others."""
    command = [sys.executable, "-m", "agents", "run", "--dir", str(province.folder.agents / unit)]
    return covered(command, {**_resolv_conf(province, unit), **files})


def _resolv_conf(province: Province, unit: str) -> Mapping[Path, Path]:
    """So that the unit's machine asks the resolver of its provider, where there is one."""
    if not has_office(province.layout):
        return {}
    return {RESOLV_CONF: province.folder.resolv_conf(provider_of(province.layout, unit))}


def url(province: Province) -> str:
    """The centre, as the province sees it."""
    return f"https://{province.layout.centre.address}"


def _open(province: Province, port: int) -> None:
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise BadInput(f"port {port} of loopback: {error.strerror}", todo="Give another --port") from error
    with listening:
        there = province.layout.centre
        arguments = [str(listening.fileno()), there.namespace, str(there.address), str(centre.PORT)]
        process = province.start(
            "forward", [sys.executable, "-m", "lab.wan.forward", *arguments], keep=[listening.fileno()]
        )
        province.record.port = listening.getsockname()[1]
        province.started("forward", [process.pid])


def start_agents(province: Province, units: Sequence[str], say: Say) -> None:
    """Enrol an agent in each of these units, from its own machine and with a real token, and start it."""
    folder, layout = province.folder, province.layout
    tokens = centre.join_tokens(folder.centre, units)
    boxes = {}
    for unit, token in tokens.items():
        box = layout.sites[unit].box
        if box is None:
            raise BadInput(f"unit {unit} has no machine for an agent")
        boxes[unit] = box.namespace
        with inside(box.namespace):
            mine = enrol(folder.agents / unit, url(province), token, str(folder.ca))
        province.record.agents[unit] = mine.agent
    say(f"{len(units)} agents enrolled")
    processes = [
        province.start(f"agent-{unit}", agent_command(province, unit, {}), namespace=namespace)
        for unit, namespace in boxes.items()
    ]
    province.started("agent", [process.pid for process in processes])
