"""The province's network without the centre: who reaches whom, what a cut does, and that nothing is left behind."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_netns import ROOT_WITH_TUN, WHY_NOT, run_in
from support_processes import until

from core.errors import BadInput
from lab.netns import FOLDER, inside
from lab.wan.plan import Node, Site
from lab.wan.province import Province
from lab.wan.record import alive, inhabitants

pytestmark = [pytest.mark.root, pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT)]
NODES: list[Node] = [
    ("33", "province", None),
    ("so-nv", "department", "33"),
    ("323", "district", "33"),
    ("11950", "commune", "323"),
    ("11953", "commune", "323"),
]


def silent(_text: str) -> None:
    pass


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    made = Province.build(tmp_path / "lab", NODES, ["11950"], 1, silent)
    try:
        yield made
    finally:
        made.remove()


def replies(source: Site, target: object, within_s: int) -> int:
    """To pings of a machine in the LAN of `source`; two are enough, as soon as they are there."""
    text = run_in(
        source.hosts[0].namespace, "ping", "-q", "-c", "2", "-i", "0.05", "-w", str(within_s), str(target)
    )
    found = re.search(r"(\d+) received", text)
    assert found, text
    return int(found[1])


def reached(source: Site, target: object) -> bool:
    return replies(source, target, within_s=50) >= 2


def cut_off(source: Site, target: object) -> bool:
    return replies(source, target, within_s=1) == 0


def test_every_machine_reaches_every_other(province: Province) -> None:
    sites = province.layout.sites
    hosts = [host for site in sites.values() for host in site.hosts]
    targets = [str(host.address) for host in hosts] + [str(line.lower) for line in province.layout.lines()]
    for host in hosts:
        text = run_in(host.namespace, "fping", "-a", "-r", "5", "-t", "2000", *targets)
        assert set(targets) <= set(text.split())


def test_a_commune_that_is_cut_off_reaches_its_own_lan_and_nothing_else(province: Province) -> None:
    here, centre = province.layout.sites["11950"], province.layout.centre.address
    province.relay.cut(["11950"])
    assert reached(here, here.gateway)
    assert cut_off(here, centre)
    assert reached(province.layout.sites["11953"], centre)
    province.relay.heal(["11950"])
    assert reached(here, centre)


def test_communes_behind_a_hub_that_is_cut_off_still_reach_each_other(province: Province) -> None:
    here, near = province.layout.sites["11950"], province.layout.sites["11953"]
    province.relay.cut(province.layout.named(["323"]))
    assert cut_off(here, province.layout.centre.address)
    assert reached(here, near.gateway)


def test_lines_are_named_by_code_by_branch_or_all(province: Province) -> None:
    named = province.layout.named
    assert named(["11950"]) == ["11950"]
    assert named(["below:323"]) == ["11950", "11953"]
    assert set(named(["all"])) == {"so-nv", "323", "11950", "11953"}
    with pytest.raises(BadInput, match="no line"):
        named(["33"])


def test_unprivileged_pings_are_open_in_every_namespace(province: Province) -> None:
    for name in province.layout.namespaces():
        with inside(name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP):
            pass


def test_nothing_of_the_hosts_own_network_changes(tmp_path: Path) -> None:
    def look() -> tuple[str, ...]:
        return tuple(
            subprocess.run(["ip", *what], capture_output=True, text=True, check=True).stdout
            for what in (["-br", "link"], ["-br", "address"], ["route"], ["rule"])
        )

    before = look()
    made = Province.build(tmp_path / "lab", NODES, [], 1, silent)
    during = look()
    made.remove()
    assert before == during == look()


def test_the_end_leaves_no_namespace_process_or_file(tmp_path: Path) -> None:
    made = Province.build(tmp_path / "lab", NODES, [], 1, silent)
    inodes = list(made.record.namespaces.values())
    made.start(
        "ours", ["sleep", "600"], namespace=made.layout.centre.namespace
    )  # which may not be in there yet
    stranger = subprocess.Popen(["ip", "netns", "exec", made.layout.centre.namespace, "sleep", "600"])
    until(lambda: stranger.pid in {each.pid for each in inhabitants(inodes)}, 60, "it is in the namespace")
    assert made.remove() == []
    assert stranger.wait(60) == -signal.SIGTERM  # neither recorded nor started by it, and found
    assert not any((FOLDER / name).exists() for name in made.record.namespaces)
    assert not any(alive(process) for process in made.record.processes)
    assert inhabitants(inodes) == []
    assert list(tmp_path.iterdir()) == []


def test_a_lab_whose_maker_was_killed_is_found_and_removed(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from lab.wan.province import Province; import lab.wan.province as p\n"
        "p.make_lines = lambda *_: os.kill(os.getpid(), 9)\n"  # half-way: namespaces and relay, no lines
        f"Province.build(Path(sys.argv[1]), {NODES!r}, [], 1, print)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "lab")], check=False, cwd=Path.cwd()
    )
    assert killed.returncode == -signal.SIGKILL
    found = Province.at(tmp_path / "lab")
    names = list(found.record.namespaces)
    assert all((FOLDER / name).exists() for name in names)
    relay = found.record.processes[0]
    assert alive(relay)
    assert found.remove() == []
    assert not alive(relay)
    assert not any((FOLDER / name).exists() for name in names)
    assert list(tmp_path.iterdir()) == []


def test_a_namespace_that_it_did_not_make_is_left_alone(tmp_path: Path) -> None:
    made = Province.build(tmp_path / "lab", NODES, [], 0, silent)
    name = made.layout.sites["11953"].namespace
    try:
        for verb in ("delete", "add"):  # someone else's now, of the same name
            subprocess.run(["ip", "netns", verb, name], check=True)
        assert made.remove() == [name]
        assert (FOLDER / name).exists()
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_a_folder_that_is_in_use_is_refused(province: Province, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a lab is up"):
        Province.build(province.folder.path, NODES, [], 0, silent)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(BadInput, match="not ours"):
        Province.build(tmp_path / "mine", NODES, [], 0, silent)
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_lab_that_is_not_up_cannot_be_ended(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no lab is up"):
        Province.at(tmp_path / "nowhere")
