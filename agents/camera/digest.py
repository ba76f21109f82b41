"""Answers to those who ask who one is: HTTP digest (RFC 7616, and RFC 2617 for older devices) and basic (RFC 7617). RTSP has the same."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_WORD = re.compile(r'\s*([A-Za-z0-9_-]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s+")
_HASHES: Mapping[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked: `scheme` (`digest`, `basic`, …, lower case) and its parameters, names in lower case."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def algorithm(self) -> str:
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def stale(self) -> bool:
        """The answer was right, and came too late for its nonce: it is to be given again to this one."""
        return self.parameters.get("stale", "").lower() == "true"


def challenges(values: Iterable[str]) -> list[Challenge]:
    """Those of WWW-Authenticate headers, best first: digest by SHA-256, by MD5, others, basic. What makes no sense is passed over."""
    found = [one for value in values if (one := _challenge(value[:_LONGEST])) is not None]
    return sorted(found, key=_rank)


def _challenge(value: str) -> Challenge | None:
    scheme = _SCHEME.match(value)
    if scheme is None:
        return Challenge(value.strip().lower(), {}) if value.strip().isalpha() else None
    parameters: dict[str, str] = {}
    at = scheme.end()
    while word := _WORD.match(value, at):
        quoted, plain = word[2], word[3]
        parameters.setdefault(word[1].lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = word.end()
    return Challenge(scheme[1].lower(), parameters)


def _rank(challenge: Challenge) -> int:
    if challenge.scheme == "digest":
        return {"SHA-256": 0, "MD5": 1}.get(challenge.algorithm.removesuffix("-SESS"), 3)
    return 4 if challenge.scheme == "basic" else 5


def answer(
    challenge: Challenge, user: str, password: str, method: str, uri: str, *, nonce: str, count: int = 1
) -> str | None:
    """The Authorization header for a request; None where it is not known how. `nonce` is a random one of ours."""
    if challenge.scheme == "basic":
        return "Basic " + base64.b64encode(_bytes(f"{user}:{password}")).decode("ascii")
    hashed = _HASHES.get(challenge.algorithm.removesuffix("-SESS"))
    qop = _qop(challenge)
    if challenge.scheme != "digest" or hashed is None or qop is None:
        return None
    asked = challenge.parameters
    realm, server_nonce = asked.get("realm", ""), asked.get("nonce", "")
    secret = hashed(_bytes(f"{user}:{realm}:{password}"))
    if challenge.algorithm.endswith("-SESS"):
        secret = hashed(_bytes(f"{secret}:{server_nonce}:{nonce}"))
    request = hashed(_bytes(f"{method}:{uri}"))
    middle = f"{server_nonce}:{count:08x}:{nonce}:{qop}" if qop else server_nonce
    parts = {
        "username": _quoted(user),
        "realm": _quoted(realm),
        "nonce": _quoted(server_nonce),
        "uri": _quoted(uri),
        "response": _quoted(hashed(_bytes(f"{secret}:{middle}:{request}"))),
    }
    if "algorithm" in asked:
        parts["algorithm"] = challenge.algorithm
    if qop:
        parts |= {"qop": qop, "nc": f"{count:08x}", "cnonce": _quoted(nonce)}
    elif challenge.algorithm.endswith("-SESS"):
        parts["cnonce"] = _quoted(nonce)
    if "opaque" in asked:
        parts["opaque"] = _quoted(asked["opaque"])
    return "Digest " + ", ".join(f"{name}={value}" for name, value in parts.items())


def _qop(challenge: Challenge) -> str | None:
    """`auth`, empty where none is asked for, None where only others are known there."""
    asked = challenge.parameters.get("qop")
    if asked is None:
        return ""
    return "auth" if "auth" in (word.strip().lower() for word in asked.split(",")) else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "") + '"'
