"""TLS handshake and certificate: is it trusted, for this name, and for how long still."""

import asyncio
import ssl
import time
from contextlib import suppress
from typing import Annotated, Protocol

import msgspec

from agents.icmp.engine import Address
from agents.pki.orders import Said
from agents.probes.certificates import chain, context, failure, note, warning
from agents.probes.outcome import Failed, ends, failed, looks, parameters
from agents.probes.reach import Family, connected, host_port, resolve
from agents.probes.stream import over_tls
from core.clock import Clock
from core.values import Check, Result, Status

FIGURES = (
    "handshake_seconds",
    "expires_in_seconds",
    "certificate_days_left",
    "chain_length",
    "weaknesses",
    "next_update_seconds",
)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ca_file: str | None = None
    ca: str | None = None
    server_name: str | None = None
    warn_days: Annotated[float, msgspec.Meta(ge=0)] = 30
    allow_weak: bool = False
    revocation: bool = False
    responder: str | None = None
    family: Family | None = None


class Responder(Protocol):
    """Asks whether the first certificate of a chain was revoked (`agents.probes.ocsp.Ocsp`)."""

    async def ask(
        self,
        chain: list[bytes],
        responder: str,
        trust: ssl.SSLContext,
        figures: dict[str, float],
        until: float,
        *,
        family: Family | None,
    ) -> Said: ...


class Tls:
    """`clock` is the wall clock: certificates end by it. Without a responder, nobody can be asked about revocation."""

    def __init__(self, clock: Clock, responder: Responder | None = None) -> None:
        self._clock, self._responder = clock, responder
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params, until = parameters(check, Params), ends(check)
        trust = context(params.ca_file, ca=params.ca, weak=params.allow_weak)
        host, port = host_port(check.target, default=443)
        name = params.server_name or host
        address = await resolve(host, port, params.family)
        try:
            certificates = await handshake(address, name, trust, figures)
        except ssl.SSLError as error:
            weak: list[str] = []
            if isinstance(error, ssl.SSLCertVerificationError):
                # A second handshake, that trusts anyone, only to read until when the refused certificate is valid.
                with suppress(OSError):
                    anyone = context(None, verify=False, weak=True)
                    certificates = await handshake(address, name, anyone, figures)
                    weak = note(certificates, self._clock.now(), figures)
            reason = failure(error)
            if weak and reason.startswith("weak certificate"):
                reason = f"weak certificate|{', '.join(weak)}"
            raise Failed(reason) from error
        degraded = warning(certificates, self._clock.now(), params.warn_days, figures)
        if params.revocation:
            unsure = await self._unsure(certificates, params, trust, figures, until)
            if unsure and not degraded:
                degraded = f"revocation not known|{unsure}"
        return Result(Status.DEGRADED if degraded else Status.UP, degraded, figures)

    async def _unsure(
        self,
        chain: list[bytes],
        params: Params,
        trust: ssl.SSLContext,
        figures: dict[str, float],
        until: float,
    ) -> str:
        """Why it is not known whether the certificate was revoked, as a reason; empty if it was not.

        Raises:
            Failed: it was.
        """
        if self._responder is None or len(chain) < 2:
            return "no responder"
        theirs: dict[str, float] = {}
        try:
            async with asyncio.timeout_at(until):
                said = await self._responder.ask(
                    chain, params.responder or "", trust, theirs, until, family=params.family
                )
        except (Failed, OSError) as error:
            return failed(error).reason
        if "next_update_seconds" in theirs:
            figures["next_update_seconds"] = theirs["next_update_seconds"]
        if said.reason.startswith("certificate revoked"):
            raise Failed(said.reason)
        return said.reason


async def handshake(
    address: Address, name: str, trust: ssl.SSLContext, figures: dict[str, float]
) -> list[bytes]:
    """The chain (DER, leaf first) of a server; verified to its root if `trust` verifies.

    Raises:
        ssl.SSLError: the handshake failed. OSError: no connection, or the other side hung up. Failed: it is without end.
    """
    async with connected(address) as sock:
        began = time.perf_counter()
        stream = await over_tls(sock, trust, name)
        figures["handshake_seconds"] = time.perf_counter() - began
        return chain(stream.session)
