"""Signs in to a device and reads its configuration, then its facts, with netmiko. Runs in a child of the agent, in its main thread.

netmiko waits in many places, each with a time of its own: an alarm holds for all of it. What comes is counted as it comes,
since a device may say more than there is memory.
"""

import base64
import hashlib
import signal
import socket
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import msgspec

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # paramiko names ciphers that are on their way out, for devices that have no other
    import paramiko
    from netmiko import BaseConnection, NetmikoAuthenticationException, NetmikoTimeoutException
    from netmiko.channel import Channel, SSHChannel
    from netmiko.exceptions import NetmikoBaseException, ReadException, ReadTimeout
    from netmiko.ssh_dispatcher import CLASS_MAPPER

from agents.config.facts import Found, Late
from agents.config.normal import normal
from agents.config.orders import LONGEST, Facts, Order, Said
from agents.config.pager import Pager
from agents.config.vendors import REFUSED, VENDORS, Vendor
from agents.icmp.refusals import refusal

_RAW = 3 << 20
"""Bytes of all that a device says: two configurations, with what is wiped away again."""
_ASKING = 20.0
"""Seconds for all facts, of what the configuration left."""
_CONNECTING = 0.5
"""Of the time for all."""
_SHORT = 2_000
"""Characters of an answer in which a refusal is looked for: a configuration may have such words somewhere."""


class _Gone(Exception):
    """There is no configuration; its text is the reason."""


class _Changed(paramiko.SSHException):  # type: ignore[misc] # it has no types
    """The device's key is not the one that it should be; `key` is."""

    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("host key changed")
        self.key = key


class _FirstMet(paramiko.MissingHostKeyPolicy):  # type: ignore[misc] # as above
    """Takes the key of a device that none is known of, or that has the pinned fingerprint; refuses any other."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.met = order.host_key

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        del client, hostname
        order = self._order
        if fingerprint(key) != order.pinned if order.pinned else order.host_key:
            self.met = ""
            raise _Changed(key)
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
                raise _Gone(f"too long|{_RAW >> 20} MB")
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
    keys: _FirstMet
    _line: Channel

    @property
    def channel(self) -> Channel:
        return self._line

    @channel.setter
    def channel(self, made: Channel) -> None:
        assert isinstance(made, SSHChannel)  # noqa: S101 - for the type checker: no other is asked for
        self._line = _Line(made)

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


def fetch(order: Order) -> Said:
    """Do it; what was expected to go wrong is in `failed`."""
    if (vendor := VENDORS.get(order.vendor)) is None:
        return Said(failed=f"bad parameter|vendor is one of {', '.join(VENDORS)}")
    keys = _FirstMet(order)
    stage = ["sign-in"]
    try:
        with ExitStack() as session:
            with _within(order.seconds):
                device = session.enter_context(_signed_in(order, vendor, keys, stage))
                stage[0] = "running"
                running = _answer(device, vendor, vendor.running, order)
                stage[0] = "startup"
                startup = _answer(device, vendor, vendor.startup, order) if vendor.startup else None
                left = signal.getitimer(signal.ITIMER_REAL)[0]
            # Whatever goes wrong from here on: the configuration is there.
            facts = _facts(device, vendor, left) if vendor.facts else None
    except _Gone as error:
        return Said(host_key=keys.met, failed=str(error))
    except (Late, ReadTimeout):
        return Said(host_key=keys.met, failed=f"silent|{stage[0]}")
    except NetmikoAuthenticationException:
        return Said(host_key=keys.met, failed=f"sign-in refused|{order.user}")
    except (NetmikoBaseException, NetmikoTimeoutException, paramiko.SSHException, OSError, EOFError) as error:
        return Said(host_key=keys.met, failed=_reason(error, stage[0]))
    except ValueError as error:
        # So netmiko says that it found no prompt. Its text may quote what the device said.
        return Said(
            host_key=keys.met,
            failed=f"no prompt|{stage[0]}" if "prompt" in str(error) else f"odd answer|{stage[0]}",
        )
    saved = None if startup is None else startup == running
    told = Said(running, "" if saved or startup is None else startup, saved, keys.met)
    if facts is not None and _size(told) + _size(facts) > 2 * LONGEST:
        facts = Facts(notes=["too long|facts"])
    return msgspec.structs.replace(told, facts=facts)


@contextmanager
def _signed_in(order: Order, vendor: Vendor, keys: _FirstMet, stage: list[str]) -> Iterator[BaseConnection]:
    # A device that is not there is told from one that takes the connection and says nothing.
    line = socket.create_connection((order.host, order.port), timeout=order.seconds * _CONNECTING)
    driver = type("Device", (_Careful, CLASS_MAPPER[vendor.netmiko]), {"order": order, "keys": keys})
    device: BaseConnection = driver(
        device_type=vendor.netmiko,
        host=order.host,
        port=order.port,
        username=order.user,
        password=order.password,
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


def _answer(device: BaseConnection, vendor: Vendor, command: str, order: Order) -> str:
    said = device.send_command(command, read_timeout=order.seconds)
    text = normal(str(said), vendor)
    if len(text) < _SHORT and (refused := REFUSED.search(text)) is not None:
        raise _Gone(
            f"no configuration|{text[refused.start() :].strip().splitlines()[0][:80].replace('|', ' ')}"
        )
    if not text:
        raise _Gone("no configuration|empty")
    if len(text.encode()) > LONGEST:
        raise _Gone(f"too long|{LONGEST >> 10} KB")
    return text


def _facts(device: BaseConnection, vendor: Vendor, left: float) -> Facts:
    """What it says of itself in the time that is left: who does not answer one command is not asked the next."""
    found, command, why = Found(), "", ""
    try:
        with _within(max(0.01, min(left, _ASKING))):
            for question in vendor.facts:
                command = question.command
                said = device.send_command(command, read_timeout=2 * _ASKING)
                found.take(question, vendor.netmiko, str(said))
    except (Late, ReadTimeout):
        why = "silent"
    except _Gone:
        why = "too long"
    except (
        NetmikoBaseException,
        NetmikoTimeoutException,
        paramiko.SSHException,
        OSError,
        EOFError,
        ValueError,
    ):
        why = "lost"
    if why:
        found.notes.append(f"{why}|{command}")
    return found.facts()


def _size(message: msgspec.Struct) -> int:
    return len(msgspec.json.encode(message))


def _reason(error: BaseException, stage: str) -> str:
    """What lies behind netmiko's own errors, which are others' in disguise, says what it was."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NetmikoTimeoutException):
            cause = cause.__context__
            continue
        if isinstance(cause, _Changed | paramiko.BadHostKeyException):
            return f"host key changed|{fingerprint(cause.key)}"
        if isinstance(cause, ReadException):
            return "connection reset"
        if isinstance(cause, OSError):
            return "timeout" if isinstance(cause, TimeoutError) else refusal(cause)
        if isinstance(cause, EOFError):
            return "connection reset"
        if isinstance(cause, paramiko.SSHException):
            return f"no SSH|{str(cause)[:80].replace('|', ' ')}"
        cause = cause.__context__
    return f"silent|{stage}"


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def late(_number: int, _frame: FrameType | None) -> Any:
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
