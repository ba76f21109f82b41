"""`nhip maintenance …`: planned work, whose outages wake nobody and are not held against the line."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from core.errors import BadInput
from inventory.changes import Value, put
from inventory.exchange import cells
from inventory.records import is_valid
from inventory.registry import Registry

app = typer.Typer(help="Planned work: add, list, end.", no_args_is_help=True)


@app.command()
def add(
    unit: Annotated[str, typer.Argument(help="Code of the unit that is worked on.")],
    start: Annotated[str, typer.Option("--from", help="When it begins, in Vietnam: 2026-11-28T22:00.")],
    end: Annotated[str, typer.Option("--to", help="When it ends.")],
    note: Annotated[str, typer.Option(help="What is done.")],
    below: Annotated[
        bool, typer.Option("--below", help="On all units that hang on it, too: work on a hub.")
    ] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Plan work on a unit. Outages that begin in this time are `planned`.

    Example: nhip maintenance add 11950 --from 2026-11-28T22:00 --to 2026-11-29T02:00 --note "Thay tủ mạng"
    """
    row = {
        "unit": unit,
        "note": note,
        "scope": "below" if below else "unit",
        "valid_from": _time("--from", start),
        "valid_to": _time("--to", end),
    }
    with open_state(data) as state:
        changed = put(state, SystemClock().now(), {"maintenance": [row]})
    typer.echo("planned" if changed else "was planned already")


@app.command("list")
def list_(
    data: DataDir = DEFAULT_DATA,
    everything: Annotated[bool, typer.Option("--all", help="What is over, too.")] = False,
) -> None:
    """List planned work: what goes on now and what is to come.

    Example: nhip maintenance list --all
    """
    now = SystemClock().now()
    with open_state(data) as state:
        for each in Registry(state).maintenance():
            if everything or each.valid_to is None or each.valid_to > now:
                period = f"{cells.show_time(each.valid_from)}\t{cells.show_time(each.valid_to) or '…'}"
                typer.echo(f"{each.unit}\t{each.scope}\t{period}\t{each.note}")


@app.command()
def end(
    unit: Annotated[str, typer.Argument(help="Code of the unit.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """End the work that goes on at a unit, now.

    Example: nhip maintenance end 11950
    """
    now = SystemClock().now()
    with open_state(data) as state:
        running = [
            each for each in Registry(state).maintenance() if each.unit == unit and is_valid(each, now)
        ]
        if not running:
            raise BadInput(
                f"no work goes on at {unit!r}", todo="See what is planned with: nhip maintenance list"
            )
        rows: list[Mapping[str, Value]] = [
            {"unit": each.unit, "note": each.note, "valid_from": each.valid_from, "valid_to": now}
            for each in running
        ]
        put(state, now, {"maintenance": rows})
    typer.echo(f"ended: {', '.join(each.note for each in running)}")


def _time(option: str, text: str) -> int:
    try:
        return cells.time(text)
    except cells.Wrong as error:
        raise BadInput(f"{text!r} is no time", where=option, todo="Write it so: 2026-11-28T22:00") from error
