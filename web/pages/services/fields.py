"""The form of each kind's parameters: what `docs/probes.md` has, in words for people. A test holds it against the probes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from web.i18n import mark

How = Literal["text", "number", "numbers", "lines", "list", "long", "tick", "choice", "pairs"]
"""`lines` is a text or a list of them, `list` always a list; `long` a text of several lines; `pairs` names with texts."""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter. `default` is what holds without it, as it is written; `secret`: it should be named, not written."""

    name: str
    title: str
    how: How = "text"
    default: str = ""
    choices: Sequence[str] = ()
    secret: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """`main`: what people look for; `more`: what unfolds."""

    main: Sequence[Field] = ()
    more: Sequence[Field] = ()

    @property
    def all(self) -> Sequence[Field]:
        return (*self.main, *self.more)


NAMED = "${secret:…}"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FAMILY = Field("family", mark("IP version (what resolves first, without it)"), "choice", choices=("4", "6"))
CA = Field("ca", mark("Certificates of authorities to trust, as PEM"), "long")
CA_FILE = Field("ca_file", mark("The same, as a file on the agents’ machines"), example="/etc/ssl/ca.pem")
SERVER_NAME = Field(
    "server_name", mark("Name that the certificate must be for (that of the target, without it)")
)
WARN_DAYS = Field("warn_days", mark("Warn of the certificate’s end ahead (days)"), "number", "30")
VERIFY = Field("verify", mark("The certificate must be right"), "tick", "true")
USER = Field("user", mark("User"), secret=True, example=NAMED)
PASSWORD = Field("password", mark("Password"), secret=True, example=NAMED)
PROXY = Field("proxy", mark("Proxy ({proxy} is that of the unit’s line)"), example="{proxy}")
CLIENT = (
    Field("client_cert", mark("Our certificate, as PEM"), "long", secret=True, example=NAMED),
    Field("client_key", mark("Its key, as PEM"), "long", secret=True, example=NAMED),
)
HEADERS = Field("headers", mark("Headers"), "pairs")
BODY_BYTES = Field("max_body_bytes", mark("Read at most (bytes)"), "number", str(256 << 10))
TOTAL_MS = Field("max_total_ms", mark("Slow when it takes longer than (ms)"), "number")
OFFSET = Field("max_offset_seconds", mark("Clocks may be apart (s)"), "number")
TRUST = (CA, CA_FILE)


def _offset(default: str) -> Field:
    return Field(OFFSET.name, OFFSET.title, OFFSET.how, default)


def _tls(default: str) -> Field:
    return Field("tls", mark("Encryption"), "choice", default, ("starttls", "implicit", "none"))


