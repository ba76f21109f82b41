"""Configurations fetched over SSH: from a real router, and from devices that behave badly."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import asyncssh
import msgspec
import psutil
import pytest
import support_routers_ssh
from support_fake_ssh import PASSWORD, USER, At, Device, serving
from support_probes import nobody
from support_routers_ssh import MAY, WHY_NOT, Router, router

from agents.children import output_of
from agents.config.orders import Given
from agents.config.vendors import VENDORS
from agents.loop import Loop
from agents.probes.config import KEYS_FILE, Configs
from agents.secrets import Secrets
from core.clock import SystemClock
from core.values import Check, Result, Status
from inventory.configs.lines import difference
from lab.eoffice.servers import free_port

RUNNING = """\
Building configuration...

Current configuration : 300 bytes
!
! Last configuration change at 10:00:00 UTC Mon Nov 2 2026
!
version 15.1
hostname sw-xa
!
snmp-server community Rat-bi-mat RO
interface Vlan1
 ip address 10.0.0.2 255.255.255.0
!
end"""
KEPT = """\
!
!
version 15.1
hostname sw-xa
!
snmp-server community ••• RO
interface Vlan1
 ip address 10.0.0.2 255.255.255.0
!
end
"""


def cisco(**other: Any) -> Device:
    answers = {"show running-config": RUNNING, "show startup-config": RUNNING, "terminal width 511": ""}
    answers |= other.pop("answers", {})
    return Device("sw-xa#", answers, no_paging=("terminal length 0",), **other)


def check(at: At | int, timeout_ms: int = 60_000, **params: object) -> Check:
    port = at if isinstance(at, int) else at.port
    said = {"vendor": "cisco", "user": USER, "password": PASSWORD, "port": port} | params
    return Check(1, "config", "127.0.0.1", 86_400_000, timeout_ms, said)


def document(result: Result) -> Mapping[str, object]:
    assert result.status is Status.UP, result
    ((kind, body),) = result.documents
    assert kind == "config"
    return body


async def test_what_runs_comes_without_secrets_and_is_compared_with_what_it_would_start_with() -> None:
    async with serving(cisco()) as at:
        result = await Configs().run(check(at))
    assert document(result) == {
        "address": "127.0.0.1",
        "vendor": "cisco",
        "running": KEPT,
        "startup": "",
        "saved": True,
        "draft": "",
        "unconfirmed": False,
        "host_key": at.key.get_fingerprint(),
        "facts": {
            "model": "",
            "serial": "",
            "firmware": "",
            "modules": None,
            "neighbours": None,
            "notes": [f"refused|{question.command}" for question in VENDORS["cisco"].facts],
        },
    }
    assert result.figures == {"config_bytes": len(KEPT.encode()), "config_lines": 10}


async def test_what_is_not_saved_is_told_and_comes_along() -> None:
    other = RUNNING.replace("10.0.0.2", "10.0.0.3")
    async with serving(cisco(answers={"show startup-config": other})) as at:
        result = await Configs().run(check(at))
    assert result.reason == "not saved"
    assert document(result)["startup"] == KEPT.replace("10.0.0.2", "10.0.0.3")


SCREENS = {
    "cisco": (" --More-- ", "\b" * 10 + " " * 10 + "\b" * 10),
    "huawei": ("  ---- More ----", "\x1b[42D" + " " * 42 + "\x1b[42D"),
}


@pytest.mark.parametrize("vendor", SCREENS)
async def test_a_device_that_asks_whether_to_go_on_is_told_to(vendor: str) -> None:
    more, wipe = SCREENS[vendor]
    lines = RUNNING.splitlines()[2:]
    config = "\n".join(lines)
    device = (
        cisco(page=3, more=more, wipe=wipe, pages_always=True)
        if vendor == "cisco"
        else Device(
            "<sw-xa>",
            {VENDORS[vendor].running: config, VENDORS[vendor].startup: config},
            page=3,
            more=more,
            wipe=wipe,
        )
    )
    async with serving(device) as at:
        body = document(await Configs().run(check(at, vendor=vendor)))
    assert str(body["running"]).splitlines()[-4:] == KEPT.splitlines()[-4:]
    assert body["saved"] is True


VENDOR_PROMPTS = {
    "mikrotik": ("[an@xa] > ", {}),
    "huawei": ("<xa>", {"screen-length 0 temporary": "Info: The configuration takes effect"}),
    "h3c": ("<xa>", {"screen-length disable": ""}),
    "juniper": (
        "an@xa> ",
        {
            "set cli screen-width 511": "Screen width set to 511",
            "set cli complete-on-space off": "Disabling complete-on-space",
            "set cli screen-length 0": "Screen length set to 0",
        },
    ),
    "zte": ("xa#", {"terminal length 0": ""}),
    "vyos": ("an@xa:~$ ", {"set terminal width 512": "", "set terminal length 0": ""}),
    "linux": ("an@xa:~$ ", {}),
    "cisco": ("xa#", {"terminal width 511": "", "terminal length 0": ""}),
    "frr": ("xa# ", {"terminal length 0": ""}),
}


def test_every_vendor_has_a_command_line_here() -> None:
    assert set(VENDOR_PROMPTS) == set(VENDORS)


@pytest.mark.parametrize("vendor", VENDOR_PROMPTS)
async def test_every_vendors_command_line_is_understood(vendor: str) -> None:
    prompt, answers = VENDOR_PROMPTS[vendor]
    said = "dong mot\n dong hai\ndong ba"
    commands = {VENDORS[vendor].running: said, VENDORS[vendor].startup: said}
    async with serving(Device(prompt, {**answers, **commands})) as at:
        body = document(await Configs().run(check(at, vendor=vendor)))
    assert body["running"] == f"{said}\n"
    # A file cannot be read here, and Junos tells of its commits only when it is asked for them.
    assert body["saved"] is (True if VENDORS[vendor].startup else None)


NEVER_SAVED = {
    "cisco": "startup-config is not present",
    "zte": "%% Non-volatile configuration memory is not present",
    "h3c": "Error: There is no saved configuration file.",
}


@pytest.mark.parametrize("vendor", NEVER_SAVED)
async def test_a_device_that_was_never_saved_would_start_with_nothing(vendor: str) -> None:
    prompt, answers = VENDOR_PROMPTS[vendor]
    commands = {VENDORS[vendor].running: "hostname xa", VENDORS[vendor].startup: NEVER_SAVED[vendor]}
    async with serving(Device(prompt, {**answers, **commands})) as at:
        result = await Configs().run(check(at, vendor=vendor))
    body = document(result)
    assert (result.reason, body["saved"], body["startup"]) == ("not saved", False, "")


@pytest.mark.parametrize("answer", ["% Invalid input detected at '^' marker.", "", None])
async def test_what_cannot_be_compared_comes_all_the_same(answer: str | None) -> None:
    async def hang_up(process: "asyncssh.SSHServerProcess[str]") -> None:
        process.channel.abort()

    async with serving(cisco(answers={"show startup-config": hang_up if answer is None else answer})) as at:
        result = await Configs().run(check(at))
    body = document(result)
    assert (body["running"], body["saved"]) == (KEPT, None)
    assert result.reason == "not compared|show startup-config"


async def test_who_is_silent_about_what_it_starts_with_still_gives_what_runs() -> None:
    async with serving(cisco(answers={"show startup-config": _half})) as at:
        result = await Configs().run(check(at, 20_000))
    assert document(result)["running"] == KEPT
    assert result.reason == "not compared|show startup-config"


async def test_the_order_of_commands_of_vyos_means_nothing() -> None:
    prompt, answers = VENDOR_PROMPTS["vyos"]
    running = ["set system host-name 'xa'", "set service ssh", "set interfaces loopback lo"]
    vyos = VENDORS["vyos"]
    device = Device(
        prompt, {**answers, vyos.running: "\n".join(running), vyos.startup: "\n".join(running[::-1])}
    )
    async with serving(device) as at:
        assert document(await Configs().run(check(at, vendor="vyos")))["saved"] is True
        device.answers = {
            **device.answers,
            vyos.startup: "\n".join([running[2], "set service telnet", running[0]]),
        }
        body = document(await Configs().run(check(at, vendor="vyos")))
    assert body["saved"] is False
    assert body["startup"] == "set system host-name 'xa'\nset interfaces loopback lo\nset service telnet\n"


JUNOS = "set version 21.4R3\nset system host-name xa\nset system services ssh"
HISTORY = """\
0   2026-11-28 22:41:07 +07 by an via cli{}
    CHG0012345 add a line
{}1   2026-09-12 10:02:55 +07 by an via cli commit confirmed, rollback in 10mins
    rollback pending is only a comment here
