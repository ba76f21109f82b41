"""The province for real: 20 units, 20 real agents, the real centre, and cuts of lines as the wall shows them.

One lab for all claims here, because it costs half a minute; they run in the order of the file.
"""

import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from support_netns import ROOT_WITH_TUN, WHY_NOT

from lab.netns import FOLDER
from lab.wan.measure import CAUGHT_UP_S, GOOD_S, SHOWN_S, WHOLE, Cut, choose_units, measure, table
from lab.wan.province import Province
from lab.wan.record import alive, inhabitants
from lab.wan.wall import Wall, until

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT),
    pytest.mark.alone,
]
UNITS = 20
ROOT = Path(__file__).parent.parent


def nhip(*arguments: str) -> str:
    """What `nhip lab wan …` says; AssertionError with its words when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "lab", "wan", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def nobody_is_out(wall: Wall, besides: Collection[str] = ()) -> bool:
    """Whether all but those are up; a minute of jitter on a machine that has other work makes a line degraded and no more."""
    return all(
        status in ("up", "degraded") for code, status in wall.statuses().items() if code not in besides
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("wan") / "lab"
    try:
        print(nhip("up", "--units", str(UNITS), "--agents", str(UNITS), "--port", "0", "--dir", str(folder)))
        yield folder
    finally:
        if folder.exists():
            nhip("down", "--dir", str(folder))


@pytest.fixture(scope="module")
def province(folder: Path) -> Province:
    return Province.at(folder)


@pytest.fixture(scope="module")
def wall(province: Province) -> Iterator[Wall]:
    with Wall.of(province) as wall:
        yield wall


@pytest.fixture(scope="module")
def cuts(province: Province, wall: Wall) -> list[Cut]:
    found = list(measure(province, wall, choose_units(province, 3, seed=1), hold_s=8))
    print("\n".join(table(found)))
    return found


def test_every_unit_with_an_agent_is_up_on_the_wall(province: Province, wall: Wall) -> None:
    took = until(lambda: nobody_is_out(wall), SHOWN_S, f"all up: {wall.statuses()}")
    print(f"all {UNITS} units up {took:.1f} s after the agents were started")
    assert len(wall.statuses()) == UNITS == len(province.record.agents)


def test_a_units_checks_are_measured_over_the_provinces_lines(province: Province, wall: Wall) -> None:
    unit = choose_units(province, 1, seed=2)[0]
    centre = str(province.layout.centre.address)

    def rtt() -> float | None:
        checks = wall.get(f"units/{unit}/checks", limit=500)["items"]
        found = next(check for check in checks if check["vantage"] == unit and check["target"] == centre)
        sample = found["figures"].get("rtt_min_seconds")
        return sample["value"] if sample else None

    until(lambda: rtt() is not None, SHOWN_S, "a first round trip")
    province.relay.set([unit], delay_ms=30)
    try:
        until(lambda: 0.060 <= (rtt() or 0) < 0.080, SHOWN_S, f"a round trip of 60 ms, not {rtt()}")
    finally:
        province.relay.set([unit], delay_ms=0)


def test_a_cut_line_is_down_on_the_wall_within_five_seconds_and_up_again_after(cuts: list[Cut]) -> None:
    assert max(cut.down_after for cut in cuts) <= GOOD_S
    assert max(cut.up_after for cut in cuts) <= GOOD_S


def test_everything_measured_while_a_line_was_cut_arrives(cuts: list[Cut]) -> None:
    for cut in cuts:
        assert cut.arrived > 0
        assert cut.missing == cut.dropped == 0
        assert cut.received == cut.produced
        assert cut.largest_gap <= WHOLE


def test_a_hub_that_is_cut_takes_its_communes_with_it(province: Province, wall: Wall) -> None:
    sites = province.layout.sites
    hub = next(site.parent for site in sites.values() if site.parent not in (None, province.layout.top.code))
    behind = {site.code for site in province.layout.below(str(hub))} | {str(hub)}
    until(lambda: nobody_is_out(wall), SHOWN_S, "nobody out before")
    print(nhip("cut", str(hub), "--dir", str(province.folder.path)))
    try:
        until(lambda: all(wall.statuses()[code] == "down" for code in behind), SHOWN_S, f"{behind} down")
        assert nobody_is_out(wall, besides=behind)
        assert "cut" in nhip("status", "--dir", str(province.folder.path))
    finally:
        nhip("heal", "all", "--dir", str(province.folder.path))
    until(lambda: nobody_is_out(wall), CAUGHT_UP_S, "nobody out after")


def test_the_end_leaves_no_namespace_process_or_file(province: Province, folder: Path) -> None:
    record = Province.at(folder).record
    inodes = [(FOLDER / name).stat().st_ino for name in record.namespaces]
    assert len(record.processes) == UNITS + 3  # the agents, and relay, centre and the way in
    everyone = [*record.processes, *inhabitants(inodes)]
    assert (
        len(everyone) > 2 * UNITS
    )  # those of the agents' namespaces a second time, and the centre's own agent
    print(nhip("down", "--dir", str(folder)))
    assert not folder.exists()
    assert not any((FOLDER / name).exists() for name in record.namespaces)
    assert not any(alive(process) for process in everyone)
