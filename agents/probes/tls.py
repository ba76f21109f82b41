"""TLS handshake and certificate: is it trusted, for this name, and for how long still."""

import asyncio
import socket
import ssl
import time
from contextlib import suppress
from typing import Annotated

import msgspec

from agents.icmp.engine import Address
from agents.probes.certificates import chain, context, failure, not_after
from agents.probes.outcome import Failed, looks, parameters
from agents.probes.reach import Family, connected, host_port, resolve
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result, Status

FIGURES = ("handshake_seconds", "expires_in_seconds", "chain_length")
_DAY_S = 86_400


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ca_file: str | None = None
    server_name: str | None = None
    warn_days: Annotated[float, msgspec.Meta(ge=0)] = 30
    family: Family | None = None


class Tls:
    """`clock` is the wall clock: certificates end by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        host, port = host_port(check.target, default=443)
        name = params.server_name or host
        address = await resolve(host, port, params.family)
        try:
            certificates = await _handshake(address, name, context(params.ca_file), figures)
        except ssl.SSLError as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                # A second handshake, that trusts anyone, only to read until when the refused certificate is valid.
                with suppress(OSError):
                    self._note(await _handshake(address, name, context(None, verify=False), figures), figures)
            raise Failed(failure(error)) from error
        self._note(certificates, figures)
        left = figures.get("expires_in_seconds")
        if left is not None and left < params.warn_days * _DAY_S:
            return Result(Status.DEGRADED, f"certificate expires soon|{int(left // _DAY_S)}", figures)
        return Result(Status.UP, "", figures)

    def _note(self, certificates: list[bytes], figures: dict[str, float]) -> None:
        figures["chain_length"] = len(certificates)
        with suppress(BadInput, ValueError):
            first_end = min(not_after(certificate) for certificate in certificates)
            figures["expires_in_seconds"] = (first_end - self._clock.now()) / 1000


async def _handshake(
    address: Address, name: str, trust: ssl.SSLContext, figures: dict[str, float]
) -> list[bytes]:
    async with connected(address) as sock:
        began = time.perf_counter()
        _, writer = await over_tls(sock, trust, name)
        figures["handshake_seconds"] = time.perf_counter() - began
        try:
            return chain(writer.get_extra_info("ssl_object"))
        finally:
            writer.transport.abort()


async def over_tls(
    sock: socket.socket, trust: ssl.SSLContext, name: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over a TLS session on a connected socket, which they own from now on.

    Raises:
        ssl.SSLError: the handshake failed. OSError: the other side hung up.
    """
    # The probe's own deadline ends it; the stream's would only change the kind of error.
    return await asyncio.open_connection(
        sock=sock, ssl=trust, server_hostname=name, ssl_handshake_timeout=3600
    )
