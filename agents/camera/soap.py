"""SOAP 1.2 as ONVIF devices speak it: what is asked, who asks (WS-Security UsernameToken with digest), and what is answered.

Read by expat, which the standard library has, without a document type and so without entities: nothing in an answer can grow.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.parsers import expat

from agents.listen.legible import legible
from core.errors import BadInput

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_DEEPEST, _MOST_ELEMENTS, _LONGEST_TEXT, _SHOWN = 32, 2_000, 1_000, 80
_UTC = "Body/GetSystemDateAndTimeResponse/SystemDateAndTime/UTCDateTime/"


def question(action: str, security: str = "") -> bytes:
    """An action of the device service that takes no arguments."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f"<s:Header>{security}</s:Header>"
        f'<s:Body><{action} xmlns="{DEVICE}"/></s:Body></s:Envelope>'
    ).encode()


def security(user: str, password: str, nonce: bytes, created_ms: int) -> str:
    """The header that says who asks, at a time (ms) by the device's own clock: UsernameToken Profile 1.0, section 3.1."""
    created = datetime.fromtimestamp(created_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha1(
        nonce + created.encode() + password.encode("utf-8", "replace"), usedforsecurity=False
    )
    return (
        f'<Security s:mustUnderstand="1" xmlns="{_OASIS}-wssecurity-secext-1.0.xsd">'
        f"<UsernameToken><Username>{_escaped(user)}</Username>"
        f'<Password Type="{_OASIS}-username-token-profile-1.0#PasswordDigest">{_base64(digest.digest())}</Password>'
        f'<Nonce EncodingType="{_OASIS}-soap-message-security-1.0#Base64Binary">{_base64(nonce)}</Nonce>'
        f'<Created xmlns="{_OASIS}-wssecurity-utility-1.0.xsd">{created}</Created>'
        "</UsernameToken></Security>"
    )


def read(data: bytes) -> Mapping[str, str]:
    """The texts of an envelope by the names of their elements, without namespaces: `Body/Fault/Reason/Text`. The first of each.

    Raises:
        BadInput: it is no envelope, is not whole, has a document type, or is deeper or longer than any answer.
    """
    found, path = dict[str, str](), list[str]()
    texts: list[list[str]] = []
    elements = 0

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal elements
        elements += 1
        if len(path) == _DEEPEST or elements > _MOST_ELEMENTS:
            raise BadInput("deeper or longer than any answer")
        path.append(name.rpartition(" ")[2])
        texts.append([])

    def end(_name: str) -> None:
        text = "".join(texts.pop()).strip()
        if text:
            found.setdefault("/".join(path[1:]), text[:_LONGEST_TEXT])
        path.pop()

    def characters(text: str) -> None:
        texts[-1].append(text)

    def doctype(*_: object) -> None:
        raise BadInput("a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadInput(f"not SOAP: {error}") from error
    return found


def fault(told: Mapping[str, str]) -> tuple[str, str] | None:
    """(code, words) of a fault, the innermost code (`NotAuthorized`); None where there is none. SOAP 1.1 faults as well."""
    codes = [text for path, text in told.items() if path.startswith("Body/Fault/") and _is_code(path)]
    if not codes:
        return None
    words = told.get("Body/Fault/Reason/Text", told.get("Body/Fault/faultstring", ""))
    return codes[-1].rpartition(":")[2][:_SHOWN], legible(words.encode("utf-8", "replace"), _SHOWN)


def _is_code(path: str) -> bool:
    return path.endswith(("Code/Value", "Subcode/Value", "/faultcode"))


def clock(told: Mapping[str, str]) -> int | None:
    """The device's clock in ms, from its answer to GetSystemDateAndTime; None where it tells no UTC.

    Raises:
        BadInput: what it tells is no time.
    """
    parts = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
    texts = [told.get(_UTC + part, "") for part in parts]
    if not all(texts):
        return None
    try:
        year, month, day, hour, minute, second = (int(text) for text in texts)
        # A leap second is told as 60.
        return int(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timestamp()) * 1000
    except (ValueError, OverflowError) as error:
        raise BadInput("not a time") from error


def information(told: Mapping[str, str]) -> Mapping[str, str]:
    """`vendor`, `model`, `version`, `serial` and `hardware`, as far as the device tells them."""
    names = {
        "vendor": "Manufacturer",
        "model": "Model",
        "version": "FirmwareVersion",
        "serial": "SerialNumber",
        "hardware": "HardwareId",
    }
    found = {key: told.get(f"Body/GetDeviceInformationResponse/{name}", "") for key, name in names.items()}
    return {key: legible(text.encode("utf-8", "replace"), 200) for key, text in found.items() if text}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
