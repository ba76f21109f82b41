"""A session with a device: netmiko's driver of its vendor, over a line that is watched. Runs in a child of the agent, in its main thread.

netmiko waits in many places, each with a time of its own: an alarm holds for all of it. What comes is counted as it comes,
since a device may say more than there is memory.
"""

import base64
import hashlib
import signal
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # paramiko names ciphers that are on their way out, for devices that have no other
    import paramiko
    from netmiko import BaseConnection, NetmikoAuthenticationException, NetmikoTimeoutException
    from netmiko.channel import Channel, SSHChannel
    from netmiko.exceptions import NetmikoBaseException, ReadException, ReadTimeout
    from netmiko.ssh_dispatcher import CLASS_MAPPER

from agents.config.facts import Late
from agents.config.keys import private_key
from agents.config.orders import Order
from agents.config.pager import Pager
from agents.config.vendors import Vendor

__all__ = [
    "BaseConnection",
    "Changed",
    "FirstMet",
    "Gone",
    "NetmikoAuthenticationException",
    "NetmikoBaseException",
    "NetmikoTimeoutException",
    "ReadException",
    "ReadTimeout",
    "fingerprint",
    "paramiko",
    "signed_in",
    "within",
]

_RAW = 3 << 20
"""Bytes of all that a device says: two configurations, with what is wiped away again."""
_CONNECTING = 0.5
"""Of the time for all."""


class Gone(Exception):
    """There is no configuration; its text is the reason."""


class Changed(paramiko.SSHException):  # type: ignore[misc] # it has no types
    """The device's key is not the one that it should be; `key` is."""

    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("host key changed")
        self.key = key


class FirstMet(paramiko.MissingHostKeyPolicy):  # type: ignore[misc] # as above
    """Takes the key of a device that none is known of, or that has the pinned fingerprint; refuses any other."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.met = order.host_key

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        del client, hostname
        order = self._order
        if fingerprint(key) != order.pinned if order.pinned else order.host_key:
            self.met = ""
            raise Changed(key)
        self.met = f"{key.get_name()} {key.get_base64()}"


class _Line(SSHChannel):
    """What goes to a device and comes from it: only so much, and without the questions of a pager."""

    def __init__(self, inner: SSHChannel) -> None:
        super().__init__(inner.remote_conn, inner.encoding)
        self._left, self._pager = _RAW, Pager()

    def read_buffer(self) -> str:
        while data := super().read_buffer():
            self._left -= len(data)
            if self._left < 0:
                raise Gone(f"too long|{_RAW >> 20} MB")
            text = self._pager.read(data)
            if self._pager.asked:
                self.write_channel(" ")
            if text:
                return text
        if self.remote_conn is None or self.remote_conn.closed or self.remote_conn.eof_received:
            # netmiko would wait for more until time is up.
            raise ReadException("closed by the device")
        return ""


class _Careful(BaseConnection):
    """Goes before netmiko's driver of a vendor: believes only the right key, and reads only so much."""

    order: Order
    keys: FirstMet
    _line: Channel

    @property
    def channel(self) -> Channel:
        return self._line

    @channel.setter
    def channel(self, made: Channel) -> None:
        assert isinstance(made, SSHChannel)  # noqa: S101 - for the type checker: no other is asked for
        self._line = _Line(made)

    def _connect_params_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = super()._connect_params_dict()
        if self.order.key and not self.order.password:
            # Else an empty one is tried after the key, and counts as an attempt to break in.
            found["password"] = None
        return found

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = super()._build_ssh_client()
        order = self.order
        if order.host_key and not order.pinned:
            name = order.host if order.port == paramiko.config.SSH_PORT else f"[{order.host}]:{order.port}"
            kind, _, text = order.host_key.partition(" ")
            client.get_host_keys().add(
                name, kind, paramiko.PKey.from_type_string(kind, base64.b64decode(text))
            )
        client.set_missing_host_key_policy(self.keys)
        return client


def fingerprint(key: paramiko.PKey) -> str:
    """As OpenSSH writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


@contextmanager
def signed_in(order: Order, vendor: Vendor, keys: FirstMet, stage: list[str]) -> Iterator[BaseConnection]:
    """The device at its command line. `stage` has one text, which says how far it came.

    Raises:
        BadKey: the key to sign in with cannot be used. The device was not spoken to.
    """
    key = private_key(order.key, order.passphrase) if order.key else None
    # A device that is not there is told from one that takes the connection and says nothing.
    line = socket.create_connection((order.host, order.port), timeout=order.seconds * _CONNECTING)
    driver = type("Device", (_Careful, CLASS_MAPPER[vendor.netmiko]), {"order": order, "keys": keys})
    device: BaseConnection = driver(
        device_type=vendor.netmiko,
        host=order.host,
        port=order.port,
        username=order.user,
        password=order.password,
        pkey=key,
        secret=order.enable,
        sock=line,
        # The alarm comes first.
        conn_timeout=2 * order.seconds,
        banner_timeout=2 * order.seconds,
        auth_timeout=2 * order.seconds,
        auto_connect=False,
    )
    try:
        device._open()
        if order.enable:
            stage[0] = "enable"
            device.enable()
        yield device
    finally:
        # Not `disconnect`: it sends words, and waits for answers.
        device.paramiko_cleanup()
        line.close()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Late is raised when it takes longer, wherever it is then."""

    def late(_number: int, _frame: FrameType | None) -> Any:
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