2   2026-09-12 10:00:00 +07 by root via other"""
ENTERED = "Entering configuration mode\n{}\n[edit]"


def junos(draft: str = JUNOS, history: str = HISTORY.format("", ""), entered: str | None = None) -> Device:
    prompt, answers = VENDOR_PROMPTS["juniper"]
    juniper = VENDORS["juniper"]
    asked = {juniper.running: JUNOS, juniper.unconfirmed: history}
    entered = ENTERED.format("") if entered is None else entered
    return Device(
        prompt,
        {**answers, **asked},
        unknown="\nunknown command.",
        configuring=("configure", entered, "an@xa# ", {juniper.draft: draft}),
    )


async def test_junos_starts_with_what_is_committed() -> None:
    async with serving(junos()) as at:
        result = await Configs().run(check(at, vendor="juniper"))
    body = document(result)
    assert (result.reason, body["saved"], body["draft"], body["unconfirmed"]) == ("", True, "", False)


async def test_what_is_entered_in_junos_and_not_committed_comes_along_and_stays() -> None:
    device = junos(
        f"{JUNOS}\nset system services telnet", entered=ENTERED.format("The configuration has been changed")
    )
    device.leaving = (
        "The configuration has been changed but not committed\nExit with uncommitted changes? [yes,no] (yes) "
    )
    async with serving(device) as at:
        result = await Configs().run(check(at, vendor="juniper"))
    body = document(result)
    assert (result.reason, body["saved"]) == ("not committed", True)
    assert body["draft"] == f"{JUNOS}\nset system services telnet\n"
    assert not [line for line in device.heard if line.startswith(("commit", "rollback", "load", "delete"))]


async def test_a_commit_of_junos_that_nobody_confirmed_yet_is_told() -> None:
    pending = HISTORY.format(" commit confirmed, rollback in 10mins", "    rollback pending\n")
    async with serving(junos(history=pending)) as at:
        result = await Configs().run(check(at, vendor="juniper"))
    body = document(result)
    assert (result.reason, body["saved"], body["unconfirmed"]) == ("not confirmed", False, True)


async def test_who_may_not_configure_junos_reads_what_is_committed() -> None:
    async with serving(junos(entered="\nunknown command.")) as at:
        result = await Configs().run(check(at, vendor="juniper"))
    assert (result.reason, document(result)["saved"]) == ("not compared|configure", True)


async def test_more_rights_are_asked_for_where_there_is_a_password_for_them() -> None:
    device = cisco(enable="Mat-khau-enable")
    device.prompt = "sw-xa>"
    async with serving(device) as at:
        body = document(await Configs().run(check(at, enable="Mat-khau-enable")))
    assert body["running"] == KEPT
    assert "enable" in device.heard


async def test_a_wrong_password_is_told_as_such() -> None:
    async with serving(cisco()) as at:
        result = await Configs().run(check(at, password="sai-mat-khau"))
    assert (result.status, result.reason) == (Status.DOWN, f"sign-in refused|{USER}")
    assert not result.documents


async def test_nobody_listening_is_told_as_such() -> None:
    with nobody() as port:
        assert (await Configs().run(check(port))).reason == "refused"


async def test_who_speaks_no_ssh_is_told_as_such() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n" * 200)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        result = await Configs().run(check(server.sockets[0].getsockname()[1]))
    assert result.status is Status.DOWN
    assert result.reason.startswith("no SSH|")


async def test_who_takes_the_connection_and_says_nothing_is_told_as_such() -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with server:
        result = await Configs().run(check(server.sockets[0].getsockname()[1], 20_000))
    assert (result.status, result.reason) == (Status.DOWN, "silent|sign-in")


async def test_another_key_is_told_and_gets_no_password(tmp_path: Path) -> None:
    first, second = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    device = cisco()
    async with serving(device, first, free_port()) as at:  # nobody else takes it in between
        document(await Configs(tmp_path).run(check(at)))
    device.heard.clear()
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o077 == 0
    async with serving(device, second, at.port):
        # Another life of the agent, and the same memory.
        result = await Configs(tmp_path).run(check(at))
        assert result.reason == f"host key changed|{second.get_fingerprint()}|{first.get_fingerprint()}"
        assert result.status is Status.DOWN
        assert device.heard == []
        pinned = await Configs(tmp_path).run(check(at, host_key=second.get_fingerprint()))
        document(pinned)
        document(await Configs(tmp_path).run(check(at)))  # the pinned one is the one that is remembered


async def test_a_key_of_another_kind_is_another_key(tmp_path: Path) -> None:
    async with serving(cisco(), asyncssh.generate_private_key("ssh-rsa"), free_port()) as at:
        document(await Configs(tmp_path).run(check(at)))
    async with serving(cisco(), asyncssh.generate_private_key("ssh-ed25519"), at.port):
        assert (await Configs(tmp_path).run(check(at))).reason.startswith("host key changed|")


async def test_keys_that_cannot_be_read_are_not_forgotten(tmp_path: Path) -> None:
    (tmp_path / KEYS_FILE).write_text("{")
    async with serving(cisco()) as at:
        result = await Configs(tmp_path).run(check(at))
    assert (result.status, result.reason) == (Status.UNKNOWN, "not fetched|host keys cannot be read")


async def _half(process: "asyncssh.SSHServerProcess[str]") -> None:
    process.stdout.write("version 15.1\r\nhostname sw")
    await asyncio.Event().wait()


async def _endless(process: "asyncssh.SSHServerProcess[str]") -> None:
    while True:
        process.stdout.write("interface Vlan1\r\n" * 1_000)
        await process.stdout.drain()


async def _closes(process: "asyncssh.SSHServerProcess[str]") -> None:
    process.stdout.write("version 15.1\r\n")
    process.channel.abort()


BAD = {
    "hangs in the middle": (_half, 20_000, "silent|running"),
    "never ends": (_endless, 60_000, "too long|3 MB"),
    "hangs up": (_closes, 60_000, "connection reset"),
    "says nothing": ("", 60_000, "no configuration|empty"),
    "is too long": ("\n".join(f"line {n} {'x' * 90}" for n in range(6_000)), 60_000, "too long|512 KB"),
    "does not know it": (
        "% Invalid input detected at '^' marker.",
        60_000,
        "no configuration|% Invalid input detected at '^' marker.",
    ),
}


@pytest.mark.parametrize("manner", BAD)
async def test_a_device_that(manner: str) -> None:
    answer, timeout_ms, reason = BAD[manner]
    async with serving(cisco(answers={"show running-config": answer})) as at:
        result = await Configs().run(check(at, timeout_ms))
    assert (result.status, result.reason, result.documents) == (Status.DOWN, reason, ())


async def test_an_unknown_vendor_is_a_bad_parameter() -> None:
    result = await Configs().run(check(9, vendor="nobody"))
    assert result.status is Status.UNKNOWN
    assert result.reason.startswith("bad parameter|vendor is one of mikrotik, ")


async def test_a_child_that_was_late_to_start_does_not_say_that_the_device_is_silent() -> None:
    async def late(module: str, *, given: BinaryIO) -> bytes:
        read = msgspec.json.decode(given.read(), type=Given)
        with tempfile.TemporaryFile() as told:
            told.write(msgspec.json.encode(msgspec.structs.replace(read, until=time.monotonic())))
            told.seek(0)
            return await output_of(module, given=told)

    async with serving(cisco()) as at:
        result = await Configs(child=late).run(check(at))
    assert (result.status, result.reason) == (Status.UNKNOWN, "not fetched|timeout")


async def test_the_password_is_nowhere_to_be_seen_while_it_is_used(tmp_path: Path) -> None:
    seen: list[str] = []

    async def look(process: "asyncssh.SSHServerProcess[str]") -> None:
        seen.extend(_told_to_everyone())
        process.stdout.write("version 15.1\r\n")

    async with serving(cisco(answers={"show running-config": look})) as at:
        body = document(await Configs(tmp_path).run(check(at)))
    assert seen
    assert PASSWORD not in "".join(seen)
    assert PASSWORD not in repr(body)
    assert PASSWORD not in (tmp_path / KEYS_FILE).read_text()


def _told_to_everyone() -> Iterator[str]:
    """Arguments and environment of each child that fetches."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "agents.config" in process.cmdline():
                yield f"{process.cmdline()} {process.environ()}"


