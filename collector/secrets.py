"""`GET /api/v1/agent/secrets`: an agent gets the secrets that its own plan names, over TLS, and no others."""

import logging
from collections.abc import Collection, Mapping
from ipaddress import ip_address

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from collector.agents import Agents
from core import wire
from core.errors import BadInput, Refused, Unavailable
from core.secrets import names_in
from inventory.registry import Registry
from inventory.vault import Vault

log = logging.getLogger(__name__)


class AgentSecrets:
    """What agents are given, and which of them are to ask again."""

    def __init__(self, vault: Vault, registry: Registry, enrolled: Agents) -> None:
        self._vault, self._registry, self._enrolled = vault, registry, enrolled
        self._marks: Mapping[str, bytes] | None = None

    async def serve(self, request: Request) -> Response:
        """The endpoint.

        Raises:
            Refused: no agent asks, or not over TLS.
            Unavailable: the centre cannot read them; its log says why.
        """
        agent = self._enrolled.authenticate(request.headers.get("authorization"))
        if request.url.scheme != "https" and not _is_here(request):
            raise Refused("secrets are given over TLS only")
        try:
            values = await run_in_threadpool(self._vault.values, self.named(agent.unit))
        except BadInput as error:
            log.error("secrets cannot be given to %s: %s", agent.agent, error)
            raise Unavailable("the centre cannot read its secrets now", retry_after_s=60) from error
        return Response(
            wire.encode(wire.Secrets(values)),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    def named(self, unit: str) -> set[str]:
        """The secrets that the plan of a unit's agent names."""
        return {name for planned in self._registry.checks_of(unit) for name in names_in(planned.check.params)}

    def to_ask_again(self, units: Collection[str]) -> set[str]:
        """Those of `units` whose plan names a secret that was set or removed since this was last asked."""
        before, self._marks = self._marks, self._vault.marks()
        if before is None or before == self._marks:
            return set()
        changed = {name for name, _ in before.items() ^ self._marks.items()}
        return {unit for unit in units if self.named(unit) & changed}


def _is_here(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
