"""OCSP: whether a certificate was revoked, as its responder says now, verified (RFC 6960)."""

import secrets
import ssl
from typing import Annotated

import msgspec

from agents.children import output_of
from agents.pki.facts import Facts, from_pem, read
from agents.pki.orders import Said, Status
from agents.pki.requests import for_status
from agents.probes.belief import believed, result
from agents.probes.certificates import context, failure
from agents.probes.errand import Child
from agents.probes.fetch import NOTED, Question
from agents.probes.outcome import BadParameter, Failed, ends, looks, parameters
from agents.probes.reach import Family, host_port, resolve
from agents.probes.tls import handshake
from agents.probes.urls import parse
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result
from core.values import Status as Of

FIGURES = (*NOTED, "handshake_seconds", "age_seconds", "next_update_seconds", "certificate_days_left")
LIMIT = 64 << 10
"""Bytes of an answer."""


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    certificate: str | None = None
    issuer: str | None = None
    responder: str | None = None
    ca_file: str | None = None
    ca: str | None = None
    server_name: str | None = None
    max_age_hours: Annotated[float, msgspec.Meta(gt=0)] = 24
    family: Family | None = None


class Ocsp:
    """`clock` is the wall clock: answers are valid by it."""

    def __init__(self, clock: Clock, child: Child = output_of) -> None:
        self._clock, self._child = clock, child
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params, until = parameters(check, Params), ends(check)
        chain = await self._chain(check.target, params, figures)
        responder = params.responder or (check.target if "://" in check.target else "")
        trust = context(params.ca_file, ca=params.ca)
        age_s = params.max_age_hours * 3600
        said = await self.ask(chain, responder, trust, figures, until, family=params.family, max_age_s=age_s)
        return result(said, figures)

    async def _chain(self, target: str, params: Params, figures: dict[str, float]) -> list[bytes]:
        """The certificate to ask for, and who issued it."""
        try:
            given = [] if params.certificate is None else from_pem(params.certificate)
            issuers = [] if params.issuer is None else from_pem(params.issuer)
        except BadInput as error:
            raise BadParameter(str(error)) from error
        if not given and "://" in target:
            raise BadParameter("certificate: wanted, as the target is a responder")
        if not given:
            host, port = host_port(target, default=443)
            address = await resolve(host, port, params.family)
            trust = context(params.ca_file, ca=params.ca)
            try:
                given = await handshake(address, params.server_name or host, trust, figures)
            except ssl.SSLError as error:
                raise Failed(failure(error)) from error
        chain = [given[0], *issuers, *given[1:]]
        if len(chain) < 2:
            raise BadParameter("issuer: wanted, as the certificate comes alone")
        return chain

    async def ask(
        self,
        chain: list[bytes],
        responder: str,
        trust: ssl.SSLContext,
        figures: dict[str, float],
        until: float,
        *,
        family: Family | None = None,
        max_age_s: float = 86_400,
    ) -> Said:
        """What the responder (a URL; empty: the one that the certificate names) says of the first of a chain.

        Raises:
            Failed: no answer, or none that could be verified by `until`.
        """
        certificate, issuer = _facts(chain[0]), _facts(chain[1])
        if not responder and not certificate.responders:
            raise Failed("no responder", Of.UNKNOWN)
        nonce = secrets.token_bytes(16)
        question = Question(
            parse(responder or certificate.responders[0]),
            LIMIT,
            for_status(certificate, issuer, nonce),
            "application/ocsp-request",
            trust=trust,
            family=family,
        )
        order = Status(self._clock.now(), chain[0], chain[1], nonce, max_age_s)
        return await believed(question, order, figures, until, self._child)


def _facts(certificate: bytes) -> Facts:
    try:
        return read(certificate)
    except BadInput as error:
        raise BadParameter(f"certificate: {error}") from error
