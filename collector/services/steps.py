"""Steps of scenarios that failed, as agents tell them: bounded, scrubbed by the agent, the newest few of each check."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import sqlalchemy as sa

from collector.services.tables import failing_steps
from collector.services.views import FailingStep
from core.errors import BadInput
from core.wire import Document
from inventory.tables import checks

KIND = "step"
KEPT = 5
"""Of each check."""
EXCERPT = 2_048
_Short = Annotated[str, msgspec.Meta(max_length=500)]


class StepBody(msgspec.Struct, frozen=True):
    """The body of a document of kind `step`."""

    check: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    step: _Short
    reason: _Short
    scrubbed: bool
    """The agent took secrets, what was typed into forms and tokens out of the excerpt; without that nothing is kept."""
    url: _Short = ""
    status: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    excerpt: Annotated[str, msgspec.Meta(max_length=EXCERPT)] = ""


def store_step(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> None:
    """Take in a failing step of a check of that unit. One from the future counts as of when it was received.

    Raises:
        BadInput: the document is none of a step, is not scrubbed, or of a check of somebody else; nothing is stored.
    """
    try:
        body = msgspec.convert(document.body, StepBody)
    except msgspec.ValidationError as error:
        raise BadInput(f"not a step: {error}") from error
    if not body.scrubbed:
        raise BadInput("a step that is not scrubbed")
    vantage = connection.scalar(sa.select(checks.c.vantage).where(checks.c.id == body.check))
    if vantage != unit:
        raise BadInput(f"check {body.check} is none of {unit}")
    at = max(0, min(document.at, received_at))
    values = {
        "check_id": body.check,
        "unit": unit,
        "at": at,
        "step": body.step,
        "reason": body.reason,
        "url": body.url.partition("?")[0],
        "status": body.status,
        "excerpt": body.excerpt,
    }
    connection.execute(sa.insert(failing_steps).prefix_with("OR IGNORE").values(values))
    c = failing_steps.c
    old = sa.select(c.id).where(c.check_id == body.check).order_by(c.at.desc(), c.step.desc()).offset(KEPT)
    if ids := connection.scalars(old).all():
        connection.execute(sa.delete(failing_steps).where(c.id.in_(ids)))


def read_steps(
    connection: sa.Connection, service: str, unit: str | None = None, limit: int = 20
) -> Sequence[FailingStep]:
    """Of a service, the newest first; from one unit only, if it is named."""
    c = failing_steps.c
    query = (
        sa.select(failing_steps, checks.c.service)
        .join(checks, checks.c.id == c.check_id)
        .where(checks.c.service == service)
        .order_by(c.at.desc(), c.id.desc())
        .limit(limit)
    )
    if unit is not None:
        query = query.where(c.unit == unit)
    return [
        FailingStep(
            row.id,
            row.check_id,
            row.service,
            row.unit,
            row.at,
            row.step,
            row.reason,
            row.url,
            row.status,
            row.excerpt,
        )
        for row in connection.execute(query)
    ]
