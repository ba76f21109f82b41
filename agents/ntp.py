"""NTP as a client sees it: packets, and what an answer says of the two clocks. RFC 5905.

The request tells nothing but a random number in the place of its time: the server gives it back, and who cannot see it cannot
answer in the server's name. When it was sent, and when the answer came, only this side knows.
"""

from dataclasses import dataclass

from agents.listen.legible import legible
from core.errors import BadInput

SIZE = 48
"""Bytes of a packet without extensions."""
_CLIENT, _SERVER, _VERSION = 3, 4, 4
_TO_1970_S = 2_208_988_800
_ERA_S = 1 << 32
_UNSYNCHRONISED_LEAP, _UNSYNCHRONISED_STRATUM = 3, 16


@dataclass(frozen=True, slots=True)
class Packet:
    """Times are NTP's own: 32 bits of seconds since 1900, modulo 2³², and 32 of their fraction. Delay and dispersion in seconds."""

    leap: int
    mode: int
    stratum: int
    root_delay: float
    root_dispersion: float
    reference: bytes
    originate: int
    receive: int
    transmit: int

    @property
    def kiss(self) -> str:
        """The code of a kiss-o'-death (section 7.4): why there is no time. Empty where the packet is none."""
        code = self.reference.rstrip(b"\0")
        if self.stratum == 0 and len(code) in (3, 4) and code.isalnum() and code.isupper():
            return legible(code)
        return ""

    @property
    def synchronised(self) -> bool:
        """Whether the server has the time from anywhere. Stratum 16 is sent as 0 by many."""
        return self.leap != _UNSYNCHRONISED_LEAP and 0 < self.stratum < _UNSYNCHRONISED_STRATUM

    @property
    def root_distance(self) -> float:
        """How wrong the server may be at most, in seconds, as it reckons: half of the way to its source, and what has come since."""
        return self.root_delay / 2 + self.root_dispersion


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds. The server's clock less ours is `offset`, wrong by half of `delay` at most."""

    offset: float
    delay: float


def request(token: int) -> bytes:
    """A client's packet; `token` is a random number of 64 bits, which the answer has as `originate`."""
    return bytes([_VERSION << 3 | _CLIENT]) + bytes(39) + token.to_bytes(8, "big")


def read(data: bytes, token: int) -> Packet:
    """The answer to the request with that token. Raises BadInput where it is none; what follows the packet is passed over."""
    if len(data) < SIZE:
        raise BadInput("too short")
    packet = Packet(
        leap=data[0] >> 6,
        mode=data[0] & 7,
        stratum=data[1],
        root_delay=int.from_bytes(data[4:8], "big", signed=True) / 65536,
        root_dispersion=int.from_bytes(data[8:12], "big") / 65536,
        reference=data[12:16],
        originate=int.from_bytes(data[24:32], "big"),
        receive=int.from_bytes(data[32:40], "big"),
        transmit=int.from_bytes(data[40:48], "big"),
    )
    if packet.mode != _SERVER or not 1 <= data[0] >> 3 & 7 <= _VERSION or packet.originate != token:
        raise BadInput("not an answer to this request")
    return packet


def measured(packet: Packet, sent_ns: int, received_ns: int) -> Measured:
    """Section 8: both clocks compared. Times of ours are nanoseconds since 1970.

    Raises:
        BadInput: the server sends no time, or one from before the request came.
    """
    if not packet.receive or not packet.transmit:
        raise BadInput("no time")
    arrived, left = _unix_ns(packet.receive, sent_ns), _unix_ns(packet.transmit, sent_ns)
    if left < arrived:
        raise BadInput("its times run backwards")
    offset = ((arrived - sent_ns) + (left - received_ns)) / 2
    return Measured(offset / 1e9, max(0, (received_ns - sent_ns) - (left - arrived)) / 1e9)


def _unix_ns(time: int, near_ns: int) -> int:
    """Of the eras (136 years each, the next begins in 2036), the one that puts `time` nearest to `near_ns`."""
    ns = ((time >> 32) - _TO_1970_S) * 10**9 + ((time & 0xFFFFFFFF) * 10**9 >> 32)
    return ns + round((near_ns - ns) / (_ERA_S * 10**9)) * _ERA_S * 10**9
