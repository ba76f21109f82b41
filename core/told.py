"""The kinds of what devices tell of themselves (traps, syslog), as `core.wire.Event` carries them."""

from collections.abc import Mapping

LINK_DOWN, LINK_UP = "link down", "link up"
POWER_LOST, POWER_BACK = "power lost", "power back"
RESTARTED = "restarted"
CONFIGURED = "configuration changed"
TRAP, SYSLOG = "trap", "syslog"
UNREADABLE, TOO_MANY = "unreadable messages", "too many messages"

TOLD: Mapping[str, str] = {
    LINK_DOWN: "an interface of the device lost its link",
    LINK_UP: "an interface of the device has its link again",
    POWER_LOST: "a UPS feeds from its battery",
    POWER_BACK: "a UPS feeds from the mains again",
    RESTARTED: "the device was started anew",
    CONFIGURED: "somebody changed the configuration of the device",
    TRAP: "any other trap",
    SYSLOG: "a syslog message of severity warning or worse",
    UNREADABLE: "how much of what the device sent was no message, and why",
    TOO_MANY: "how many messages of the device were passed over, since it sent too many",
}
"""Every kind, with what it means."""

EVIDENCE = frozenset({LINK_DOWN, LINK_UP, POWER_LOST, POWER_BACK, RESTARTED})
"""Kinds that say something of why a line or a unit was lost. A flood of the others never takes their place."""
