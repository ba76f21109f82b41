"""Who this agent is to its centre: the stored credential, and which centres it may speak to."""

import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from agents.files import write_whole
from core.errors import BadInput

FILE = "credential.json"


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`credential.json`, mode 0600. `agent` and `unit` are empty until the centre has answered the enrolment."""

    url: str
    secret: str
    agent: str = ""
    unit: str = ""
    ca: str = ""
    """PEM file that the centre's certificate must lead to; empty: the system's store."""

    @property
    def authorization(self) -> str:
        return f"Bearer {self.agent}.{self.secret}"

    def tls(self) -> ssl.SSLContext | None:
        """The context to verify the centre with; None for plain HTTP, which is for loopback only.

        Raises:
            BadInput: the address is not allowed, or the pinned CA file cannot be read.
        """
        check_url(self.url)
        if self.url.startswith("http:"):
            return None
        try:
            return ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise BadInput(f"no CA certificates can be read: {error}", where=self.ca) from error


def check_url(url: str) -> None:
    """Refuse what would send a credential in the clear.

    Raises:
        BadInput: neither https, nor http to this machine itself.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and _is_loopback(host):
        return
    todo = "Use https://; plain http:// is for a centre on this very machine (127.0.0.1, ::1, localhost)"
    raise BadInput(f"{url!r} is not an address an agent may report to", todo=todo)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(directory: Path) -> Credential | None:
    """The stored credential; None when there is none.

    Raises:
        BadInput: the file is there and is no credential.
    """
    path = directory / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credential)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(str(error), where=str(path), todo="Enrol again with a new token") from error


def store(directory: Path, credential: Credential) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(directory / FILE, msgspec.json.format(msgspec.json.encode(credential)), 0o600)


def move(directory: Path, credential: Credential, url: str) -> Credential:
    """The credential for a centre that is reached at `url` from now on; stored if that is another address.

    Raises:
        BadInput: the address is not allowed.
    """
    url = url.rstrip("/")
    check_url(url)
    if url == credential.url.rstrip("/"):
        return credential
    moved = msgspec.structs.replace(credential, url=url)
    store(directory, moved)
    return moved
