"""A check tried from a unit, now: the check as that unit's plan would have it, and what came of it, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool

from core.errors import BadInput, Unavailable
from core.values import Level
from core.wire import CHECK, Diagnosis
from inventory.exchange.cells import Scalar, Wrong
from inventory.exchange.faults import BadRows, Fault
from inventory.exchange.lines import read_cell
from inventory.exchange.sheets import SHEETS
from inventory.plan import Contents, Planned, plan
from inventory.rebuild import read_contents
from inventory.records import Service, ServiceCheck, Template, Unit
from web.context import Context
from web.i18n import mark
from web.phases import PHASES, REST, STEP, TOTAL, WHOLE
from web.timing import params_of, steps_of

NO_ADDRESS = mark("The service has no address yet: the check has nothing to ask.")
NOT_THERE = mark("The unit has nothing that this check could ask: a name server or a camera is missing.")
NO_UNIT = mark("No unit has that code.")
NO_AGENT = mark("No agent of that unit is connected.")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a scenario, or the whole of another check (`name` empty). `phases` in seconds, in order."""

    name: str
    seconds: float | None
    phases: Sequence[tuple[str, float]]
    state: str
    """`done`, `failed`, or `not reached`."""


@dataclass(frozen=True, slots=True)
class Failing:
    """What the page said on which a step failed, scrubbed by the agent."""

    step: str
    reason: str
    url: str
    status: int | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial. `problem`: why there was none."""

    kind: str
    target: str
    unit: str
    problem: str = ""
    diagnosis: Diagnosis | None = None
    steps: Sequence[Step] = ()
    failing: Failing | None = None

    @property
    def longest(self) -> float:
        """Of all steps, in seconds: what bars are drawn against."""
        return max([step.seconds or 0.0 for step in self.steps], default=0.0) or 1.0


async def attempt(context: Context, unit: str, service: Service, check: ServiceCheck, who: str) -> Tried:
    """Run a check from a unit, now.

    Raises:
        BadInput: there is no such unit, or nothing that it could ask; says why.
        Unavailable: no agent of the unit is connected, or there is no answer.
    """
    planned = await run_in_threadpool(planned_for, context, unit, service, check)
    agent = await run_in_threadpool(agent_of, context, unit)
    if agent is None:
        raise Unavailable(NO_AGENT, retry_after_s=10)
    diagnosis = await ask(context, agent, planned, who)
    found = steps(params_of(planned.params), diagnosis)
    return Tried(check.kind, planned.target, unit, "", diagnosis, found, failing_of(diagnosis))


def drafted(service: str, columns: Mapping[str, Scalar]) -> ServiceCheck:
    """A check that is tried and not kept: read as the registry would read it. Pure.

    Raises:
        BadRows: the registry would not take it; says what is wrong with which column.
    """
    values: dict[str, Scalar] = {"params": ""}
    faults = []
    for column in SHEETS["service_checks"].columns:
        if column.name in columns:
            try:
                read_cell(column, column.show(columns[column.name]), values)
            except Wrong as wrong:
                faults.append(Fault("draft", 0, column.name, str(wrong)))
    if faults:
        raise BadRows(faults)
    return ServiceCheck(**values | {"service": service, "valid_from": 0, "valid_to": None})  # type: ignore[arg-type]  # by the sheet's columns


def as_planned(
    contents: Contents, now: int, unit: Unit, service: Service, check: ServiceCheck
) -> Sequence[Planned]:
    """The check as the plan of that unit would have it; several where it asks of several things. Pure."""
    here = contents.at(now)
    level = "province" if unit.level is Level.PROVINCE else "all"
    line = Template(
        level=level,
        vantage="unit",
        label=check.name,
        role="service",
        kind="",
        target="",
        service=service.code,
        interval_ms=None,
        timeout_ms=None,
        params="",
        valid_from=0,
        valid_to=None,
    )
    alone = replace(
        here,
        units=[unit],
        services=[replace(service, valid_from=0, valid_to=None)],
        service_checks=[replace(check, valid_from=0, valid_to=None)],
        templates=[line],
        maintenance=(),
    )
    return plan(alone, now)


def planned_for(context: Context, unit: str, service: Service, check: ServiceCheck) -> Planned:
    """The first of them.

    Raises:
        BadInput: there is none, says why; or no unit has that code.
    """
    now = context.clock.now()
    known = context.registry.unit(unit, now)
    if known is None:
        raise BadInput(NO_UNIT)
    with context.state.read() as connection:
        contents = read_contents(connection)
    found = as_planned(contents, now, known, service, check)
    if not found:
        wants = any(f"{{{name}}}" in check.target for name in ("address", "host", "endpoint"))
        raise BadInput(NO_ADDRESS if wants and not service.address else NOT_THERE)
    return found[0]


def agent_of(context: Context, unit: str) -> str | None:
    """A connected agent of the unit."""
    agents = (agent.agent for agent in context.views.agents() if agent.unit == unit)
    return next((agent for agent in agents if context.hub.connected(agent)), None)


async def ask(context: Context, agent: str, planned: Planned, who: str) -> Diagnosis:
    """Have the agent run it now.

    Raises:
        Unavailable: there is no answer.
    """
    params = {
        "kind": planned.kind,
        "params": dict(params_of(planned.params)),
        "timeout_ms": planned.timeout_ms,
    }
    return await context.hub.diagnose(agent, CHECK, planned.target, params, who)


def steps(params: Mapping[str, object], diagnosis: Diagnosis) -> Sequence[Step]:
    """Each step with its phases and what became of it, in order. Pure."""
    figures = diagnosis.figures
    names = steps_of(params)
    if not names:
        total = figures.get(TOTAL)
        shown = phases(figures, "", total)
        whole = next((figures[name] for name in WHOLE if name in figures), None)
        state = "failed" if diagnosis.status == "down" else "done"
        return [Step("", total if total is not None else whole, shown, state)]
    failing = failing_of(diagnosis)
    broke = failing.step if failing else None
    found: list[Step] = []
    for name in names:
        seconds = figures.get(f"{STEP}#{name}")
        if any(step.state == "failed" for step in found) or (seconds is None and diagnosis.status == "up"):
            state = "not reached"
        elif name == broke or (broke is None and diagnosis.status == "down" and seconds is None):
            state = "failed"
        else:
            state = "done" if seconds is not None else "not reached"
        found.append(Step(name, seconds, phases(figures, name, seconds), state))
    return found


def phases(figures: Mapping[str, float], step: str, total: float | None) -> Sequence[tuple[str, float]]:
    """The phases of one step, and the rest up to the total. Pure."""
    suffix = f"#{step}" if step else ""
    found = [(name, figures[name + suffix]) for name in PHASES if name + suffix in figures]
    rest = (total or 0.0) - sum(value for _, value in found)
    if found and total is not None and rest > 0.01 * total:
        found.append((REST, rest))
    return found


def failing_of(diagnosis: Diagnosis) -> Failing | None:
    """The document of the failing step; None where there is none, or it is none."""
    body = diagnosis.details.get("step")
    if not isinstance(body, dict):
        return None
    status = body.get("status")
    return Failing(
        _text(body, "step"),
        _text(body, "reason"),
        _text(body, "url"),
        status if isinstance(status, int) and not isinstance(status, bool) else None,
        _text(body, "excerpt"),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    return found if isinstance(found, str) else ""


LAYERS = (*PHASES, REST)


def layer_number(name: str) -> int:
    """Which of the stack's colours a phase has, from 1."""
    return LAYERS.index(name) % 8 + 1 if name in LAYERS else 8


def other_figures(figures: Mapping[str, float]) -> Sequence[tuple[str, float]]:
    """Those that are not shown as a step or a phase."""
    shown = {*LAYERS, STEP, TOTAL}
    return [(name, value) for name, value in figures.items() if name.partition("#")[0] not in shown]
