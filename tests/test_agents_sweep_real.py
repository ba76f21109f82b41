"""What real programs tell of their machines while a sweep listens: Debian's own, each on a machine of a LAN of namespaces."""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support_lan import NETWORK, Lan, lan
from support_netns import ROOT_WITH_TUN, WHY_NOT

from lab.netns import inside

# In the order of the machines on which they run.
PROGRAMS = ("avahi-daemon", "nmbd", "dnsmasq", "udhcpc", "wsdd", "lldpd")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.root,
    pytest.mark.xdist_group("programs"),  # one sweep is enough for all
    pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]
AVAHI = """[server]
host-name=may-in-tang-2
enable-dbus=no
allow-interfaces=eth0
[publish]
publish-workstation=no
"""
IPP = """<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Máy in Văn phòng</name>
<service><type>_ipp._tcp</type><port>631</port><txt-record>ty=HP LaserJet M404dn</txt-record></service>
</service-group>
"""
SAMBA = """[global]
netbios name = KETOAN-SRV
workgroup = UBND
interfaces = eth0
bind interfaces only = yes
local master = no
"""
SAMBA_FOLDERS = ("private dir", "lock directory", "state directory", "cache directory", "pid directory")


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, dict[str, Any]]]:
    """What one sweep heard, by MAC; the bridge of the LAN, which is the switch, under `switch`."""
    with tempfile.TemporaryDirectory(prefix="nhip-test-") as name, lan(5, without_ipv6=5, seed=5) as office:
        folder = Path(name)
        # Long enough for six programs to start and to speak on a machine that is busy.
        sweep = subprocess.Popen(
            ["ip", "netns", "exec", office.agent, sys.executable, "-m", "agents.sweep", "--listen-ms=25000"],
            stdout=subprocess.PIPE,
            text=True,
        )
        _wait_for(lambda: len(_packet_sockets(office.agent)) > 1)
        with contextlib.ExitStack() as stack:
            for namespace, command in _programs(office, folder):
                stack.enter_context(_running(namespace, command))
            output = sweep.communicate(timeout=120)[0]
        sightings = {each["mac"]: each for each in json.loads(output)["sightings"]}
        (switch,) = (each for each in sightings.values() if each["mac"] not in office.machines)
        macs = sorted(office.machines)  # as they are numbered
        yield {"switch": switch, **{PROGRAMS[number]: sightings[mac] for number, mac in enumerate(macs)}}


def _programs(office: Lan, folder: Path) -> Iterator[tuple[str, str]]:
    """On which machine which command runs."""
    _agent, bridge, *hosts = office.names
    services = folder / "avahi" / "services"
    services.mkdir(parents=True)
    (folder / "avahi" / "avahi-daemon.conf").write_text(AVAHI)
    (services / "ipp.service").write_text(IPP)
    yield (
        hosts[0],
        f"mount --bind {folder}/avahi /etc/avahi; exec avahi-daemon --no-drop-root --no-chroot --no-rlimits",
    )
    folders = "".join(f"{each} = {folder}\n" for each in SAMBA_FOLDERS)
    (folder / "smb.conf").write_text(SAMBA + folders)
    yield (
        hosts[1],
        f"exec nmbd --foreground --no-process-group --configfile={folder}/smb.conf --log-basename={folder}",
    )
    lease = f"--dhcp-range={NETWORK}.200,{NETWORK}.209,1h --dhcp-leasefile={folder}/leases --dhcp-authoritative --no-ping"
    yield (
        hosts[2],
        f"exec dnsmasq --no-daemon --port=0 --user=root --conf-file=/dev/null --interface=eth0 {lease}",
    )
    yield hosts[3], "exec udhcpc -i eth0 -f -B -t 10 -T 1 -s /bin/true -x hostname:MOTCUA-03"
    yield hosts[4], "exec wsdd -i eth0 -4 -n DIACHINH-02 -w UBND"
    told = "'S5720 tầng 1'"
    yield bridge, f"exec lldpd -d -l -cc -S {told}"


@contextlib.contextmanager
def _running(namespace: str, command: str) -> Iterator[None]:
    """Within the block it runs on that machine, with a /run and a list of processes of its own."""
    own = f"mount -t tmpfs none /run && mkdir -p /run/lldpd /run/avahi-daemon /run/samba && {command}"
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, "unshare", "--mount", "sh", "-c", own],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _packet_sockets(namespace: str) -> list[str]:
    with inside(namespace):
        # Of the thread: `inside` moves no other.
        return Path("/proc/thread-self/net/packet").read_text().splitlines()


def _wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, "too late"
        time.sleep(0.05)


def test_avahi_tells_name_service_and_model_of_a_printer(told: dict[str, dict[str, Any]]) -> None:
    printer = told["avahi-daemon"]
    assert "mdns" in printer["protocols"]
    assert (printer["names"], printer["kinds"]) == (["may-in-tang-2"], ["printer"])
    assert (printer["services"], printer["models"]) == (["_ipp._tcp"], ["HP LaserJet M404dn"])


def test_samba_claims_its_name_and_that_it_serves_files(told: dict[str, dict[str, Any]]) -> None:
    server = told["nmbd"]
    assert "netbios" in server["protocols"]
    assert (server["names"], server["kinds"]) == (["KETOAN-SRV"], ["computer"])
    assert server["services"] == ["netbios file server"]


def test_a_dhcp_client_tells_its_name_and_has_its_fingerprint(told: dict[str, dict[str, Any]]) -> None:
    client = told["udhcpc"]
    assert "dhcp" in client["protocols"]
    assert client["names"] == ["MOTCUA-03"]
    assert client["vendor_class"].startswith("udhcp 1.")
    # Subnet mask, router and name servers: nobody does without.
    assert {"1", "3", "6"} <= set(client["fingerprint"].split(","))


def test_a_dhcp_server_is_known_by_what_it_offers(told: dict[str, dict[str, Any]]) -> None:
    assert "dhcp server" in told["dnsmasq"]["kinds"]


def test_a_machine_that_says_hello_as_windows_does_is_there(told: dict[str, dict[str, Any]]) -> None:
    assert "wsd" in told["wsdd"]["protocols"]


def test_lldpd_tells_switch_and_port_by_lldp_and_by_cdp(told: dict[str, dict[str, Any]]) -> None:
    switch = told["switch"]
    assert {"lldp", "cdp"} <= set(switch["protocols"])
    near = switch["neighbour"]
    assert "line" in (near["port"], near.get("port_description"))
    assert near["name"] in switch["names"]
    assert "S5720 tầng 1" in near["description"]
