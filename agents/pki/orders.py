"""What the agent hands to the child that verifies (`agents.pki.__main__`), and what that says."""

import msgspec


class Stamp(msgspec.Struct, frozen=True, tag=True):
    """To be verified: an answer to a request for a time stamp, with what was asked for. `now` in ms since 1970."""

    now: int
    imprint: bytes
    hash_name: str
    nonce: int
    policy: str | None = None
    ca_file: str | None = None
    ca: str | None = None
    """Roots: of the file and of the PEM text; of the system's store where neither is given."""


class Status(msgspec.Struct, frozen=True, tag=True):
    """An answer about `certificate`, issued by `issuer` (both DER)."""

    now: int
    certificate: bytes
    issuer: bytes
    nonce: bytes
    max_age_s: float


class Revocations(msgspec.Struct, frozen=True, tag=True):
    """A list of `issuer` (DER); whether `serial` is on it, if one is given (hexadecimal)."""

    now: int
    issuer: bytes
    serial: str | None = None
    warn_s: float = 0


Order = Stamp | Status | Revocations


class Said(msgspec.Struct, frozen=True):
    """A status and a reason as a result has them. `stamped_at` is the time in a stamp, in ms since 1970."""

    status: str
    reason: str = ""
    figures: dict[str, float] = {}
    stamped_at: int | None = None
