"""Traps of versions 1, 2c and 3, from a datagram to what they mean. Only the SNMP child loads this: pysnmp has the codecs
and the ciphers.

The sender of a trap of version 3 is the authority on time and keys (RFC 3414, 1.5.1), and nobody tells us its engine id
beforehand. So keys are localized to whatever id a message names, which is cheap once the pass phrase is hashed, and the
message must then prove that it knows them. pysnmp's own engine would have to be told each id, and keeps a record of each
message; what is kept here is a bounded table of engines that have proved themselves, with their time, against replay.
"""

import time
from typing import Any, Literal

import msgspec
from pyasn1.codec.ber import decoder
from pysnmp.proto import api, rfc1905
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel, UsmSecurityParameters

from agents.snmp.client import AUTH, PRIV, value_of
from agents.snmp.facts import Oid, Value
from agents.snmp.notifications import Varbinds, notice_of, oid_of_v1

MAX_BYTES = 8 << 10
"""Of a trap; a longer one is not read. Reading one costs some milliseconds for each kilobyte."""
ENGINES = 512
WINDOW_S = 150
"""RFC 3414, 3.2.7: a message may be this much older than the newest one."""
_MOST_VARBINDS = 64
_USM = 3
_TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
_AUTH_SERVICES, _PRIV_SERVICES = SnmpUSMSecurityModel.AUTH_SERVICES, SnmpUSMSecurityModel.PRIV_SERVICES


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may send traps of version 3, and with which keys; exactly this level of security is taken."""

    user: str
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"] | None = None
    auth_key: str = ""
    priv: Literal["des", "aes", "aes192", "aes256"] | None = None
    priv_key: str = ""


class Datagram(msgspec.Struct, frozen=True):
    """What came in, and whose traps are taken: any community when none is named."""

    body: bytes
    communities: list[str] = []
    users: list[User] = []


class Meaning(msgspec.Struct, frozen=True):
    """`why` is empty when it was read."""

    kind: str = ""
    text: str = ""
    why: str = ""


class _Unread(Exception):
    """It is no trap that we take; the text says why, for people."""


def read(datagram: Datagram, engines: "Engines") -> Meaning:
    """What a datagram means, whatever is in it."""
    try:
        oid, varbinds = _trap(datagram, engines)
        notice = notice_of(oid, varbinds)
    except _Unread as error:
        return Meaning(why=str(error))
    except Exception as error:  # noqa: BLE001 - foreign bytes: every way in which a codec may fail
        return Meaning(why=f"no trap ({type(error).__name__})")
    return Meaning(notice.kind, notice.text)


def _trap(datagram: Datagram, engines: "Engines") -> tuple[Oid, Varbinds]:
    if len(datagram.body) > MAX_BYTES:
        raise _Unread(f"longer than {MAX_BYTES} bytes")
    version = api.decodeMessageVersion(datagram.body)
    if version == 3:
        return _of_v2(engines.opened(datagram))
    module = api.PROTOCOL_MODULES.get(version)
    if module is None:
        raise _Unread(f"version {version} of SNMP is not known")
    message, _ = decoder.decode(datagram.body, asn1Spec=module.Message())
    community = bytes(module.apiMessage.get_community(message)).decode("latin-1")
    if datagram.communities and community not in datagram.communities:
        raise _Unread("the community is not taken")
    pdu = module.apiMessage.get_pdu(message)
    return _of_v2(pdu) if version else _of_v1(pdu, module)


def _of_v1(pdu: Any, module: Any) -> tuple[Oid, Varbinds]:
    if not isinstance(pdu, module.TrapPDU):
        raise _Unread(f"{type(pdu).__name__} is no trap")
    of = module.apiTrapPDU
    oid = oid_of_v1(
        tuple(of.get_enterprise(pdu)), int(of.get_generic_trap(pdu)), int(of.get_specific_trap(pdu))
    )
    return oid, _values(of.get_varbinds(pdu))


def _of_v2(pdu: Any) -> tuple[Oid, Varbinds]:
    if not isinstance(pdu, rfc1905.SNMPv2TrapPDU | rfc1905.InformRequestPDU):
        raise _Unread(f"{type(pdu).__name__} is no trap")
    varbinds = _values(api.PROTOCOL_MODULES[api.SNMP_VERSION_2C].apiPDU.get_varbinds(pdu))
    named = next((value for oid, value in varbinds if oid == _TRAP_OID), None)
    if not isinstance(named, tuple):
        raise _Unread("the trap does not say which one it is")
    return named, [each for each in varbinds if each[0] != _TRAP_OID]


def _values(varbinds: Any) -> list[tuple[Oid, Value]]:
    return [(tuple(oid), value_of(value)) for oid, value in varbinds[:_MOST_VARBINDS]]


class Engines:
    """Opens messages of version 3, and knows the time of those that sent good ones."""

    def __init__(self) -> None:
        self._heard: dict[bytes, tuple[int, int, float]] = {}
        """Boots, newest time, and when that came by our monotonic clock."""
        self._hashed: dict[User, tuple[Any, Any]] = {}

    def opened(self, datagram: Datagram) -> Any:
        """The PDU in a message of version 3.

        Raises:
            _Unread: it is not from whom it should be, or is old.
        """
        message, _ = decoder.decode(datagram.body, asn1Spec=SNMPv3Message())
        header = message[1]
        flags = bytes(header[2])[0] & 3
        if int(header[3]) != _USM:
            raise _Unread(f"security model {int(header[3])} is not known")
        security, _ = decoder.decode(bytes(message[2]), asn1Spec=UsmSecurityParameters())
        engine, name = bytes(security[0]), bytes(security[3]).decode("utf-8", "replace")
        user = next((each for each in datagram.users if each.user == name), None)
        if user is None:
            raise _Unread(f"user {name[:32]!r} is not known")
        if not 5 <= len(engine) <= 32:
            raise _Unread("no engine id")
        if flags != (user.auth is not None) + 2 * (user.priv is not None):
            raise _Unread(f"user {name!r} sends with another level of security than is set")
        auth, priv = self._keys(user, engine)
        if user.auth is not None:
            try:
                _AUTH_SERVICES[AUTH[user.auth]].authenticate_incoming_message(
                    auth, security[4], datagram.body
                )
            except Exception as error:
                raise _Unread(f"user {name!r} has another key") from error
            self._in_time(engine, int(security[1]), int(security[2]))
        if user.priv is None:
            return message[3].getComponent()[2].getComponent()
        try:
            plain = _PRIV_SERVICES[PRIV[user.priv]].decrypt_data(
                priv, (security[1], security[2], security[5]), message[3].getComponentByPosition(1)
            )
            scoped, _ = decoder.decode(bytes(plain), asn1Spec=ScopedPDU())
        except Exception as error:
            raise _Unread(f"user {name!r} encrypts with another key") from error
        return scoped[2].getComponent()

    def _keys(self, user: User, engine: bytes) -> tuple[Any, Any]:
        """Localized to the engine (RFC 3414, 2.6). What takes long, the hash of a pass phrase, is done once."""
        if user.auth is None:
            return None, None
        auth, auth_id = _AUTH_SERVICES[AUTH[user.auth]], AUTH[user.auth]
        priv = _PRIV_SERVICES[PRIV[user.priv]] if user.priv is not None else None
        if user not in self._hashed:
            if len(self._hashed) >= ENGINES:
                self._hashed.clear()
            private = priv.hash_passphrase(auth_id, user.priv_key.encode()) if priv is not None else None
            self._hashed[user] = (auth.hash_passphrase(user.auth_key.encode()), private)
        master, private = self._hashed[user]
        here = UsmSecurityParameters().componentType[0].asn1Object.clone(engine)
        return (
            auth.localize_key(master, here),
            priv.localize_key(auth_id, private, here) if priv is not None else None,
        )

    def _in_time(self, engine: bytes, boots: int, at: int) -> None:
        """RFC 3414, 3.2.7b, of messages that have proved who sent them.

        Raises:
            _Unread: it is older than it may be.
        """
        now = time.monotonic()
        known = self._heard.pop(engine, None)
        if known is not None:
            self._heard[engine] = known
            is_old = boots == known[0] and at < known[1] + (now - known[2]) - WINDOW_S
            if boots < known[0] or is_old or boots == (1 << 31) - 1:
                raise _Unread("sent long ago, or once more")
        if known is None or (boots, at) > known[:2]:
            self._heard.pop(engine, None)
            self._heard[engine] = (boots, at, now)
            if len(self._heard) > ENGINES:
                del self._heard[next(iter(self._heard))]
