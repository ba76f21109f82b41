"""Time stamps: a real request to an authority, and a stamp that is verified to a trusted root (RFC 3161)."""

import base64
import hashlib
import secrets
from typing import Annotated, Literal

import msgspec

from agents.children import output_of
from agents.pki.orders import Stamp
from agents.pki.requests import for_stamp
from agents.probes.belief import believed
from agents.probes.certificates import context
from agents.probes.errand import Child
from agents.probes.fetch import NOTED, PHASES, Question
from agents.probes.outcome import BadParameter, ends, looks, parameters
from agents.probes.reach import Family
from agents.probes.urls import parse
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result, Status

FIGURES = (*NOTED, "offset_seconds", "accuracy_seconds", "certificate_days_left")
LIMIT = 128 << 10
"""Bytes of an answer."""


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hash: Literal["sha256", "sha384", "sha512"] = "sha256"
    policy: str | None = None
    ca_file: str | None = None
    ca: str | None = None
    user: str = ""
    password: str = ""
    max_offset_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60
    warn_days: Annotated[float, msgspec.Meta(ge=0)] = 30
    family: Family | None = None


class Timestamp:
    """`clock` is the wall clock: stamps are compared with it."""

    def __init__(self, clock: Clock, child: Child = output_of) -> None:
        self._clock, self._child = clock, child
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params, until = parameters(check, Params), ends(check)
        imprint, nonce = hashlib.new(params.hash, secrets.token_bytes(32)).digest(), secrets.randbits(63)
        try:
            asked = for_stamp(imprint, params.hash, nonce, params.policy)
        except BadInput as error:
            raise BadParameter(f"policy: {error}") from error
        url = parse(check.target)
        question = Question(
            url,
            LIMIT,
            asked,
            "application/timestamp-query",
            _basic(params.user, params.password),
            context(params.ca_file, ca=params.ca) if url.secure else None,
            params.family,
        )
        began = self._clock.now()
        order = Stamp(began, imprint, params.hash, nonce, params.policy, params.ca_file, params.ca)
        said = await believed(question, order, figures, until, self._child)
        if said.stamped_at is not None:
            # The stamp was made between the connection and the first byte of the answer.
            asked_s = sum(figures.get(phase, 0) for phase in PHASES[:3])
            stamped_s = asked_s + figures["first_byte_seconds"] / 2
            figures["offset_seconds"] = (said.stamped_at - began) / 1000 - stamped_s
        return _judge(said.status, said.reason, params, figures)


def _judge(status: str, reason: str, params: Params, figures: dict[str, float]) -> Result:
    offset, left = figures.get("offset_seconds", 0), figures.get("certificate_days_left")
    if status == Status.UP and left is not None and left < params.warn_days:
        return Result(Status.DEGRADED, f"certificate expires soon|{int(left)}", figures)
    if status == Status.UP and abs(offset) > params.max_offset_seconds:
        return Result(Status.DEGRADED, f"clock off|{offset:+.1f} s", figures)
    return Result(Status(status), reason, figures)


def _basic(user: str, password: str) -> str:
    """RFC 7617; empty for nobody."""
    return "" if not user else "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
