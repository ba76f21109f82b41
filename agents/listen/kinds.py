"""What a syslog message says, as a kind of event. Pure.

Vendors word the same thing differently; the patterns follow their manuals: Cisco and Ruijie `%LINK-3-UPDOWN`, Huawei
`IF_STATE`, H3C `PHY_UPDOWN`, Juniper `SNMP_TRAP_LINK_DOWN`, MikroTik and Linux `link down`, HP `port 5 is now off-line`;
UPS: APC's network card, apcupsd and NUT. That somebody changed the configuration: Cisco `%SYS-5-CONFIG_I`, Huawei `CFG_CHANGE`,
H3C `CFGMAN_CFGCHANGED`, Juniper `UI_COMMIT`, MikroTik `system,info … changed by`.
"""

import re
from typing import NamedTuple

from agents.syslog import SEVERITIES, WARNING, Message
from core.told import CONFIGURED, LINK_DOWN, LINK_UP, POWER_BACK, POWER_LOST, RESTARTED, SYSLOG

LONGEST = 300
"""Characters of an event's text."""
_READ = 500
"""Characters in which the words are looked for: long messages take long."""


class Notice(NamedTuple):
    """One of `core.told.TOLD`, and what was said."""

    kind: str
    text: str


_LINK = re.compile(
    r"\binterface\b.{0,80}\b(?:changed (?:state )?to|turned into) (?:administratively )?(?P<a>up|down)\b"
    r"|\blink(?: is| status)?(?: now)? (?P<b>up|down)\b"
    r"|(?<![a-z])link_(?P<c>up|down)\b"
    r"|\bport \S{1,20} is now (?P<d>on|off)-line\b",
    re.IGNORECASE,
)
_POWER_BACK = re.compile(
    r"\bno longer (?:running )?on (?:ups )?batter(?:y|ies)\b|\bmains returned\b|\bups\b.{0,60}\bon (?:line power|mains)\b",
    re.IGNORECASE,
)
_POWER_LOST = re.compile(
    r"\bups\b.{0,60}\bon battery\b|\bon ups batteries\b|\bups\b.{0,60}\bbattery backup power\b", re.IGNORECASE
)
_RESTARTED = re.compile(
    r"%SYS-5-RESTART|\bsystem (?:re)?started\b|\brouter rebooted\b|\bsystem (?:was )?rebooted\b",
    re.IGNORECASE,
)
_CONFIGURED = re.compile(
    r"%SYS-5-CONFIG_I\b|\bCFGMAN_CFGCHANGED\b|\bCFG_CHANGE\b|\bUI_COMMIT(?:_COMPLETED)?\b"
    r"|\bsystem,info\b.{0,120}\b(?:added|changed|removed|moved) by \S"
)


def notice_of(message: Message) -> Notice | None:
    """What is to be told of a message; None when it is only counted."""
    said = f"{message.app}: {message.text}" if message.app else message.text
    kind = _kind(said[:_READ])
    if kind:
        return Notice(kind, said[:LONGEST])
    if message.severity <= WARNING:
        return Notice(SYSLOG, f"{SEVERITIES[message.severity]}: {said}"[:LONGEST])
    return None


def _kind(text: str) -> str:
    if (link := _LINK.search(text)) is not None:
        word = next(group for group in link.groups() if group).lower()
        return LINK_UP if word in ("up", "on") else LINK_DOWN
    if _POWER_BACK.search(text):
        return POWER_BACK
    if _POWER_LOST.search(text):
        return POWER_LOST
    if _RESTARTED.search(text):
        return RESTARTED
    return CONFIGURED if _CONFIGURED.search(text) else ""
