"""What the agent and its child that fetches a configuration say to each other: one JSON object each way."""

import msgspec

LONGEST = 512 << 10
"""Bytes of a configuration that is kept: two of them fit into a report, however little they can be compressed."""


class Order(msgspec.Struct, frozen=True):
    """One fetch. It comes on the child's standard input, from memory: it has the password, or the key, in it."""

    host: str
    """A literal address."""
    port: int
    vendor: str
    user: str
    password: str
    enable: str
    """The password for more rights, where the vendor has such a thing; empty: none is asked for."""
    host_key: str
    """The key that the device had before, `TYPE BASE64`; empty when it is met for the first time."""
    pinned: str
    """The fingerprint that its key has to have, `SHA256:…`; empty: `host_key` decides."""
    seconds: float
    """For all of it."""
    key: str = ""
    """The private key to sign in with; empty: the password is."""
    passphrase: str = ""
    """What opens it; empty where it is open."""


class Given(msgspec.Struct, frozen=True):
    """What the child reads: the order, and when its time is over by the machine's monotonic clock, in seconds. On a machine that
    is slow or busy the child's own start takes a good part of it."""

    order: Order
    until: float


class Module(msgspec.Struct, frozen=True, order=True):
    """A part of a device, a member of its stack, or a transceiver in it. What is not known is empty, here and below."""

    name: str
    """What the device calls it, or where it is."""
    model: str
    serial: str


class Neighbour(msgspec.Struct, frozen=True, order=True):
    """A device at the other end of a cable, as it says by LLDP (on MikroTik also by CDP and MNDP)."""

    port: str
    """Of the device that was asked."""
    name: str
    remote: str
    """The neighbour's port."""
    address: str


class Facts(msgspec.Struct, frozen=True):
    """What a device says of itself. `modules` and `neighbours` are in order, without doubles; None: it did not say."""

    model: str = ""
    serial: str = ""
    firmware: str = ""
    modules: list[Module] | None = None
    neighbours: list[Neighbour] | None = None
    notes: list[str] = []
    """What could not be had, `reason|command`."""


class Said(msgspec.Struct, frozen=True):
    """What the child found. Configurations are normal (`agents.config.normal`)."""

    running: str = ""
    startup: str = ""
    saved: bool | None = None
    """Whether it would start with what runs; None where the vendor has no such difference, or where that could not be asked."""
    draft: str = ""
    """What is entered and not in effect yet, the whole configuration with it; empty where nothing is."""
    unconfirmed: bool = False
    """What runs is taken back by the device itself unless somebody confirms it."""
    uncompared: str = ""
    """Why `saved` or `draft` could not be asked."""
    host_key: str = ""
    """As in Order: the key it has, told also where nothing else could be had. Empty when it was not seen, or not believed."""
    failed: str = ""
    facts: Facts | None = None
    """None where nothing is asked of this vendor."""
