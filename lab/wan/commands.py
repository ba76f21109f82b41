"""`nhip lab wan …`: the province in network namespaces, and what happens to its lines."""

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from core.errors import BadInput
from lab.relay import Way
from lab.wan import happenings
from lab.wan.measure import choose_units, measure, table
from lab.wan.office_commands import dns_app, service_app
from lab.wan.province import Province, refuse_elsewhere
from lab.wan.record import DEFAULT
from lab.wan.table import status_lines
from lab.wan.up import bring_up
from lab.wan.wall import Wall

wan_app = typer.Typer(
    help="The province for real, in network namespaces (Linux, root).",
    epilog="Example: nhip lab wan up --units 20 && nhip lab wan cut 11950 && nhip lab wan down",
    no_args_is_help=True,
)
wan_app.add_typer(service_app, name="service")
wan_app.add_typer(dns_app, name="dns")
Dir = Annotated[Path, typer.Option("--dir", help="The folder of this run; several can be up at once.")]
Lines = Annotated[
    list[str],
    typer.Argument(help="Lines by their unit's code; `below:CODE` for all behind that unit; `all`."),
]
Direction = Annotated[
    str, typer.Option("--way", help="`both`, `down` (towards the unit) or `up` (towards the centre).")
]
Units = Annotated[list[str], typer.Argument(help="Codes of units with an agent.")]
Machine = Annotated[str, typer.Option(help="`box` or `pc1` …")]
WAYS: dict[str, Way] = {"both": "both", "down": "ab", "up": "ba"}


@wan_app.command()
def up(
    units: Annotated[
        str, typer.Option(help="How many units, their codes with commas between, or `all`.")
    ] = "20",
    agents: Annotated[
        str, typer.Option(help="How many units get an agent, their codes with commas between, or `all`.")
    ] = "20",
    pcs: Annotated[int, typer.Option(help="Other machines in each LAN.", min=0)] = 1,
    port: Annotated[int, typer.Option(help="Port of the wall on this host's loopback; 0 for any.")] = 8443,
    eoffice: Annotated[
        bool, typer.Option(help="With an e-office that every unit watches, and a resolver for each provider.")
    ] = False,
    registry: Annotated[
        list[Path] | None, typer.Option(help="Files of `nhip units export`; the seed without.", exists=True)
    ] = None,
    directory: Dir = DEFAULT,
) -> None:
    """Build the province: namespaces, lines, LANs, the real centre, and real agents.

    A hub comes with each commune that is asked for by number. Nothing of the host's own network is changed.

    Example: nhip lab wan up --units 20 --agents 20
    """
    began = time.monotonic()
    province, password = bring_up(
        directory,
        units,
        agents,
        pcs=pcs,
        port=port,
        registry=registry or [],
        say=typer.echo,
        eoffice=eoffice,
    )
    typer.echo(f"up in {time.monotonic() - began:.1f} s\n")
    typer.echo(f"  The wall:  https://127.0.0.1:{province.record.port}/  (CA: {province.folder.ca})")
    if password:
        typer.echo(f"  Sign in as admin with the password {password} (shown this once)")
    where = "" if directory == DEFAULT else f" --dir {directory}"
    last = [*province.layout.sites, *province.record.agents][-1]
    typer.echo(f"  Try:       nhip lab wan cut {last}{where}")
    typer.echo(f"  End it:    nhip lab wan down{where}")
    _warn_of_neighbours(province)


@wan_app.command()
def down(directory: Dir = DEFAULT) -> None:
    """End and remove everything that `up` made, also after a crash. The run's data and logs go with it.

    Example: nhip lab wan down
    """
    refuse_elsewhere()
    began = time.monotonic()
    province = Province.at(directory.absolute())
    for name in province.remove():
        typer.echo(f"left alone: namespace {name} is not the one that this lab made", err=True)
    typer.echo(f"{len(province.record.namespaces)} namespaces gone in {time.monotonic() - began:.1f} s")


