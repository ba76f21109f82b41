"""The e-office in the province: machines in the topmost unit's LAN, what runs on them, and how it is broken and mended."""

import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal, get_args

import msgspec

from core.errors import BadInput
from lab.eoffice.authority import Authority
from lab.eoffice.manners import PHASES, WELL, Manners, Phase, Switch
from lab.eoffice.resolver import Resolver
from lab.eoffice.serve import MANNERS
from lab.eoffice.site import Front, signal_all
from lab.netns import inside
from lab.wan.namespaces import ip
from lab.wan.office_plan import NAMES, RESOLVERS, SERVER, has_office, records, resolver_of
from lab.wan.province import Province, Say, end

HTTPS, HTTP, APPLICATION, DNS, CONTROL = 443, 80, 8000, 53, 8953
READY_S = 60.0
YEAR = timedelta(days=365)
ServiceFault = Literal["broken", "wrong", "silent", "half-open", "refused"]
DnsFault = Literal["lie", "hang", "no such name", "refused", "servfail", "silent"]
SERVICE_FAULTS: tuple[ServiceFault, ...] = get_args(ServiceFault)
DNS_FAULTS: tuple[DnsFault, ...] = get_args(DnsFault)


def start_office(province: Province, say: Say) -> None:
    """Its authority and certificates, the application, nginx and the resolvers; returns when all answer.

    Raises:
        RuntimeError: one did not within READY_S.
    """
    folder, layout = province.folder, province.layout
    folder.eoffice.mkdir(mode=0o700)
    authority = Authority(folder.eoffice_ca)
    Front(folder.eoffice / "front", authority).serve(authority.issue("office", hosts=NAMES, ends=YEAR))
    authority.issue("partner", use="client", ends=YEAR)
    machine = layout.server(SERVER)
    command = [sys.executable, "-m", "lab.eoffice.serve", str(folder.eoffice), str(APPLICATION)]
    province.started("office", [province.start("office", command, namespace=machine.namespace).pid])
    _start_front(province)
    for who, name in RESOLVERS.items():
        address = resolver_of(layout, who)
        command = _resolver(province, who).command(address, DNS, records(layout))
        folder.resolv_conf(who).write_text(f"nameserver {address}\n")
        province.started(name, [province.start(name, command, namespace=layout.server(name).namespace).pid])
    _wait(lambda: all(_resolver(province, who).is_ready() for who in RESOLVERS), "its resolvers")
    _wait(lambda: _listens(machine.namespace, str(machine.address), HTTPS), "nginx")
    _wait(lambda: _listens(machine.namespace, "127.0.0.1", APPLICATION), "the application")
    say(f"the e-office runs at {machine.address} ({', '.join(NAMES)}), with {len(RESOLVERS)} resolvers")


def break_service(province: Province, how: ServiceFault, phases: Sequence[Phase] = PHASES) -> None:
    """`half-open` and `refused` are of the whole machine; the others of these phases of a visit."""
    _refuse_without(province)
    if how == "half-open":
        _signal_front(province, signal.SIGSTOP)
    elif how == "refused":
        end(province.running("nginx"))
    else:
        _manners(province).set(msgspec.convert({how: tuple(phases)}, Manners))


def slow_service(province: Province, seconds: float, phases: Sequence[Phase] = PHASES) -> None:
    """Answers in these phases come so many seconds late."""
    _refuse_without(province)
    _manners(province).set(msgspec.convert({"slow": dict.fromkeys(phases, seconds)}, Manners))


def mend_service(province: Province) -> None:
    """Well in every way."""
    _refuse_without(province)
    _manners(province).set(WELL)
    if province.running("nginx"):
        _signal_front(province, signal.SIGCONT)
    else:
        _start_front(province)
        machine = province.layout.server(SERVER)
        _wait(lambda: _listens(machine.namespace, str(machine.address), HTTPS), "nginx")


def block(province: Province, unit: str) -> None:
    """The router of a unit drops what goes to the e-office, from its own LAN and from units behind it; all else passes."""
    ip([f"route replace {_blackhole(province)}"], namespace=_router(province, unit))


def unblock(province: Province, unit: str) -> None:
    # Put there first, so that a unit that is not blocked is no error.
    dropped = _blackhole(province)
    ip([f"route replace {dropped}", f"route delete {dropped}"], namespace=_router(province, unit))


def break_dns(province: Province, who: str, how: DnsFault) -> None:
    """The resolver of a provider fails for all names of the e-office; or it hangs. Its lie is the gateway of the topmost LAN."""
    _refuse_without(province)
    mend_dns(province, who)
    if how == "hang":
        _signal_resolver(province, who, signal.SIGSTOP)
        return
    told = _resolver(province, who)
    for name in NAMES:
        if how == "lie":
            told.lie(name, f"A {province.layout.top.gateway}")
        else:
            told.fail(name, how)


def mend_dns(province: Province, who: str) -> None:
    _refuse_without(province)
    _signal_resolver(province, who, signal.SIGCONT)
    told = _resolver(province, who)
    for name in NAMES:
        told.mend(name)


def _start_front(province: Province) -> None:
    machine = province.layout.server(SERVER)
    front = Front(province.folder.eoffice / "front", Authority(province.folder.eoffice_ca))
    command = front.command(str(machine.address), HTTPS, APPLICATION, redirected=HTTP)
    province.started("nginx", [province.start("nginx", command, namespace=machine.namespace).pid])


def _blackhole(province: Province) -> str:
    _refuse_without(province)
    return f"blackhole {province.layout.server(SERVER).address}/32"


def _router(province: Province, unit: str) -> str:
    if unit not in province.layout.sites:
        raise BadInput(f"unit {unit!r} is not in this lab", todo="See: nhip lab wan status --all")
    return province.layout.sites[unit].namespace


def _manners(province: Province) -> Switch:
    return Switch(province.folder.eoffice / MANNERS)


def _resolver(province: Province, who: str) -> Resolver:
    machine = province.layout.server(RESOLVERS[who])
    return Resolver(province.folder.eoffice / machine.name, CONTROL, machine.namespace)


def _signal_front(province: Province, number: signal.Signals) -> None:
    for process in province.running("nginx"):
        signal_all(process.pid, number)


def _signal_resolver(province: Province, who: str, number: signal.Signals) -> None:
    for process in province.running(RESOLVERS[who]):
        signal_all(process.pid, number)


def _refuse_without(province: Province) -> None:
    if not has_office(province.layout):
        raise BadInput("this lab has no e-office", todo="Have one: nhip lab wan up --eoffice")


def _listens(namespace: str, address: str, port: int) -> bool:
    try:
        with inside(namespace), socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def _wait(found: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + READY_S
    while not found():
        if time.monotonic() > until:
            raise RuntimeError(f"{what} did not answer within {READY_S:g} s; see the folder logs")
        time.sleep(0.05)
