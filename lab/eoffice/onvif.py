"""A camera's ONVIF device service: its clock, which may be wrong, and what it is, for those who say who they are.

Like cameras, it lets in by WS-Security's digest, at the time of its own clock and each nonce once, or by HTTP's digest.
"""

import base64
import contextlib
import hashlib
import secrets
import socket
import threading
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.clock import Clock, SystemClock

PATH = "/onvif/device_service"
_REALM = "camera"
_SECURITY = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_UTILITY = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
_DEVICE = "{http://www.onvif.org/ver10/device/wsdl}"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:ter="http://www.onvif.org/ver10/error"><SOAP-ENV:Body>{}</SOAP-ENV:Body></SOAP-ENV:Envelope>'
)
_FAULT = (
    "<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
    "<SOAP-ENV:Value>ter:{code}</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason>"
    '<SOAP-ENV:Text xml:lang="en">{words}</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>'
)
_CLOCK = (
    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>"
    "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-7:00:00</tt:TZ></tt:TimeZone><tt:UTCDateTime>"
    "<tt:Time><tt:Hour>{0.hour}</tt:Hour><tt:Minute>{0.minute}</tt:Minute><tt:Second>{0.second}</tt:Second></tt:Time>"
    "<tt:Date><tt:Year>{0.year}</tt:Year><tt:Month>{0.month}</tt:Month><tt:Day>{0.day}</tt:Day></tt:Date>"
    "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
)
_INFORMATION = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>{vendor}</tds:Manufacturer><tds:Model>{model}</tds:Model>"
    "<tds:FirmwareVersion>{version}</tds:FirmwareVersion><tds:SerialNumber>{serial}</tds:SerialNumber>"
    "<tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>"
)


@dataclass
class Device:
    """`users` by name; without any, nobody is asked. `ahead`: how far its clock is. `signs`: how it wants to be told."""

    users: dict[str, str] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    signs: Literal["wsse", "http"] = "wsse"
    vendor: str = "Lab"
    model: str = "DS-1"
    version: str = "V5.7.3"
    serial: str = "DS-1-0001"
    secretive: bool = False
    """Tells no stranger the time."""
    skew: timedelta = timedelta(seconds=5)
    """How far from its own clock a sign-in may be."""
    clock: Clock = field(default_factory=SystemClock)
    _nonces: deque[str] = field(default_factory=lambda: deque(maxlen=1_000))
    _asked: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route(PATH, self._serve, methods=["POST"])])

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now() / 1000, UTC) + self.ahead

    async def _serve(self, request: Request) -> Response:
        envelope = ET.fromstring(await request.body())
        body = envelope.find(f"{_SOAP}Body")
        action = body[0].tag if body is not None and len(body) else ""
        answers: dict[str, Callable[[], str]] = {
            f"{_DEVICE}GetSystemDateAndTime": lambda: _CLOCK.format(self.now()),
            f"{_DEVICE}GetDeviceInformation": lambda: _INFORMATION.format(**vars(self)),
        }
        if action not in answers:
            return _fault("ActionNotSupported", "Optional Action Not Implemented", 500)
        if self.users and (self.secretive or not action.endswith("GetSystemDateAndTime")):
            if self.signs == "http" and not self._by_http(request):
                asked = f'Digest realm="{_REALM}", qop="auth", nonce="{self._asked}"'
                return Response(status_code=401, headers={"WWW-Authenticate": asked})
            if self.signs == "wsse" and not self._by_token(envelope):
                return _fault("NotAuthorized", "Sender not Authorized", 400)
        return _said(answers[action]())

    def _by_token(self, envelope: ET.Element) -> bool:
        token = envelope.find(f"{_SOAP}Header/{_SECURITY}Security/{_SECURITY}UsernameToken")
        if token is None:
            return False
        user, nonce = token.findtext(f"{_SECURITY}Username", ""), token.findtext(f"{_SECURITY}Nonce", "")
        created = token.findtext(f"{_UTILITY}Created", "")
        if user not in self.users or nonce in self._nonces:
            return False
        try:
            if abs(datetime.fromisoformat(created) - self.now()) > self.skew:
                return False
            expected = hashlib.sha1(base64.b64decode(nonce) + created.encode() + self.users[user].encode())
        except ValueError:
            return False
        self._nonces.append(nonce)
        return token.findtext(f"{_SECURITY}Password", "") == base64.b64encode(expected.digest()).decode()

    def _by_http(self, request: Request) -> bool:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        told = {
            name.strip(): value.strip(' "') for name, _, value in (p.partition("=") for p in rest.split(","))
        }
        password = self.users.get(told.get("username", ""))
        if scheme != "Digest" or password is None or told.get("nonce") != self._asked:
            return False
        secret = _md5(f"{told['username']}:{_REALM}:{password}")
        asked = _md5(f"POST:{request.url.path}")
        middle = ":".join(told.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        return told.get("response") == _md5(f"{secret}:{middle}:{asked}")


@contextlib.contextmanager
def serving(device: Device, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """The device on the network, by HTTP; the port."""
    domain = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=domain) as sock:
        server = uvicorn.Server(uvicorn.Config(device.app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def _said(body: str, status: int = 200) -> Response:
    return Response(_ENVELOPE.format(body), status, media_type="application/soap+xml; charset=utf-8")


def _fault(code: str, words: str, status: int) -> Response:
    return _said(_FAULT.format(code=code, words=words), status)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