@wan_app.command()
def cut(lines: Lines, way: Direction = "both", directory: Dir = DEFAULT) -> None:
    """Cut lines: nothing passes, and what is under way is lost.

    Example: nhip lab wan cut 11950
    """
    _set(directory, lines, way, cut=True)


@wan_app.command()
def heal(lines: Lines, directory: Dir = DEFAULT) -> None:
    """Make lines whole: no cut, delay, jitter, loss or limit.

    Example: nhip lab wan heal all
    """
    _set(directory, lines, "both", cut=False, delay_ms=0, jitter_ms=0, loss=0, rate_bps=0)


@wan_app.command()
def delay(
    ms: Annotated[float, typer.Argument(help="Milliseconds, for each direction.", min=0)],
    lines: Lines,
    jitter: Annotated[float, typer.Option(help="The delay varies by so many ms to either side.", min=0)] = 0,
    way: Direction = "both",
    directory: Dir = DEFAULT,
) -> None:
    """Delay what passes over lines.

    Example: nhip lab wan delay 20 below:323 --jitter 3
    """
    _set(directory, lines, way, delay_ms=ms, jitter_ms=jitter)


@wan_app.command()
def loss(
    ratio: Annotated[float, typer.Argument(help="0 to 1, of each direction.", min=0, max=1)],
    lines: Lines,
    way: Direction = "both",
    directory: Dir = DEFAULT,
) -> None:
    """Lose packets on lines at random.

    Example: nhip lab wan loss 0.05 11950
    """
    _set(directory, lines, way, loss=ratio)


@wan_app.command()
def rate(
    kbps: Annotated[
        float, typer.Argument(help="Kilobits per second of each direction; 0 for no limit.", min=0)
    ],
    lines: Lines,
    way: Direction = "both",
    directory: Dir = DEFAULT,
) -> None:
    """Limit the rate of lines; half a second's worth waits, the rest is dropped.

    Example: nhip lab wan rate 2000 11950 --way up
    """
    _set(directory, lines, way, rate_bps=kbps * 1000)


@wan_app.command("power-off")
def power_off(units: Units, directory: Dir = DEFAULT) -> None:
    """Cut the power of whole units: router, agent and machines are dead together.

    Example: nhip lab wan power-off 11950
    """
    _to_each(directory, units, happenings.power_off)


@wan_app.command("power-on")
def power_on(units: Units, directory: Dir = DEFAULT) -> None:
    """Give units their power back: the agent's machine has booted anew.

    Example: nhip lab wan power-on 11950
    """
    _to_each(directory, units, happenings.power_on)


@wan_app.command("kill-agent")
def kill_agent(units: Units, directory: Dir = DEFAULT) -> None:
    """Kill agents; their machines and lines go on.

    Example: nhip lab wan kill-agent 11950
    """
    _to_each(directory, units, happenings.kill_agent)


@wan_app.command("start-agent")
def start_agent(units: Units, directory: Dir = DEFAULT) -> None:
    """Start agents that were killed.

    Example: nhip lab wan start-agent 11950
    """
    _to_each(directory, units, happenings.start_agent)


@wan_app.command()
def unplug(units: Units, host: Machine = "pc1", directory: Dir = DEFAULT) -> None:
    """Pull the cable of a machine in each of these units.

    Example: nhip lab wan unplug 11950 --host pc1
    """
    _to_each(directory, units, partial(happenings.unplug, host=host))


@wan_app.command()
def plug(units: Units, host: Machine = "pc1", directory: Dir = DEFAULT) -> None:
    """Plug the machine in again.

    Example: nhip lab wan plug 11950 --host pc1
    """
    _to_each(directory, units, partial(happenings.plug, host=host))


@wan_app.command("stop-centre")
def stop_centre(directory: Dir = DEFAULT) -> None:
    """Stop the centre; agents go on measuring.

    Example: nhip lab wan stop-centre
    """
    refuse_elsewhere()
    happenings.stop_centre(Province.at(directory.absolute()))


