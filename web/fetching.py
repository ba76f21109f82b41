"""A configuration that is fetched now, for somebody who asks: by the unit's agent, if it is there."""

import logging
from collections.abc import Mapping

from collector.views import CheckState
from core.errors import Unavailable
from web.context import Context

log = logging.getLogger(__name__)


def fetches(context: Context, code: str) -> Mapping[str, CheckState]:
    """The checks that fetch configurations in a unit, by address."""
    if context.views.unit(code) is None:
        return {}
    return {each.check.target: each for each in context.views.checks(code) if each.check.kind == "config"}


async def fetch_now(context: Context, code: str, address: str, who: str) -> bool:
    """Have it fetched; what comes is kept as ever. False if no check fetches it.

    Raises:
        Unavailable: the unit's agent is not connected.
    """
    check = fetches(context, code).get(address)
    if check is None:
        return False
    for agent in context.views.agents():
        if agent.unit == check.vantage and context.hub.connected(agent.agent):
            log.info("%s has the configuration of %s in %s fetched", who, address, code)
            await context.hub.run(agent.agent, check.check.id)
            return True
    raise Unavailable("the agent is not connected")