async def test_a_password_is_a_secret_of_the_plan_and_is_taken_out_of_what_comes(tmp_path: Path) -> None:
    """Even where a device repeats it in a place where no mask looks for it."""
    told: asyncio.Queue[Result] = asyncio.Queue()

    async def sink(_check: int, _at: int, result: Result) -> None:
        await told.put(result)

    secrets = Secrets()
    secrets.take({"mang.sw": PASSWORD})
    async with serving(cisco(answers={"show running-config": f"banner {PASSWORD} here"})) as at:
        loop = Loop({"config": Configs(tmp_path)}, SystemClock(), sink, secrets=secrets)
        loop.take([check(at, password="${secret:mang.sw}")], refused=lambda _: False)
        loop.start(1)
        result = await told.get()
    assert document(result)["running"] == "banner ••• here\n"


async def test_nothing_of_it_is_loaded_in_the_agent_itself() -> None:
    code = (
        "import sys, agents.agent\n"
        "print(sorted({'netmiko', 'paramiko', 'agents.config.fetch', 'agents.config.vendors'} & set(sys.modules)))"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    assert (await child.communicate())[0].strip() == b"[]"


def test_it_is_due_at_night_each_at_another_time() -> None:
    probe = Configs()
    places = [
        probe.place(Check(each, "config", "10.0.0.1", 86_400_000, 60_000, {"vendor": "cisco", "user": "an"}))
        for each in range(50)
    ]
    hours = {place / 3_600_000 for place in places}
    assert min(hours) >= 18
    assert max(hours) < 21
    assert len(hours) > 40


async def test_one_device_is_asked_at_a_time() -> None:
    running, most = 0, 0

    async def child(*_: object, **__: object) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return b'{"running": "x\\n"}'

    probe = Configs(child=child)
    results = await asyncio.gather(*(probe.run(check(port)) for port in range(1, 6)))
    assert [result.status for result in results] == [Status.UP] * 5
    assert most == 1


@pytest.fixture(scope="module")
def frr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    with router(tmp_path_factory.mktemp("frr")) as found:
        yield found


def at_frr(**params: object) -> Check:
    return check(
        support_routers_ssh.PORT,
        60_000,
        **{"vendor": "frr", "user": support_routers_ssh.USER, "password": support_routers_ssh.PASSWORD}
        | params,
    )


@pytest.mark.root
@pytest.mark.skipif(not MAY, reason=WHY_NOT)
@pytest.mark.xdist_group("frr")
class TestARealRouter:
    async def test_gives_its_configuration_and_no_secret(self, frr: Router) -> None:
        running = str(document(await Configs(child=frr.child).run(at_frr()))["running"])
        assert "ip route 10.10.0.0/16 Null0\n" in running
        assert "\npassword •••\nenable password •••\n" in running
        assert not [secret for secret in support_routers_ssh.SECRETS if secret in running]

    async def test_gives_the_same_again_until_it_is_changed(self, frr: Router) -> None:
        probe = Configs(child=frr.child)
        first, again = [document(await probe.run(at_frr())) for _ in range(2)]
        assert first == again
        frr.type("ip route 10.20.0.0/16 Null0")
        other = str(document(await probe.run(at_frr()))["running"])
        assert set(other.splitlines()) - set(str(first["running"]).splitlines()) == {
            "ip route 10.20.0.0/16 Null0"
        }
        frr.type("no ip route 10.20.0.0/16 Null0")

    async def test_tells_what_is_not_in_the_file_that_it_starts_with(self, frr: Router) -> None:
        probe = Configs(child=frr.child)
        frr.save()
        saved = await probe.run(at_frr())
        assert (saved.reason, document(saved)["saved"], document(saved)["startup"]) == ("", True, "")
        frr.type(
            "ip route 10.30.0.0/16 Null0",
            "no ip route 10.10.0.0/16 Null0",
            "interface lo",
            "ip address 10.99.0.2/32",
        )
        changed = await probe.run(at_frr())
        assert changed.reason == "not saved"
        body = document(changed)
        hunks = difference(str(body["startup"]), str(body["running"]), context=0)
        assert {line.sign + line.text for hunk in hunks for line in hunk.lines} == {
            "+ip route 10.30.0.0/16 Null0",
            "-ip route 10.10.0.0/16 Null0",
            "+ ip address 10.99.0.2/32",
        }
        frr.type(
            "no ip route 10.30.0.0/16 Null0",
            "ip route 10.10.0.0/16 Null0",
            "interface lo",
            "no ip address 10.99.0.2/32",
        )
        assert document(await probe.run(at_frr()))["saved"] is True

    async def test_refuses_a_wrong_password(self, frr: Router) -> None:
        result = await Configs(child=frr.child).run(at_frr(password="sai-mat-khau"))
        assert (result.status, result.reason) == (
            Status.DOWN,
            f"sign-in refused|{support_routers_ssh.USER}",
        )

    async def test_with_another_key_is_not_believed(self, frr: Router, tmp_path: Path) -> None:
        document(await Configs(tmp_path, child=frr.child).run(at_frr()))
        kept = (tmp_path / KEYS_FILE).read_text()
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[1]
        mine = kept.split("ssh-ed25519 ")[1].split('"')[0]
        (tmp_path / KEYS_FILE).write_text(kept.replace(mine, other))
        result = await Configs(tmp_path, child=frr.child).run(at_frr())
        assert result.status is Status.DOWN
        assert result.reason.startswith("host key changed|SHA256:")


@pytest.mark.root
@pytest.mark.skipif(not MAY, reason=WHY_NOT)
async def test_a_router_whose_file_cannot_be_had_gives_what_runs_and_says_so(tmp_path: Path) -> None:
    with router(tmp_path, files=False) as found:
        result = await Configs(child=found.child).run(at_frr())
    assert result.reason == "not compared|/etc/frr/frr.conf"
    assert document(result)["saved"] is None
    assert "ip route 10.10.0.0/16 Null0\n" in str(document(result)["running"])


@pytest.mark.root
@pytest.mark.skipif(not MAY, reason=WHY_NOT)
async def test_a_real_linux_gives_the_files_that_make_it_what_it_is(tmp_path: Path) -> None:
    with router(tmp_path, shell="/bin/bash") as found:
        probe = Configs(child=found.child)
        first, again = [document(await probe.run(at_frr(vendor="linux"))) for _ in range(2)]
    running = str(first["running"])
    assert "==> /etc/ssh/sshd_config <==\n" in running
    assert "==> /etc/frr/frr.conf <==\nfrr version 8.4.4\n" in running
    assert "\npassword •••\nenable password •••\n" in running
    assert not [secret for secret in support_routers_ssh.SECRETS if secret in running]
    assert first == again


def test_the_child_is_the_one_that_agents_start() -> None:
    assert Configs()._child is output_of
