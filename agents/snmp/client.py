"""Gets and walks over SNMP v2c and v3 (RFC 3416, 3414, 3826, 7860), by pysnmp. Only the worker loads this."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from pysnmp.hlapi.v3arch import asyncio as hlapi
from pysnmp.proto import rfc1905

from agents.snmp.facts import Oid, Value
from agents.snmp.walk import END, MOST, End, Walk

MAX_BYTES = 4 << 10
"""Of one value: more is cut."""

_NOT_ALLOWED = (6, 16)
"""noAccess, authorizationError (RFC 3416, 3)."""
_TOO_MUCH = ("timeout", "snmp error|tooBig")
AUTH: dict[str, Any] = {
    "md5": hlapi.USM_AUTH_HMAC96_MD5,
    "sha": hlapi.USM_AUTH_HMAC96_SHA,
    "sha224": hlapi.USM_AUTH_HMAC128_SHA224,
    "sha256": hlapi.USM_AUTH_HMAC192_SHA256,
    "sha384": hlapi.USM_AUTH_HMAC256_SHA384,
    "sha512": hlapi.USM_AUTH_HMAC384_SHA512,
}
PRIV: dict[str, Any] = {
    "des": hlapi.USM_PRIV_CBC56_DES,
    "aes": hlapi.USM_PRIV_CFB128_AES,
    "aes192": hlapi.USM_PRIV_CFB192_AES,
    "aes256": hlapi.USM_PRIV_CFB256_AES,
}


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to ask, and as whom. `auth` and `priv` with their keys for version 3 (8 characters at least)."""

    host: str
    port: int = 161
    version: Literal["2c", "3"] = "2c"
    community: str = "public"
    user: str = ""
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"] | None = None
    auth_key: str = ""
    priv: Literal["des", "aes", "aes192", "aes256"] | None = None
    priv_key: str = ""
    timeout_s: float = 1.0
    """Of one request; it is sent `retries` times more."""
    retries: int = 2


class NoAnswer(Exception):
    """The device did not answer, or not as it should; `reason` is one of a probe's result."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Client:
    """Asks any number of devices, each in its own time. For one event loop."""

    def __init__(self) -> None:
        self._engine = hlapi.SnmpEngine()

    def close(self) -> None:
        self._engine.close_dispatcher()

    async def get(self, target: Target, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of these objects.

        Raises:
            NoAnswer: says why.
        """
        wanted = [hlapi.ObjectType(hlapi.ObjectIdentity(oid)) for oid in oids]
        found = {
            tuple(name): value_of(value) for name, value in await self._ask(hlapi.get_cmd, target, wanted)
        }
        return {oid: found.get(oid) for oid in oids}

    async def walk(
        self,
        target: Target,
        roots: Sequence[Oid],
        *,
        most: int = MOST,
        most_rows: int = MOST,
        ordered: bool = True,
    ) -> Walk:
        """All objects under these roots, which are columns of one table or one root of any kind.

        A walk that a device ends by silence or nonsense keeps what came before, with a note.

        Raises:
            NoAnswer: says why; nothing had come.
        """
        walk = Walk(roots, most=most, most_rows=most_rows, ordered=ordered)
        while (question := walk.question())[0]:
            oids, each = question
            wanted = [hlapi.ObjectType(hlapi.ObjectIdentity(oid)) for oid in oids]
            try:
                answer = await self._ask(hlapi.bulk_cmd, target, wanted, 0, each)
            except NoAnswer as error:
                if error.reason in _TOO_MUCH and walk.smaller():
                    continue
                if not any(walk.found.values()):
                    raise
                walk.stop(error.reason)
            else:
                walk.take([(tuple(name), _next(value)) for name, value in answer])
        return walk

    async def _ask(self, command: Any, target: Target, wanted: Sequence[Any], *how: int) -> Any:
        try:
            transport = await hlapi.UdpTransportTarget.create(
                (target.host, target.port), timeout=target.timeout_s, retries=target.retries
            )
            failed, status, _, varbinds = await command(
                self._engine,
                _credential(target),
                transport,
                hlapi.ContextData(),
                *how,
                *wanted,
                lookupMib=False,
            )
        except NoAnswer:
            raise
        except Exception as error:
            raise NoAnswer(f"bad answer|{type(error).__name__}") from error
        if failed:
            raise NoAnswer(_reason(str(failed)))
        if status and int(status):
            refused = int(status) in _NOT_ALLOWED
            raise NoAnswer(f"snmp {'refused' if refused else 'error'}|{status.prettyPrint()}")
        return varbinds


def _credential(target: Target) -> Any:
    if target.version == "2c":
        return hlapi.CommunityData(target.community, mpModel=1)  # noqa: S508 - most devices in LANs speak nothing better
    try:
        return hlapi.UsmUserData(
            target.user,
            authKey=target.auth_key if target.auth else None,
            privKey=target.priv_key if target.priv else None,
            authProtocol=AUTH[target.auth] if target.auth else hlapi.USM_AUTH_NONE,
            privProtocol=PRIV[target.priv] if target.priv else hlapi.USM_PRIV_NONE,
        )
    except Exception as error:
        raise NoAnswer(f"bad parameter|{error}") from error


def _reason(text: str) -> str:
    """pysnmp's words for why there is no answer, as a reason."""
    low = text.lower()
    if "no snmp response" in low or "timeout" in low or "timed out" in low:
        return "timeout"
    refused = ("digest", "user", "authentic", "decrypt", "security", "community", "time window")
    if any(word in low for word in refused):
        return f"snmp refused|{text[:120]}"
    return f"bad answer|{text[:120]}"


def _next(value: Any) -> Value | End:
    return END if isinstance(value, rfc1905.EndOfMibView) else value_of(value)


def value_of(value: Any) -> Value:
    """A value of pysnmp's as a plain one."""
    if isinstance(value, rfc1905.NoSuchObject | rfc1905.NoSuchInstance | rfc1905.EndOfMibView):
        return None
    if hasattr(value, "asOctets"):
        octets: bytes = value.asOctets()[:MAX_BYTES]
        return octets
    if type(value).__name__ == "ObjectIdentifier":
        return tuple(value)
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
