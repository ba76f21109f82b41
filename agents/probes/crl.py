"""CRL: a list of revoked certificates, fetched, verified and fresh (RFC 5280), and whether a certificate is on it."""

from typing import Annotated

import msgspec

from agents.children import output_of
from agents.pki.facts import from_pem, read
from agents.pki.orders import Revocations
from agents.probes.belief import believed, result
from agents.probes.certificates import context
from agents.probes.errand import Child
from agents.probes.fetch import NOTED, Question
from agents.probes.outcome import BadParameter, ends, looks, parameters
from agents.probes.reach import Family
from agents.probes.urls import parse
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result

FIGURES = (*NOTED, "entries", "age_seconds", "next_update_seconds")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issuer: str
    serial: Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{1,64}$")] | None = None
    certificate: str | None = None
    warn_hours: Annotated[float, msgspec.Meta(ge=0)] = 0
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1, le=32 << 20)] = 8 << 20
    ca_file: str | None = None
    ca: str | None = None
    family: Family | None = None


class Crl:
    """`clock` is the wall clock: lists are valid by it."""

    def __init__(self, clock: Clock, child: Child = output_of) -> None:
        self._clock, self._child = clock, child
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params, until = parameters(check, Params), ends(check)
        try:
            issuer = from_pem(params.issuer)[0]
            serial = params.serial
            if params.certificate is not None:
                serial = f"{read(from_pem(params.certificate)[0]).serial:x}"
        except BadInput as error:
            raise BadParameter(str(error)) from error
        url = parse(check.target)
        trust = context(params.ca_file, ca=params.ca) if url.secure else None
        question = Question(url, params.max_body_bytes, trust=trust, family=params.family)
        order = Revocations(self._clock.now(), issuer, serial, params.warn_hours * 3600)
        return result(await believed(question, order, figures, until, self._child), figures)
