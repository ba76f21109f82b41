"""Devices of other makers to sign in to: a command line of data, served by asyncssh, with their habits and bad manners."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import asyncssh

USER, PASSWORD = "giamsat", "Mat-khau-thiet-bi"
Misbehave = Callable[["asyncssh.SSHServerProcess[str]"], Awaitable[None]]
END = "\r\n"


@dataclass(slots=True)
class Device:
    """What it prints as `prompt`, and what it answers to each command; a function may do anything instead.

    `page`: so many lines at a time, each screen followed by `more`, wiped away with `wipe` when it was answered; a
    device with `pages_always` does not let itself be told otherwise.
    """

    prompt: str
    answers: Mapping[str, str | Misbehave]
    unknown: str = "% Invalid input detected at '^' marker."
    page: int = 0
    more: str = " --More-- "
    wipe: str = "\b" * 10 + " " * 10 + "\b" * 10
    no_paging: tuple[str, ...] = ()
    pages_always: bool = False
    enable: str = ""
    configuring: tuple[str, str, str, Mapping[str, str]] | None = None
    """The command that leads into configuration mode, what is said then, the prompt there, and what it answers there."""
    leaving: str = ""
    """What is asked of who leaves it."""
    keys: tuple[str, ...] = ()
    """Public halves of the keys that USER signs in with; then no password does."""
    heard: list[str] = field(default_factory=list)
    """Every line that was typed."""


@dataclass(frozen=True, slots=True)
class At:
    port: int
    key: asyncssh.SSHKey


@contextlib.asynccontextmanager
async def serving(device: Device, key: asyncssh.SSHKey | None = None, port: int = 0) -> AsyncIterator[At]:
    """The device on 127.0.0.1; USER signs in with PASSWORD."""
    key = key or asyncssh.generate_private_key("ssh-ed25519")

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return not device.keys

        def validate_password(self, username: str, password: str) -> bool:
            # RouterOS takes words about the terminal after the name.
            return username.partition("+")[0] == USER and password == PASSWORD

    async def handle(process: "asyncssh.SSHServerProcess[str]") -> None:
        with contextlib.suppress(asyncssh.Error, ConnectionError):
            await _serve(device, process)
            process.exit(0)

    listener = await asyncssh.create_server(
        Server,
        "127.0.0.1",
        port,
        server_host_keys=[key],
        authorized_client_keys=asyncssh.import_authorized_keys("\n".join(device.keys))
        if device.keys
        else None,
        process_factory=handle,
        line_editor=False,
        encoding="utf-8",
    )
    try:
        yield At(listener.get_port(), key)
    finally:
        listener.close()
        # Whoever hangs in a session of a device that says nothing is not waited for.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listener.wait_closed(), 2)


async def _serve(device: Device, process: "asyncssh.SSHServerProcess[str]") -> None:
    paging, prompt, configuring = bool(device.page), device.prompt, False
    process.stdout.write(f"{END}{prompt}")
    while (line := await _line(process)) is not None:
        device.heard.append(line)
        process.stdout.write(END)
        if line in ("exit", "quit"):
            return
        if line == "enable" and device.enable:
            process.stdout.write("Password: ")
            if await _line(process, echo=False) == device.enable:
                prompt = prompt.replace(">", "#")
            process.stdout.write(END)
        elif device.configuring and (configuring or line == device.configuring[0]):
            configuring = await _configure(device, process, line)
            prompt = device.configuring[2] if configuring else device.prompt
        elif line in device.no_paging:
            paging = paging and device.pages_always
        elif line:
            answer = device.answers.get(line, device.unknown)
            if callable(answer):
                await answer(process)
            else:
                await _print(device, process, answer, paging)
        process.stdout.write(prompt)


async def _configure(device: Device, process: "asyncssh.SSHServerProcess[str]", line: str) -> bool:
    """A line that leads into configuration mode, or is typed there; whether one is there then."""
    assert device.configuring is not None
    begin, entered, _, answers = device.configuring
    if line == begin:
        process.stdout.write(entered.replace("\n", END) + END)
        return "Entering" in entered
    if line != "exit configuration-mode":
        if line:
            await _print(device, process, answers.get(line, device.unknown), paging=False)
        process.stdout.write(f"{END}[edit]{END}")
        return True
    if device.leaving:
        process.stdout.write(device.leaving.replace("\n", END))
        await _line(process)
        process.stdout.write(END)
    process.stdout.write(f"Exiting configuration mode{END}{END}")
    return False


async def _print(
    device: Device, process: "asyncssh.SSHServerProcess[str]", answer: str, paging: bool
) -> None:
    lines = answer.splitlines()
    for number, each in enumerate(lines):
        if paging and number and number % device.page == 0:
            process.stdout.write(device.more)
            while await process.stdin.read(1) not in (" ", ""):
                pass
            process.stdout.write(device.wipe)
        process.stdout.write(f"{each}{END}")


async def _line(process: "asyncssh.SSHServerProcess[str]", *, echo: bool = True) -> str | None:
    """A line as it is typed, echoed sign by sign; None when nobody types any more."""
    text = ""
    while sign := await process.stdin.read(1):
        if sign == "\r":
            continue  # some end a line with two signs
        if sign == "\n":
            return text.strip()
        text += sign
        if echo:
            process.stdout.write(sign)
    return None
