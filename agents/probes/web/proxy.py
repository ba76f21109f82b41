"""A way over an HTTP proxy: what a parameter says of it, and the tunnel that it opens (RFC 9110 section 9.3.6)."""

import asyncio
import base64
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from agents.probes.outcome import BadParameter, Failed
from agents.probes.reach import host_port
from agents.probes.urls import Url

if TYPE_CHECKING:
    import h11

_CHUNK = 4 << 10
_LONGEST_HEAD = 64 << 10


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int
    authorization: str = ""

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The header fields that only the proxy is told."""
        return [(b"Proxy-Authorization", self.authorization.encode())] if self.authorization else []


def parse(text: str) -> Proxy:
    """A proxy as `host:port` or `http://user:password@host:port`.

    Raises:
        BadParameter: it is neither, without telling the password.
    """
    if "://" not in text:
        return Proxy(*host_port(text))
    try:
        parts = urlsplit(text)
        port = parts.port or 80
    except ValueError as error:
        raise BadParameter("proxy: not a URL") from error
    if parts.scheme != "http" or not parts.hostname:
        raise BadParameter("proxy: host:port, or a URL with http:// in front")
    if parts.username is None:
        return Proxy(parts.hostname, port)
    signed_in = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return Proxy(parts.hostname, port, f"Basic {base64.b64encode(signed_in).decode()}")


async def tunnel(sock: socket.socket, url: Url, proxy: Proxy) -> None:
    """Have the proxy at the other end of `sock` connect it to the host of `url`.

    Raises:
        Failed: it does not, or makes no sense.
    """
    import h11

    loop, http = asyncio.get_running_loop(), h11.Connection(h11.CLIENT)
    try:
        where = url.tunnelled
        request = h11.Request(
            method="CONNECT", target=where, headers=[(b"Host", where.encode()), *proxy.fields]
        )
        sent = (http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b"")
    except (h11.LocalProtocolError, UnicodeError) as error:
        raise BadParameter(f"request: {error}") from error
    await loop.sock_sendall(sock, sent)
    try:
        event = await _answer(sock, http)
    except h11.RemoteProtocolError as error:
        raise Failed("bad answer of the proxy") from error
    if not isinstance(event, h11.Response):
        raise Failed("bad answer of the proxy")
    if not 200 <= event.status_code < 300:
        raise Failed(f"proxy refused|{event.status_code}")
    if http.trailing_data[0]:  # words of somebody else before the handshake
        raise Failed("bad answer of the proxy")


async def _answer(sock: socket.socket, http: "h11.Connection") -> object:
    """The first event that is more than an interim answer; h11.RemoteProtocolError for what is no HTTP."""
    import h11

    loop, heard = asyncio.get_running_loop(), 0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            data = await loop.sock_recv(sock, _CHUNK)
            heard += len(data)
            if heard > _LONGEST_HEAD:
                raise h11.RemoteProtocolError("a head without end")
            http.receive_data(data)
        elif not isinstance(event, h11.InformationalResponse):
            return event