FIELDS: Mapping[str, Fields] = {
    "scenario": Fields(
        (PROXY, TOTAL_MS),
        (
            HEADERS,
            *CLIENT,
            *TRUST,
            Field("max_redirects", mark("Redirects of one step, at most"), "number", "10"),
            BODY_BYTES,
            FAMILY,
            VERIFY,
        ),
    ),
    "http": Fields(
        (
            Field("method", mark("Method"), "choice", "GET", METHODS),
            Field("expect_status", mark("Status"), "numbers", "200"),
            Field("body_contains", mark("The page has the text")),
            Field("body_regex", mark("The page matches the expression")),
            TOTAL_MS,
            PROXY,
        ),
        (
            HEADERS,
            Field("body", mark("Body that is sent, as text"), "long"),
            *CLIENT,
            *TRUST,
            BODY_BYTES,
            FAMILY,
            VERIFY,
        ),
    ),
    "tls": Fields(
        (WARN_DAYS, SERVER_NAME),
        (
            *TRUST,
            Field("responder", mark("OCSP responder (that of the certificate, without it)"), example="http://…/ocsp"),
            FAMILY,
            Field("revocation", mark("Ask whether the certificate was revoked"), "tick", "false"),
            Field("allow_weak", mark("Weak certificates are good enough"), "tick", "false"),
        ),
    ),
    "dns": Fields(
        (
            Field("type", mark("Type of record"), "text", "A"),
            Field("expect", mark("Answers that are right, one a line (any, without them)"), "list", example="203.0.113.10"),
            Field("server", mark("Name server (where the target does not name it)")),
        )
    ),
    "smtp": Fields((USER, PASSWORD, _tls("starttls"), WARN_DAYS), (SERVER_NAME, *TRUST, FAMILY)),
    "imap": Fields(
        (
            USER,
            PASSWORD,
            _tls("implicit"),
            Field("max_message_age_s", mark("The newest message may be old (s)"), "number"),
        ),
        (WARN_DAYS, SERVER_NAME, *TRUST, FAMILY),
    ),
    "ntp": Fields(
        (
            _offset("1.0"),
            Field("max_root_distance_seconds", mark("Greatest error of the time server (s)"), "number", "1.5"),
            Field("max_stratum", mark("Stratum, at most"), "number", "15"),
            FAMILY,
        )
    ),
    "rtsp": Fields(
        (
            USER,
            PASSWORD,
            Field("watch_s", mark("Watch the picture for (s)"), "number", "0"),
            Field("min_frames_per_second", mark("Frames a second, at least"), "number"),
            Field("max_frame_age_s", mark("The picture may be old (s)"), "number"),
            Field("play", mark("A frame must come"), "tick", "true"),
        ),
        (
            SERVER_NAME,
            WARN_DAYS,
            *TRUST,
            FAMILY,
            Field("basic", mark("Give the password as it is, where the camera knows no other way"), "tick", "false"),
        ),
    ),
    "onvif": Fields((USER, PASSWORD, _offset("60.0")), (WARN_DAYS, *TRUST, FAMILY)),
    "timestamp": Fields(
        (
            Field("policy", mark("Policy of the stamp (any, without it)"), example="1.3.6.1.4.1…"),
            Field("hash", mark("Hash"), "choice", "sha256", ("sha256", "sha384", "sha512")),
            _offset("60"),
            WARN_DAYS,
        ),
        (USER, PASSWORD, *TRUST, FAMILY),
    ),
    "ocsp": Fields(
        (
            Field("certificate", mark("Certificate to ask about, as PEM (that of the target’s server, without it)"), "long"),
            Field("issuer", mark("Its issuer, as PEM"), "long"),
            Field("max_age_hours", mark("An answer may be old (hours)"), "number", "24"),
            Field("responder", mark("OCSP responder (that of the certificate, without it)"), example="http://…/ocsp"),
        ),
        (SERVER_NAME, *TRUST, FAMILY),
    ),
    "crl": Fields(
        (
            Field("issuer", mark("Issuer of the list, as PEM"), "long"),
            Field("certificate", mark("Certificate that must not be on the list, as PEM"), "long"),
            Field("serial", mark("Or its serial number (hexadecimal)")),
            Field("warn_hours", mark("Warn ahead of the list’s end (hours)"), "number", "0"),
        ),
        (*TRUST, Field(BODY_BYTES.name, BODY_BYTES.title, "number", str(8 << 20)), FAMILY),
    ),
    "tcp": Fields((FAMILY,)),
    "icmp": Fields(
        (
            Field("count", mark("Requests of a burst"), "number", "5"),
            Field("spacing_ms", mark("Between two of them (ms)"), "number", "20"),
            Field("max_loss", mark("Ratio that may be lost"), "number", "0.2"),
            Field("max_rtt_ms", mark("Slow when it takes longer than (ms)"), "number"),
            Field("max_jitter_ms", mark("Jitter, at most (ms)"), "number"),
            FAMILY,
        )
    ),
}  # fmt: skip
"""By kind, in the form's order."""
STEPS = "steps"
"""Of a scenario: they have a form of their own."""


def strangers(kind: str, params: Iterable[str]) -> Sequence[str]:
    """The names of parameters that checks of this kind do not know: with one of them none would run. Pure."""
    known = {field.name for field in FIELDS[kind].all} | ({STEPS} if kind == "scenario" else set())
    return sorted(set(params) - known)
