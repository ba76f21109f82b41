"""What the agent and its child that fetches a configuration say to each other: one JSON object each way."""

import msgspec

LONGEST = 512 << 10
"""Bytes of a configuration that is kept: two of them fit into a report, however little they can be compressed."""


class Order(msgspec.Struct, frozen=True):
    """One fetch. It comes on the child's standard input, from memory: it has the password in it."""

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


class Said(msgspec.Struct, frozen=True):
    """What the child found. Configurations are normal (`agents.config.normal`)."""

    running: str = ""
    startup: str = ""
    saved: bool | None = None
    """Whether it would start with what runs; None where the vendor has no such difference."""
    host_key: str = ""
    """As in Order: the key it has, told also where nothing else could be had. Empty when it was not seen, or not believed."""
    failed: str = ""
