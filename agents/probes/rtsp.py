"""RTSP: does the camera let a watch account in, and does it give a picture. RFC 2326, over TCP from end to end.

A camera that answers, to a ping and here, and of which no frame comes, is down: `no picture`, and why.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Annotated, ParamSpec, TypeVar
from urllib.parse import urlsplit

import msgspec

from agents.camera import digest, rtp, rtsp, sdp
from agents.probes.certificates import context, warning
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family, resolve
from agents.probes.talk import Talk, deadline, talking
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result, Status

FIGURES = (
    "resolve_seconds",
    "connect_seconds",
    "tls_seconds",
    "describe_seconds",
    "first_frame_seconds",
    "total_seconds",
    "frames",
    "frames_per_second",
    "frame_age_seconds",
    "packets_lost",
    "expires_in_seconds",
    "certificate_days_left",
    "chain_length",
    "weaknesses",
)
_PORTS = {"rtsp": 554, "rtsps": 322}
_MOST_BYTES, _MOST_BODY, _MOST_LINES = 16 << 20, 64 << 10, 64
_PARTING_S = 0.2
_OK, _UNAUTHORISED = 200, 401
P = ParamSpec("P")
T = TypeVar("T")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: str = ""
    password: str = ""
    basic: bool = False
    play: bool = True
    watch_s: Annotated[float, msgspec.Meta(ge=0, le=20)] = 0
    min_frames_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None
    max_frame_age_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    ca_file: str | None = None
    ca: str | None = None
    server_name: str | None = None
    warn_days: Annotated[float, msgspec.Meta(ge=0)] = 30
    family: Family | None = None


class Rtsp:
    """`clock` is the wall clock: frames age by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        until, params = deadline(check), parameters(check, Params)
        host, port, secure = _parse(check.target)
        trust = context(params.ca_file, ca=params.ca) if secure else None
        certificates: list[bytes] = []
        if params.watch_s * 2000 > check.timeout_ms:
            raise BadParameter("watch_s: at most half of timeout_ms")
        began = time.perf_counter()
        address = await resolve(host, port, params.family)
        figures["resolve_seconds"] = time.perf_counter() - began
        async with talking(address, until, figures, most=_MOST_BYTES) as talk:
            if trust is not None:
                certificates = await talk.secure(trust, params.server_name or host, figures)
            session = _Session(talk, check.target, params, figures)
            description = await session.describe()
            if params.play:
                frames = await _seen(session, description)
                self._note(frames, figures)
            await session.leave()
        figures["total_seconds"] = time.perf_counter() - began
        reason = _judge(params, figures) or warning(
            certificates, self._clock.now(), params.warn_days, figures
        )
        return Result(Status.DEGRADED if reason else Status.UP, reason, figures)

    def _note(self, frames: rtp.Frames, figures: dict[str, float]) -> None:
        figures["frames"], figures["packets_lost"] = frames.whole, frames.lost
        if frames.rate is not None:
            figures["frames_per_second"] = frames.rate
        late_s = time.perf_counter() - frames.last_at
        if (age := frames.age(self._clock.now() / 1000 - late_s)) is not None:
            figures["frame_age_seconds"] = age


