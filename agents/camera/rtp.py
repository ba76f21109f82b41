"""Pictures as they come: RTP and RTCP sender reports, RFC 3550. How many frames, how evenly, and when they were taken."""

from dataclasses import dataclass

from core.errors import BadInput

_VERSION, _SENDER_REPORT = 2, 200
_HALF, _ROUND = 1 << 31, 1 << 32
_TO_1970_S = 2_208_988_800
_SEQUENCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Packet:
    """`ends` is the marker: of video, the last packet of a frame. `timestamp` counts ticks of the stream's clock, modulo 2³²."""

    payload: int
    ends: bool
    sequence: int
    timestamp: int
    source: int
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report: at `unix_s` by the sender's clock the stream's clock showed `timestamp`."""

    unix_s: float
    timestamp: int
    source: int


def packet(data: bytes) -> Packet:
    """Raises BadInput where the bytes are no RTP."""
    if len(data) < 12 or data[0] >> 6 != _VERSION:
        raise BadInput("not RTP")
    start = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:  # an extension, its length in words of four bytes
        if len(data) < start + 4:
            raise BadInput("cut short")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    padding = data[-1] if data[0] & 0x20 else 0
    size = len(data) - start - padding
    if size < 0:
        raise BadInput("cut short")
    return Packet(
        payload=data[1] & 0x7F,
        ends=bool(data[1] & 0x80),
        sequence=int.from_bytes(data[2:4], "big"),
        timestamp=int.from_bytes(data[4:8], "big"),
        source=int.from_bytes(data[8:12], "big"),
        size=size,
    )


def report(data: bytes) -> Report | None:
    """The first sender report in a compound RTCP packet, if there is one that tells of a time."""
    at = 0
    while at + 4 <= len(data) and data[at] >> 6 == _VERSION:
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == _SENDER_REPORT and end - at >= 28 and at + 28 <= len(data):
            ntp = int.from_bytes(data[at + 8 : at + 16], "big")
            if ntp:
                return Report(
                    unix_s=ntp / _ROUND - _TO_1970_S,
                    timestamp=int.from_bytes(data[at + 16 : at + 20], "big"),
                    source=int.from_bytes(data[at + 4 : at + 8], "big"),
                )
        at = end
    return None


class Frames:
    """What came of one stream. Seconds are of any clock that does not jump."""

    def __init__(self, payload: int, clock: int) -> None:
        self._payload, self._clock = payload, clock
        self._begun: int | None = None
        self._last: Packet | None = None
        self._report: Report | None = None
        self.whole = 0
        """Frames of which the last packet came."""
        self.packets = self.lost = 0
        self.first_at = self.last_at = 0.0
        self._newest = 0

    def take(self, data: bytes, at: float) -> None:
        """A packet of the stream. What is none, or of another, is passed over."""
        try:
            found = packet(data)
        except BadInput:
            return
        if (
            found.payload != self._payload
            or not found.size
            or (self._last and found.source != self._last.source)
        ):
            return
        if self._last is not None:
            step = (found.sequence - self._last.sequence) % _SEQUENCE
            if 0 < step < _SEQUENCE // 2:
                self.lost += step - 1
            if found.timestamp != self._last.timestamp and not self._last.ends:
                self._end(self._last.timestamp, at)  # some mark no ends: the next frame does
        self._last = found
        self.packets += 1
        if found.ends:
            self._end(found.timestamp, at)

    def learn(self, data: bytes) -> None:
        """A packet of RTCP."""
        self._report = report(data) or self._report

    def age(self, now_unix_s: float) -> float | None:
        """Seconds since the newest frame was taken, by the camera's clock; None while that is not told."""
        if self._report is None or not self.whole:
            return None
        ticks = (self._newest - self._report.timestamp + _HALF) % _ROUND - _HALF
        age = now_unix_s - (self._report.unix_s + ticks / self._clock)
        return (age + _HALF) % _ROUND - _HALF  # eras of NTP: the next begins in 2036

    @property
    def rate(self) -> float | None:
        """Frames a second; None before the second frame."""
        span = self.last_at - self.first_at
        return (self.whole - 1) / span if self.whole > 1 and span > 0 else None

    def _end(self, timestamp: int, at: float) -> None:
        if not self.whole:
            self.first_at = at
        self.whole += 1
        self.last_at, self._newest = at, timestamp
