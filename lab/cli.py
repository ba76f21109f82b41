"""`nhip lab …`: a province in a box."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.data import DataDir, open_state
from core.clock import SystemClock
from inventory.registry import Registry
from lab import demo as demo_
from lab import province
from lab import scenario as scenarios
from lab.fleet import Fleet
from lab.site import server as site_server
from lab.wan.commands import wan_app

app = typer.Typer(help="A province in a box, to try and test everything against.", no_args_is_help=True)
app.add_typer(wan_app, name="wan")
Url = Annotated[str, typer.Option(help="The centre.")]


@app.command()
def demo(
    data: DataDir = Path(".data"),
    port: Annotated[int, typer.Option(help="TCP port of pages, API and agents.")] = 8080,
    scenario: Annotated[
        Path, typer.Option(help="What happens to the virtual units.", exists=True)
    ] = demo_.SCENARIO,
) -> None:
    """The centre, a real agent on this machine and 187 virtual units: what `make run` starts. Ctrl-C ends all.

    Example: nhip lab demo --port 8080 --data .data
    """
    asyncio.run(demo_.run(data.absolute(), port, scenario.absolute()))


@app.command()
def fleet(
    url: Url = "http://127.0.0.1:8080",
    data: DataDir = Path(".data"),
    count: Annotated[int, typer.Option(help="How many virtual agents.", min=1)] = 188,
    without: Annotated[list[str] | None, typer.Option(help="Units that have a real agent.")] = None,
    scenario: Annotated[Path | None, typer.Option(help="What happens to the units.", exists=True)] = None,
    ca: Annotated[Path | None, typer.Option(help="CA file of the centre's certificate.", exists=True)] = None,
) -> None:
    """Run virtual agents against a centre on this machine until Ctrl-C; those that are new join it first.

    Example: nhip lab fleet --data .data --count 10000
    """
    story = scenarios.read(scenario) if scenario else scenarios.Scenario()
    clock = SystemClock()
    kept = data / "fleet.jsonl"
    known = province.load_credentials(kept)
    with open_state(data) as state:
        units = Registry(state).units(clock.now())
        new = province.places(state, clock, count=count, without=without or [], taken=len(known))
    trust = str(ca) if ca else None
    if new:
        typer.echo(f"{len(new)} virtual agents join …", err=True)
        known += asyncio.run(province.enrol(url, new, ca=trust))
        province.save_credentials(kept, known)
    agents = province.virtual_agents(known[:count], units, story, clock.now())
    asyncio.run(demo_.until_signal(Fleet(url, agents, ca=trust).run()))


@app.command()
def site(
    folder: Annotated[Path, typer.Option(help="Where its certificate is kept.")] = Path(".data/site"),
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1.")] = 8443,
) -> None:
    """A small real e-office site with TLS of its own CA, to be watched.

    Example: nhip lab site --port 8443
    """
    site_server(folder, "127.0.0.1", port).run()
