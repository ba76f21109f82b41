"""Config: the configuration of a router or switch, read over SSH by a child of the agent (`agents/config/`).

By plan it runs at night only. What a device's key is, is remembered in the agent's directory: another key later is told, and
nothing of password or key goes to who shows it. Whoever changed the device on purpose pins the new key (`host_key`).
"""

import asyncio
import base64
import hashlib
import logging
import os
import time
from pathlib import Path
from typing import Annotated

import msgspec

from agents.children import output_of
from agents.config.orders import Given, Order, Said
from agents.files import write_whole
from agents.probes.errand import Child, answer_of
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family, resolve
from agents.probes.throughput import Night
from core.values import Check, Result, Status

FIGURES = ("config_bytes", "config_lines")
KEYS_FILE = "host_keys.json"
_SPARE_MS = 3_000
"""Of the check's time, for the child to start and to end in."""
_LEAST_MS = 5_000
_KEYS = 2_048
_CHANGED = "host key changed|"
_UNKNOWN = ("not fetched", "bad parameter", "bad key", "wrong passphrase")
_log = logging.getLogger(__name__)


class Params(Night, frozen=True, kw_only=True, forbid_unknown_fields=True):
    vendor: str
    user: str
    password: str = ""
    key: str = ""
    passphrase: str = ""
    enable: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 22
    host_key: str = ""
    family: Family | None = None


class Configs:
    """One device at a time. `child` prints what `agents.config` does, given its order. `directory` is the agent's own."""

    def __init__(self, directory: Path | None = None, child: Child = output_of) -> None:
        self._child, self._turn = child, asyncio.Lock()
        self._path = None if directory is None else directory / KEYS_FILE
        self._keys: dict[str, str] | None = None
        self.run = looks(self._look)

    def place(self, check: Check) -> int:
        """Where in the day it is due: at night, spread by its id."""
        return parameters(check, Params).place(check.id)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        if check.timeout_ms < _SPARE_MS + _LEAST_MS:
            raise BadParameter(f"timeout_ms of a configuration is {_SPARE_MS + _LEAST_MS} or more")
        host = (await resolve(check.target, params.port, params.family))[0]
        place = f"{check.target} {params.port}"
        until = asyncio.get_running_loop().time() + (check.timeout_ms - _SPARE_MS) / 1000
        async with self._turn:
            # Others were before it: what is left has to do.
            left = until - asyncio.get_running_loop().time()
            if left < _LEAST_MS / 2000:
                raise Failed("busy|1", Status.UNKNOWN)
            known = self._known()
            order = Order(
                host,
                params.port,
                params.vendor,
                params.user,
                params.password,
                params.enable,
                known.get(place, ""),
                params.host_key,
                left,
                params.key,
                params.passphrase,
            )
            said = await self._fetch(order)
            if said.host_key and said.host_key != known.get(place):
                await self._remember(place, said.host_key)
        if said.failed.startswith(_CHANGED):
            before = params.host_key or fingerprint(known[place])
            met = {"address": check.target, "key": said.failed.removeprefix(_CHANGED), "before": before}
            return Result(Status.DOWN, f"{said.failed}|{before}", figures, (("host_key", met),))
        if said.failed:
            raise Failed(said.failed, Status.UNKNOWN if said.failed.startswith(_UNKNOWN) else Status.DOWN)
        figures["config_bytes"] = len(said.running.encode())
        figures["config_lines"] = said.running.count("\n")
        body: dict[str, object] = {
            "address": check.target,
            "vendor": params.vendor,
            "running": said.running,
            "startup": said.startup,
            "saved": said.saved,
            "draft": said.draft,
            "unconfirmed": said.unconfirmed,
            "host_key": fingerprint(said.host_key),
        }
        if said.facts is not None:
            body["facts"] = msgspec.to_builtins(said.facts)
        return Result(Status.UP, _worth_a_word(said), figures, (("config", body),))

    async def _fetch(self, order: Order) -> Said:
        with os.fdopen(os.memfd_create("order"), "w+b") as given:
            given.write(msgspec.json.encode(Given(order, time.monotonic() + order.seconds)))
            given.flush()
            given.seek(0)
            printed = self._child("agents.config", given=given)
            return await answer_of(printed, Said, order.seconds + _SPARE_MS * 0.9 / 1000, "not fetched")

    def _known(self) -> dict[str, str]:
        if self._keys is None:
            self._keys = {}
            if self._path is not None and self._path.exists():
                # Where it cannot be read, nothing is fetched: keys would be believed that are not the old ones.
                try:
                    self._keys = msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])
                except (OSError, msgspec.DecodeError) as error:
                    self._keys = None
                    raise Failed("not fetched|host keys cannot be read", Status.UNKNOWN) from error
        return self._keys

    async def _remember(self, place: str, key: str) -> None:
        known = self._known()
        known.pop(place, None)
        known[place] = key
        # The one that was met longest ago is forgotten first.
        self._keys = dict(list(known.items())[-_KEYS:])
        if self._path is not None:
            try:
                await asyncio.to_thread(write_whole, self._path, msgspec.json.encode(self._keys), 0o600)
            except OSError as error:
                _log.warning("keys of devices cannot be written to %s: %s", self._path, error)


def fingerprint(key: str) -> str:
    """Of a key as it is remembered, `TYPE BASE64`, as OpenSSH writes it; empty for none."""
    digest = hashlib.sha256(base64.b64decode(key.partition(" ")[2])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}" if key else ""


def _worth_a_word(said: Said) -> str:
    if said.unconfirmed:
        return "not confirmed"
    if said.saved is False:
        return "not saved"
    if said.draft:
        return "not committed"
    return f"not compared|{said.uncompared}" if said.uncompared else ""
