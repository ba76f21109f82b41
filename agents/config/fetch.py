"""Signs in to a device and reads its configuration, what of it is not kept, and its facts. Runs in a child of the agent, in its main thread.

What runs is what counts: whatever goes wrong after it was read costs only what comes after it.
"""

import signal
from contextlib import ExitStack

import msgspec

from agents.config.facts import Found, Late
from agents.config.keys import BadKey
from agents.config.normal import arranged, normal
from agents.config.orders import LONGEST, Facts, Order, Said
from agents.config.session import (
    BaseConnection,
    Changed,
    FirstMet,
    Gone,
    NetmikoAuthenticationException,
    NetmikoBaseException,
    NetmikoTimeoutException,
    ReadException,
    ReadTimeout,
    fingerprint,
    paramiko,
    signed_in,
    within,
)
from agents.config.vendors import NOTHING_KEPT, REFUSED, ROLLBACK, VENDORS, Vendor
from agents.icmp.refusals import refusal

_ASKING = 20.0
"""Seconds for all facts, of what was left before."""
_COMPARING = 0.8
"""Of the time that is left after what runs was read, for what is compared with it."""
_SHORT = 2_000
"""Characters of an answer in which a refusal is looked for: a configuration may have such words somewhere."""
_LOST = (
    NetmikoBaseException,
    NetmikoTimeoutException,
    paramiko.SSHException,
    paramiko.SFTPError,
    OSError,
    EOFError,
    ValueError,
)


class _Uncompared(Exception):
    """Its text is what was asked in vain."""


def fetch(order: Order) -> Said:
    """Do it; what was expected to go wrong is in `failed`."""
    if (vendor := VENDORS.get(order.vendor)) is None:
        return Said(failed=f"bad parameter|vendor is one of {', '.join(VENDORS)}")
    keys = FirstMet(order)
    stage = ["sign-in"]
    try:
        with ExitStack() as session:
            with within(order.seconds):
                device = session.enter_context(signed_in(order, vendor, keys, stage))
                stage[0] = "running"
                running = _answer(device, vendor, vendor.running, order)
                left = signal.getitimer(signal.ITIMER_REAL)[0]
            told, left = _compared(device, vendor, order, Said(running, host_key=keys.met), left)
            facts = _facts(device, vendor, left) if vendor.facts else None
    except (Gone, BadKey) as error:
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
    if facts is not None and _size(told) + _size(facts) > 2 * LONGEST:
        facts = Facts(notes=["too long|facts"])
    return msgspec.structs.replace(told, facts=facts)


def _answer(device: BaseConnection, vendor: Vendor, command: str, order: Order) -> str:
    said = device.send_command(command, read_timeout=order.seconds)
    text = normal(str(said), vendor)
    if len(text) < _SHORT and (refused := REFUSED.search(text)) is not None:
        raise Gone(
            f"no configuration|{text[refused.start() :].strip().splitlines()[0][:80].replace('|', ' ')}"
        )
    if not text:
        raise Gone("no configuration|empty")
    if len(text.encode()) > LONGEST:
        raise Gone(f"too long|{LONGEST >> 10} KB")
    return text


def _compared(
    device: BaseConnection, vendor: Vendor, order: Order, told: Said, left: float
) -> tuple[Said, float]:
    """With what is known of what is kept, and the time that is left then."""
    if vendor.keeps not in ("saved", "committed") or left <= 0:
        return told, left
    spare, asking = left * (1 - _COMPARING), vendor.startup or vendor.startup_file or vendor.unconfirmed
    try:
        with within(left * _COMPARING):
            if vendor.keeps == "saved":
                told = _saved(device, vendor, order, told)
            else:
                told = _committed(device, vendor, order, told)
            spare += signal.getitimer(signal.ITIMER_REAL)[0]
    except _Uncompared as error:
        told = msgspec.structs.replace(told, uncompared=str(error))
    except (Late, Gone, *_LOST):
        told = msgspec.structs.replace(told, uncompared=asking)
    return told, spare


def _saved(device: BaseConnection, vendor: Vendor, order: Order, told: Said) -> Said:
    if vendor.startup_file:
        startup = normal(_file(device, vendor.startup_file), vendor)
    else:
        said = str(device.send_command(vendor.startup, read_timeout=order.seconds))
        if NOTHING_KEPT.search(said) and len(said) < _SHORT:
            return msgspec.structs.replace(told, saved=False)
        startup = normal(said, vendor)
    if not startup or (len(startup) < _SHORT and REFUSED.search(startup)) or len(startup.encode()) > LONGEST:
        raise _Uncompared(vendor.startup or vendor.startup_file)
    if vendor.any_order:
        startup = arranged(startup, told.running)
    saved = startup == told.running
    return msgspec.structs.replace(told, saved=saved, startup="" if saved else startup)


def _file(device: BaseConnection, path: str) -> str:
    """By SFTP, of which no shell of the device's knows anything."""
    client = device.remote_conn_pre
    if client is None:
        raise _Uncompared(path)
    try:
        with client.open_sftp() as files, files.open(path) as file:
            return bytes(file.read(2 * LONGEST)).decode(errors="replace")
    except _LOST as error:
        raise _Uncompared(path) from error


def _committed(device: BaseConnection, vendor: Vendor, order: Order, told: Said) -> Said:
    said = str(device.send_command(vendor.unconfirmed, read_timeout=order.seconds))
    if len(said) < _SHORT and REFUSED.search(said):
        raise _Uncompared(vendor.unconfirmed)
    unconfirmed = ROLLBACK.search(said.replace("\r", "")) is not None
    told = msgspec.structs.replace(told, unconfirmed=unconfirmed, saved=not unconfirmed)
    draft = normal(_in_configuration_mode(device, vendor.draft, order), vendor)
    if not draft or (len(draft) < _SHORT and REFUSED.search(draft)) or len(draft.encode()) > LONGEST:
        return msgspec.structs.replace(told, uncompared="configure")
    return msgspec.structs.replace(told, draft="" if draft == told.running else draft)


def _in_configuration_mode(device: BaseConnection, command: str, order: Order) -> str:
    """What it answers there; empty where this user may not go there. Others' changes stay as they are."""
    prompt = rf"{device.base_prompt}[>#]\s*$"
    entered = str(device.send_command("configure", expect_string=prompt, read_timeout=order.seconds))
    if "Entering configuration mode" not in entered:
        return ""
    said = str(device.send_command(command, expect_string=prompt, read_timeout=order.seconds))
    device.exit_config_mode()
    # The line above the prompt says where one is.
    return "\n".join(line for line in said.splitlines() if not line.startswith("[edit"))


def _facts(device: BaseConnection, vendor: Vendor, left: float) -> Facts:
    """What it says of itself in the time that is left: who does not answer one command is not asked the next."""
    found, command, why = Found(), "", ""
    try:
        with within(max(0.01, min(left, _ASKING))):
            for question in vendor.facts:
                command = question.command
                said = device.send_command(command, read_timeout=2 * _ASKING)
                found.take(question, vendor.netmiko, str(said))
    except (Late, ReadTimeout):
        why = "silent"
    except Gone:
        why = "too long"
    except _LOST:
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
        if isinstance(cause, Changed | paramiko.BadHostKeyException):
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