@wan_app.command("start-centre")
def start_centre_again(directory: Dir = DEFAULT) -> None:
    """Start the centre on the data that it left.

    Example: nhip lab wan start-centre
    """
    refuse_elsewhere()
    happenings.start_centre_again(Province.at(directory.absolute()))


@wan_app.command()
def status(
    directory: Dir = DEFAULT,
    everything: Annotated[
        bool, typer.Option("--all", help="Every line, not only those with trouble.")
    ] = False,
) -> None:
    """Show the lines' conditions and packets, and what runs.

    Example: nhip lab wan status --all
    """
    province = Province.at(directory.absolute())
    for line in status_lines(province, everything=everything):
        typer.echo(line)


@wan_app.command("measure")
def measure_(
    cuts: Annotated[int, typer.Option(help="How many cuts, one after the other.", min=1)] = 10,
    hold_s: Annotated[float, typer.Option("--hold", help="Seconds that a line stays cut.", min=0)] = 10,
    seed: Annotated[int, typer.Option(help="Chooses the units.")] = 1,
    directory: Dir = DEFAULT,
) -> None:
    """Cut and heal lines of units with agents, and print how soon the wall shows it and what arrives.

    Example: nhip lab wan measure --cuts 10
    """
    province = Province.at(directory.absolute())
    units = choose_units(province, cuts, seed)
    if not units:
        raise BadInput("no unit in this lab has an agent", todo="Give some: nhip lab wan up --agents 20")
    with Wall.of(province) as wall:
        for line in table(measure(province, wall, units, hold_s=hold_s)):
            typer.echo(line)


@wan_app.command()
def shell(
    unit: Annotated[str, typer.Argument(help="A unit's code.")],
    host: Annotated[str, typer.Option(help="`router`, `box` or `pc1` …")] = "router",
    directory: Dir = DEFAULT,
) -> None:
    """Open a shell on a unit's router, or on a machine in its LAN.

    Example: nhip lab wan shell 11950 --host pc1
    """
    refuse_elsewhere()
    province = Province.at(directory.absolute())
    site = province.layout.sites.get(unit)
    if site is None:
        raise BadInput(f"unit {unit!r} is not in this lab", todo="See: nhip lab wan status --all")
    names = {"router": site.namespace} | {each.name: each.namespace for each in site.hosts}
    if host not in names:
        raise BadInput(f"unit {unit} has no {host!r}", todo=f"It has {', '.join(names)}")
    os.execvp("ip", ["ip", "netns", "exec", names[host], os.environ.get("SHELL", "/bin/sh")])


def _to_each(directory: Path, units: Sequence[str], what: Callable[[Province, str], None]) -> None:
    refuse_elsewhere()
    province = Province.at(directory.absolute())
    for unit in units:
        what(province, unit)
    typer.echo(f"{len(units)} unit{'s' if len(units) != 1 else ''}: {', '.join(units)}")


def _set(directory: Path, names: Sequence[str], way: str, **conditions: float | bool) -> None:
    province = Province.at(directory.absolute())
    if way not in WAYS:
        raise BadInput(f"--way {way!r}", todo=f"Use one of {', '.join(WAYS)}")
    wanted = province.layout.named(names)
    province.relay.set(wanted, way=WAYS[way], **conditions)
    typer.echo(
        f"{len(wanted)} line{'s' if len(wanted) != 1 else ''}: {', '.join(wanted[:8])}{' …' * (len(wanted) > 8)}"
    )


def _warn_of_neighbours(province: Province) -> None:
    """The kernel keeps one table of neighbours for all namespaces; a scan of many LANs can fill it."""
    limit = int(Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3").read_text())
    machines = len(province.record.namespaces) - len(province.layout.sites)
    if 2 * machines > limit:
        typer.echo(
            f"\n  {machines} machines may need more neighbours than this kernel's {limit}. To talk to all at once:"
            f" sysctl -w net.ipv4.neigh.default.gc_thresh3={4 * machines}"
        )
