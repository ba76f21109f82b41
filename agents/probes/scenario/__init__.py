"""A scenario: what a person does at a web system, step by step, as HTTP requests with cookies, forms and what pages give.

    steps      what is to be done; `{name}` stands for what was saved before
    walk       does it: requests, redirects, times (the only part with I/O, over `agents.probes.web`)
    judge      is an answer what a step expects, and what of it is kept
    pages      an element, a form, the text of an HTML page: over `markup` (reads it) and `selectors` (CSS)
    jsonpath, cookies, scrub     as their names say

All but this page is loaded with the first scenario.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from agents.probes.outcome import looks
from agents.probes.reach import Family
from core.clock import Clock
from core.values import Check, Result

if TYPE_CHECKING:
    from agents.probes.scenario.walk import Scene

PHASES = ("resolve_seconds", "connect_seconds", "tls_seconds", "first_byte_seconds")
FIGURES = (*PHASES, "step_seconds", "total_seconds", "steps_done", "certificate_days_left")
DOCUMENT = "step"
"""The kind of document that a failing step leaves."""
MOST_STEPS = 20
_AGAIN_MS = 3_600_000


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    steps: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(min_length=1, max_length=MOST_STEPS)]
    """Of `steps.Step` each."""
    headers: Annotated[dict[str, str], msgspec.Meta(max_length=32)] = {}
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1, le=2 << 20)] = 256 << 10
    max_redirects: Annotated[int, msgspec.Meta(ge=0, le=20)] = 10
    max_total_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    ca_file: str | None = None
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    verify: bool = True
    family: Family | None = None


class Scenario:
    """`clock` is the wall clock: cookies and certificates end by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scenes: dict[int, tuple[str, Mapping[str, object], Scene]] = {}
        self._told: dict[int, tuple[int, object]] = {}
        self.run = looks(self._look)

    def keep(self, checks: Sequence[Check]) -> None:
        """These checks are in the plan: what is remembered of others is forgotten."""
        kept = {check.id for check in checks}
        self._scenes = {id_: scene for id_, scene in self._scenes.items() if id_ in kept}
        self._told = {id_: told for id_, told in self._told.items() if id_ in kept}

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        from agents.probes.scenario.walk import walk

        result = await walk(self._scene(check), check, figures, self._clock)
        return self._once(check, result)

    def _scene(self, check: Check) -> "Scene":
        """What the parameters say, read once for as long as they stay as they are."""
        from agents.probes.scenario.walk import Scene

        before = self._scenes.get(check.id)
        if before is not None and before[:2] == (check.target, check.params):
            return before[2]
        scene = Scene.of(check)
        if check.id:  # a trial has none, and comes once
            self._scenes[check.id] = (check.target, check.params, scene)
        return scene

    def _once(self, check: Check, result: Result) -> Result:
        """The page of a failing step is told when the failure is another than before, and each hour that it lasts."""
        failure = next((body for kind, body in result.documents if kind == DOCUMENT), None)
        if failure is None:
            self._told.pop(check.id, None)
            return result
        now, key = self._clock.now(), (failure["step"], failure["reason"])
        told_at, before = self._told.get(check.id, (0, None))
        if check.id and before == key and now - told_at < _AGAIN_MS:
            return replace(result, documents=())
        self._told[check.id] = (now, key)
        return result