def _parse(target: str) -> tuple[str, int, bool]:
    """Host, port, and whether it is over TLS."""
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise BadParameter(f"target: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadParameter(f"target {target[:80]!r} is not an rtsp(s) URL")
    if "@" in parts.netloc:
        raise BadParameter("target: the account belongs into user and password")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise BadParameter("target: write what is not ASCII as %XX")
    return parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "rtsps"


async def _seen(session: "_Session", description: sdp.Description) -> rtp.Frames:
    """The frames that come. From here on, whatever fails means that there is no picture."""
    try:
        return await session.play(description)
    except Failed as failed:
        raise Failed(f"no picture|{failed.result.reason}") from failed
    except TimeoutError:
        raise
    except OSError as error:
        raise Failed("no picture|connection reset") from error


def _judge(params: Params, figures: Mapping[str, float]) -> str:
    rate, age = figures.get("frames_per_second", 0), figures.get("frame_age_seconds")
    if params.min_frames_per_second is not None and params.play and rate < params.min_frames_per_second:
        return f"few frames|{rate:.1f}"
    if params.max_frame_age_s is not None and age is not None and age > params.max_frame_age_s:
        return f"old picture|{age:.0f}"
    return ""


class _Session:
    """Questions with numbers; frames that come between the answers are taken on the way."""

    def __init__(self, talk: Talk, url: str, params: Params, figures: dict[str, float]) -> None:
        self._talk, self._url, self._params, self._figures = talk, url, params, figures
        self._asked = self._answered = 0
        self._challenge: digest.Challenge | None = None
        self._named: dict[str, str] = {}
        self._silence = "silent"
        self._into: Callable[[int, bytes], None] = lambda _channel, _data: None

    async def describe(self) -> sdp.Description:
        began = time.perf_counter()
        # Whoever has no word for OPTIONS, or tells strangers nothing, may describe all the same.
        await self._ask("OPTIONS", self._url)
        answer, body = await self._signed_in("DESCRIBE", self._url, {"Accept": "application/sdp"})
        self._figures["describe_seconds"] = time.perf_counter() - began
        base = answer.first("content-base") or answer.first("content-location")
        self._url = _read(rtsp.control, self._url, base)
        return sdp.read(body)

    async def play(self, description: sdp.Description) -> rtp.Frames:
        self._silence = "no picture|silent"
        video = description.video
        if video is None:
            raise Failed("no video")
        stream = _read(rtsp.control, self._url, video.control)
        frames, began = rtp.Frames(video.payload, video.clock), time.perf_counter()
        answer, _ = await self._signed_in(
            "SETUP", stream, {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        )
        self._named = {"Session": rtsp.session(answer)}
        self._into = _sorted_into(frames, *_read(rtsp.channels, answer))
        whole = _read(rtsp.control, self._url, description.control)
        await self._signed_in("PLAY", whole, {"Range": "npt=0.000-"})
        await self._watch(frames)
        self._figures["first_frame_seconds"] = frames.first_at - began
        return frames

    async def leave(self) -> None:
        """Ends politely. A camera that has no word for TEARDOWN showed nevertheless all that it was asked for."""
        if self._named:
            with contextlib.suppress(Failed, OSError):
                async with asyncio.timeout(_PARTING_S):
                    await self._ask("TEARDOWN", self._url)

    async def _watch(self, frames: rtp.Frames) -> None:
        """Until the first frame is whole, and then for as long as was asked for."""
        self._talk.silence = "no picture|no frames"
        while not frames.whole:
            await self._next()
        # From the first frame on, silence is no failure of its own: it shows in the figures.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._params.watch_s):
                while True:
                    await self._next()

    async def _signed_in(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[rtsp.Head, bytes]:
        """The answer to a question that may want an account."""
        answer, body = await self._ask(method, url, headers)
        if answer.code == _UNAUTHORISED:
            self._challenge, self._answered = self._best(answer), 0
            answer, body = await self._ask(method, url, headers)
        if answer.code == _UNAUTHORISED:
            raise Failed(f"sign-in refused|{answer.text}")
        if answer.code != _OK:
            raise Failed(f"status|{answer.text}")
        return answer, body

    def _best(self, answer: rtsp.Head) -> digest.Challenge:
        asked = digest.challenges(answer.all("www-authenticate"))
        if not self._params.user:
            raise Failed(f"sign-in refused|{answer.text}")
        for one in asked:
            if one.scheme == "digest" or (one.scheme == "basic" and self._params.basic):
                return one
        raise Failed(f"no sign-in|{', '.join(one.scheme for one in asked)[:80] or 'none'}")

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> tuple[rtsp.Head, bytes]:
        self._asked += 1
        self._talk.silence = f"{self._silence}|{method}"
        told = {"User-Agent": "nhip-agent", **self._named, **(headers or {})}
        if self._challenge is not None:
            told["Authorization"] = self._authorization(self._challenge, method, url)
        await self._talk.send(rtsp.request(method, url, self._asked, told))
        while True:
            told_back = await self._next()
            if told_back is not None and told_back[0].first("cseq") in ("", str(self._asked)):
                return told_back

    def _authorization(self, challenge: digest.Challenge, method: str, url: str) -> str:
        self._answered += 1
        user, password = self._params.user, self._params.password
        nonce = secrets.token_hex(8)
        told = digest.answer(challenge, user, password, method, url, nonce=nonce, count=self._answered)
        if told is None:
            raise Failed(f"no sign-in|{challenge.scheme} {challenge.algorithm}"[:80])
        return told

    async def _next(self) -> tuple[rtsp.Head, bytes] | None:
        """The next answer; None where it was a packet (RFC 2326 section 10.12), or a question of the camera's."""
        first = await self._talk.exactly(1)
        if first == b"$":
            head = await self._talk.exactly(3)
            self._into(head[0], await self._talk.exactly(int.from_bytes(head[1:], "big")))
            return None
        lines = [first + await self._talk.line()]
        while line := await self._talk.line():
            lines.append(line)
            if len(lines) > _MOST_LINES:
                raise Failed("bad answer|headers without end")
        answer = _read(rtsp.head, lines)
        if (length := _read(rtsp.length, answer)) > _MOST_BODY:
            raise Failed("bad answer|too long")
        body = await self._talk.exactly(length)
        return (answer, body) if answer.code else None


def _sorted_into(frames: rtp.Frames, media: int, control: int) -> Callable[[int, bytes], None]:
    def into(channel: int, data: bytes) -> None:
        if channel == media:
            frames.take(data, time.perf_counter())
        elif channel == control:
            frames.learn(data)

    return into


def _read(parser: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return parser(*args, **kwargs)
    except BadInput as error:
        raise Failed(f"bad answer|{error}") from error
