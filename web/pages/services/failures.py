"""The last steps of scenarios that failed, with what the pages said: for the page of a service."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.services.views import FailingStep, Sees, Sight
from web.context import Context
from web.pages.services.ends import check_name

SHOWN = 6
"""The last one, and those that unfold."""
WORKS = frozenset({Sees.UP, Sees.SLOW})


@dataclass(frozen=True, slots=True)
class Failure:
    """`check`: its name, empty when nobody plans it any more. `over`: the unit gets through again."""

    step: FailingStep
    check: str
    over: bool


def failures(
    steps: Iterable[FailingStep], names: Mapping[int, str], sights: Iterable[Sight]
) -> Sequence[Failure]:
    """The newest step of each check, newest first. `names`: of checks, by id. Pure."""
    works = {sight.unit for sight in sights if sight.sees in WORKS}
    newest: dict[int, FailingStep] = {}
    for step in steps:
        newest.setdefault(step.check, step)
    return [Failure(step, names.get(step.check, ""), step.unit in works) for step in newest.values()]


def failures_of(context: Context, code: str, name: str) -> Sequence[Failure]:
    """Those of a service (by code and name), the last SHOWN."""
    names = {
        id_: check_name(each.label, name)
        for id_, each in context.registry.all_checks().items()
        if each.service == code
    }
    steps = context.services.failing_steps(code, limit=5 * SHOWN)
    return failures(steps, names, context.services.sights(code))[:SHOWN]
