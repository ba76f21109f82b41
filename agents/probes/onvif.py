"""ONVIF: does the camera let a watch account in, what is it, and how far is its clock from this machine's.

ONVIF Core Specification: GetSystemDateAndTime, which needs no account, and GetDeviceInformation; who asks is told by
WS-Security's digest, at the time of the device's own clock, and by HTTP's where the device wants that.
"""

import re
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Annotated

import msgspec

from agents.camera import digest, soap
from agents.probes.certificates import context, warning
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family
from agents.probes.urls import Url, parse
from agents.probes.web.lines import PHASES, Lines, Way
from agents.probes.web.messages import Answer, Request
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result, Status

FIGURES = (
    *PHASES,
    "sign_in_seconds",
    "total_seconds",
    "offset_seconds",
    "expires_in_seconds",
    "certificate_days_left",
    "chain_length",
    "weaknesses",
)
_PATH, _MOST_BYTES = "/onvif/device_service", 64 << 10
_OK, _UNAUTHORISED = 200, 401
_REFUSALS = frozenset({"NotAuthorized", "FailedAuthentication", "InvalidSecurity", "OperationProhibited"})
_RECORDER = re.compile(r"(?<![A-Z])[DNXH]VR", re.IGNORECASE)
_TELL_AGAIN_MS, _MOST_TOLD = 6 * 3_600_000, 1_024


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: str = ""
    password: str = ""
    max_offset_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    ca_file: str | None = None
    ca: str | None = None
    warn_days: Annotated[float, msgspec.Meta(ge=0)] = 30
    family: Family | None = None

    def __post_init__(self) -> None:
        if not (self.user + self.password).isprintable():
            raise ValueError("a sign that no name or password may have")


class Onvif:
    """`clock` is the wall clock that the camera's is compared with."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[tuple[int, str], tuple[Mapping[str, str], int]] = {}
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params, url = parameters(check, Params), _url(check.target)
        trust = partial(context, params.ca_file, ca=params.ca)
        began = time.perf_counter()
        async with Lines(Way(trust, params.family), keep=True) as lines:
            device = _Device(lines, url, params, figures, self._clock)
            await device.compare_clocks()
            known = await device.information()
            if "offset_seconds" not in figures and params.user:
                await device.compare_clocks(signed=True)
        figures["total_seconds"] = time.perf_counter() - began
        certificates = lines.chains.get(url.origin, [])
        reason = warning(certificates, self._clock.now(), params.warn_days, figures)
        offset = figures.get("offset_seconds")
        if offset is not None and abs(offset) > params.max_offset_seconds:
            reason = f"clock off|{offset:+.0f}"
        status = Status.DEGRADED if reason else Status.UP
        return Result(status, reason, figures, self._document(check, url, known))

    def _document(
        self, check: Check, url: Url, known: Mapping[str, str]
    ) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """What the device is, when it is seen first, when that changed, and now and then."""
        key, now = (check.id, check.target), self._clock.now()
        told, at = self._told.get(key, ({}, 0))
        if not known or (told == known and now - at < _TELL_AGAIN_MS):
            return ()
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[key] = (known, now)
        kind = "recorder" if _RECORDER.search(known.get("model", "")) else "camera"
        body = {name: value for name, value in known.items() if name != "hardware"}
        return (("device", {"address": url.host, "kind": kind, **body}),)


def _url(target: str) -> Url:
    """The device service: where it usually is, if only a host (and port) is given.

    Raises:
        BadParameter: it is none.
    """
    if "://" not in target:
        target = f"http://{target}"
    if "@" in target.partition("://")[2].partition("/")[0]:
        raise BadParameter("target: the account belongs into user and password")
    if "/" not in target.partition("://")[2]:
        target += _PATH
    return parse(target)


class _Device:
    def __init__(
        self, lines: Lines, url: Url, params: Params, figures: dict[str, float], clock: Clock
    ) -> None:
        self._lines, self._url, self._params = lines, url, params
        self._figures, self._clock = figures, clock
        self._ahead_ms = 0

    async def compare_clocks(self, *, signed: bool = False) -> None:
        """Note how far the device's clock is ahead. Some tell no stranger the time, whatever the specification says."""
        before = self._clock.now()
        answer = await self._ask("GetSystemDateAndTime", self._security() if signed else "")
        middle = (before + self._clock.now()) // 2
        if answer.status == _UNAUTHORISED:
            return
        told = _read(answer)
        if soap.fault(told) is not None:
            return
        try:
            theirs = soap.clock(told)
        except BadInput as error:
            raise Failed(f"bad answer|{error}") from error
        if theirs is not None:
            # It tells whole seconds: on the average, half of one has passed since.
            self._ahead_ms = theirs + 500 - middle
            self._figures["offset_seconds"] = self._ahead_ms / 1000

    async def information(self) -> Mapping[str, str]:
        """What the device is.

        Raises:
            Failed: it lets nobody in with this account, or does not answer.
        """
        began, action = time.perf_counter(), "GetDeviceInformation"
        answer = await self._ask(action, self._security())
        if answer.status == _UNAUTHORISED and self._params.user:
            answer = await self._ask(action, self._security(), self._authorization(answer))
        if answer.status == _UNAUTHORISED:
            raise Failed(f"sign-in refused|{_words(answer)}")
        told = _read(answer)
        if (fault := soap.fault(told)) is not None:
            words = " ".join(fault).strip()
            raise Failed(f"sign-in refused|{words}" if fault[0] in _REFUSALS else f"status|{words}")
        if answer.status != _OK:
            raise Failed(f"status|{answer.status}")
        if not (known := soap.information(told)):
            raise Failed("bad answer|no information")
        if self._params.user:
            self._figures["sign_in_seconds"] = time.perf_counter() - began
        return known

    async def _ask(self, action: str, security: str = "", authorization: str = "") -> Answer:
        headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{soap.DEVICE}/{action}"'}
        if authorization:
            headers["Authorization"] = authorization
        request = Request("POST", self._url, headers, soap.question(action, security))
        return await self._lines.ask(request, _MOST_BYTES, self._figures)

    def _security(self) -> str:
        if not self._params.user:
            return ""
        nonce, now = secrets.token_bytes(16), self._clock.now() + self._ahead_ms
        return soap.security(self._params.user, self._params.password, nonce, now)

    def _authorization(self, answer: Answer) -> str:
        asked = digest.challenges(value for name, value in answer.headers if name == "www-authenticate")
        best = next((one for one in asked if one.scheme == "digest"), None)
        if best is None:
            raise Failed(f"sign-in refused|{_words(answer)}")
        user, password = self._params.user, self._params.password
        told = digest.answer(best, user, password, "POST", self._url.path, nonce=secrets.token_hex(8))
        if told is None:
            raise Failed(f"no sign-in|{best.scheme} {best.algorithm}"[:80])
        return told


def _read(answer: Answer) -> Mapping[str, str]:
    body = answer.plain(_MOST_BYTES)
    if not answer.whole:
        raise Failed("bad answer|too long")
    try:
        return soap.read(body)
    except BadInput as error:
        if answer.status != _OK:
            raise Failed(f"status|{answer.status}") from error
        raise Failed(f"bad answer|{error}") from error


def _words(answer: Answer) -> str:
    """Why nobody is let in: the device's own words, if it has any."""
    try:
        code, words = soap.fault(soap.read(answer.plain(_MOST_BYTES))) or ("", "")
    except BadInput:
        code, words = "", ""
    return f"{code} {words}".strip() or str(answer.status)
