"""The form on an agent's page with which a technician tests the network from where the agent stands.

What can be asked for is `core.wire.DIAGNOSTICS`; here each has one line of the form, in the order of use, and `path` has
one for each method. The agent holds to its own limits, whatever is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.paths import trace_of
from core.errors import BadInput, Unavailable
from core.wire import Diagnosis, DiagnosticKind
from inventory.registry import Registry
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.i18n import mark
from web.pages.rendering import render
from web.paths import Hop, hops_of, way_of

MAX_TARGET = 500

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the form: what is asked for, with which parameters, and what the target looks like."""

    word: str
    kind: DiagnosticKind
    example: str
    params: Mapping[str, object]


CHOICES: Mapping[str, Choice] = {
    "ping": Choice(mark("Ping"), "ping", "10.33.0.1", {}),
    "path-icmp": Choice(mark("Path, by ICMP"), "path", "10.33.0.1", {"method": "icmp"}),
    "path-udp": Choice(mark("Path, by UDP"), "path", "10.33.0.1", {"method": "udp"}),
    "path-tcp": Choice(mark("Path, by TCP to port 443"), "path", "10.33.0.1", {"method": "tcp"}),
    "throughput": Choice(mark("Throughput to the centre"), "throughput", "–", {}),
    "tcp": Choice(mark("TCP connection"), "tcp", "10.33.0.1:443", {}),
    "dns": Choice(mark("Name, asked of a server"), "dns", "example.vn@10.33.0.53", {}),
    "http": Choice(mark("Web page"), "http", "https://example.vn/", {}),
    "tls": Choice(mark("TLS certificate"), "tls", "example.vn:443", {}),
}


@dataclass(frozen=True, slots=True)
class Speed:
    """A measured rate beside what is contracted, both in bit/s; `ratio` is None where nothing is contracted."""

    figure: str
    measured: float
    contracted: float | None

    @property
    def ratio(self) -> float | None:
        return self.measured / self.contracted if self.contracted else None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a form. `problem`: why there is none."""

    chosen: str
    target: str
    diagnosis: Diagnosis | None = None
    problem: str = ""
    hops: Sequence[Hop] = ()
    broke_at: int | None = None
    speeds: Sequence[Speed] = ()


@router.post("/agents/{agent}/diagnostics")
async def run(
    request: Request,
    user: Annotated[User, Depends(require(Role.TECHNICIAN))],
    agent: Annotated[str, Path(max_length=80)],
    chosen: Annotated[str, Form(alias="what", max_length=40)],
    target: Annotated[str, Form(max_length=MAX_TARGET)] = "",
) -> Response:
    """Run it, and answer with the part of the page that shows what was found."""
    context = context_of(request)
    choice = CHOICES.get(chosen)
    known = await run_in_threadpool(context.views.agent, agent)
    if choice is None or known is None:
        raise HTTPException(404)
    found = await _find(context, agent, known.unit, chosen, target.strip(), user.name)
    return await run_in_threadpool(render, request, "parts/diagnosis.html", {"found": found, "agent": known})


async def _find(context: Context, agent: str, unit: str, chosen: str, target: str, who: str) -> Found:
    choice = CHOICES[chosen]
    params: dict[str, Any] = dict(choice.params)
    asked = target
    if choice.kind == "throughput":
        asked = target or "centre"
        params |= {f"contract_{way}_kbps": kbps for way, kbps in contract(context, unit).items()}
    if not asked:
        return Found(chosen, target, problem=mark("Say what to test: an address or a name."))
    try:
        diagnosis = await context.hub.diagnose(agent, choice.kind, asked, params, who)
    except Unavailable as error:
        return Found(chosen, target, problem=WHY.get(str(error), str(error)))
    return await run_in_threadpool(_read, context, unit, Found(chosen, target, diagnosis))


WHY = {
    "the agent is not connected": mark("The agent is not connected."),
    "the agent runs other diagnostics now": mark("The agent runs other tests now. Try again in a moment."),
    "the agent did not answer": mark("The agent did not answer."),
    "the agent's channel was closed": mark("The line to the agent was lost meanwhile."),
}
"""What the centre says when there is no answer (`collector.channel`)."""


def _read(context: Context, unit: str, found: Found) -> Found:
    diagnosis = found.diagnosis
    assert diagnosis is not None  # noqa: S101 - asked for with one
    contracted = contract(context, unit)
    speeds = [
        Speed(name, diagnosis.figures[name], contracted[way] * 1000 if way in contracted else None)
        for way, name in (("down", "down_bits_per_second"), ("up", "up_bits_per_second"))
        if name in diagnosis.figures
    ]
    hops: Sequence[Hop] = ()
    broke_at = None
    if "path" in diagnosis.details:
        try:
            trace = trace_of(diagnosis.details["path"])
        except BadInput:
            trace = None  # of an agent that speaks another version: its reason tells enough
        if trace is not None:
            hops = hops_of(trace, way_of(context.registry, unit, context.clock.now()))
            broke_at = trace.broke_at
    return Found(found.chosen, found.target, diagnosis, "", hops, broke_at, speeds)


def contract(context: Context, unit: str) -> Mapping[str, int]:
    """What is contracted for the unit's line to the centre, in kbit/s, `down` and `up`, where it is known."""
    registry: Registry = context.registry
    links = sorted(registry.links(unit, context.clock.now()), key=lambda link: link.kind != "wan")
    if not links:
        return {}
    known = {"down": links[0].bandwidth_down_kbps, "up": links[0].bandwidth_up_kbps}
    return {way: kbps for way, kbps in known.items() if kbps}
