"""`nhip maintenance …`: planned work, which is nobody's outage."""

from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from core.errors import BadInput
from inventory.exchange import cells
from inventory.maintenance import add_window, end_window, read_windows
from inventory.records import Maintenance, is_valid

app = typer.Typer(help="Windows of planned work on units: add, list, end.", no_args_is_help=True)

_TIMES = "Vietnamese time, such as 2026-11-25 22:00"


@app.command()
def add(
    unit: Annotated[str, typer.Argument(help="Code of the unit that is worked on.")],
    note: Annotated[str, typer.Option(help="What work it is.")],
    from_: Annotated[str, typer.Option("--from", help=f"When it begins, {_TIMES}; now if left out.")] = "",
    to: Annotated[str, typer.Option(help=f"When it ends, {_TIMES}; until it is ended if left out.")] = "",
    below: Annotated[bool, typer.Option("--below", help="Also all units that hang on this one.")] = False,
    service: Annotated[
        str,
        typer.Option(
            help="Code of a service: only that is worked on; for all, name the province as the unit."
        ),
    ] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Announce planned work on a unit, or note down work that was.

    Example: nhip maintenance add 323 --from "2026-11-25 22:00" --to "2026-11-26 01:00" --below --note "Thay cáp"
    """
    now = SystemClock().now()
    start = _time("--from", from_) if from_ else now
    window = Maintenance(unit, below, note, start, _time("--to", to) if to else None, service)
    with open_state(data) as state:
        number, _ = add_window(state, now, window)
    typer.echo(number)


@app.command("list")
def list_(
    data: DataDir = DEFAULT_DATA,
    past: Annotated[bool, typer.Option("--past", help="Those that are over as well.")] = False,
) -> None:
    """List the windows that are open or to come: number, unit, from, to, note.

    Example: nhip maintenance list --past
    """
    now = SystemClock().now()
    with open_state(data) as state, state.read() as connection:
        for number, window in read_windows(connection).items():
            if past or window.valid_to is None or window.valid_to > now:
                state_now = "\topen" if is_valid(window, now) else ""
                typer.echo(f"{number}\t{_describe(window)}{state_now}")


@app.command()
def end(
    window: Annotated[int, typer.Argument(help="Its number, as `nhip maintenance list` shows it.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """End a window now; one that has not begun is removed.

    Example: nhip maintenance end 3
    """
    with open_state(data) as state:
        ended = end_window(state, SystemClock().now(), window)
    if ended is None:
        raise BadInput(f"no window has the number {window}", todo="See them with: nhip maintenance list")
    typer.echo(f"ended: {window}\t{_describe(ended)}")


def _describe(window: Maintenance) -> str:
    unit = f"{window.unit} and below" if window.below else window.unit
    unit += f", {window.service}" if window.service else ""
    start, end = cells.show_time(window.valid_from), cells.show_time(window.valid_to)
    return f"{unit}\t{start}\t{end or '-'}\t{window.note}"


def _time(option: str, text: str) -> int:
    try:
        return cells.time(text.strip())
    except cells.Wrong as error:
        raise BadInput(f"no time: {text!r}", where=option, todo=f"Write it as {_TIMES}") from error
