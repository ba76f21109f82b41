"""`nhip agent …`: put an agent into a unit, and take one out."""

from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from collector.agents import Agents
from core.clock import SystemClock
from core.errors import BadInput
from inventory.registry import Registry

app = typer.Typer(help="Agents: join tokens, list, revoke.", no_args_is_help=True)


@app.command()
def token(
    unit: Annotated[str, typer.Argument(help="Code of the unit that the agent will stand in.")],
    data: DataDir = DEFAULT_DATA,
    hours: Annotated[int, typer.Option(help="How long the token can be used.", min=1)] = 24,
) -> None:
    """Make a one-time join token for a unit's agent, shown once.

    Example: nhip agent token 11950
    """
    clock = SystemClock()
    with open_state(data) as state:
        if Registry(state).unit(unit, clock.now()) is None:
            raise BadInput(f"no unit has the code {unit!r}", todo="See the codes with: nhip units export")
        made = Agents(state, clock).create_token(unit, valid_ms=hours * 3_600_000)
    typer.echo(made)
    typer.echo(f"On the unit's machine: nhip-agent enrol --url https://CENTRE --token {made}", err=True)


@app.command("list")
def list_(data: DataDir = DEFAULT_DATA) -> None:
    """List the enrolled agents and their units.

    Example: nhip agent list
    """
    with open_state(data) as state:
        for agent in Agents(state, SystemClock()).all():
            typer.echo(f"{agent.agent}\t{agent.unit}")


@app.command()
def revoke(
    agent: Annotated[str, typer.Argument(help="The agent's name, as `nhip agent list` shows it.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Take an agent out: within seconds its reports are refused and its channel is closed. What it measured stays.

    For a machine that was stolen or replaced. It cannot come back: its unit gets a new agent, with a new token.

    Example: nhip agent revoke 11950-3f2a
    """
    with open_state(data) as state:
        if not Agents(state, SystemClock()).revoke(agent):
            raise BadInput(f"no agent {agent!r} may send", todo="See the agents with: nhip agent list")
    typer.echo(f"revoked: {agent}")
