"""Words for what the rest of Nhịp calls by keys: reasons, roles, levels, figures, events.

A key that is not here is shown as it is: the keys are short English, and a new probe must not need a new page.
"""

from collections.abc import Mapping

from web.i18n import Speaker, mark

REASONS: Mapping[str, str] = {
    # of probes
    "bad answer": mark("the answer makes no sense"),
    "bad parameter": mark("the check has a wrong parameter: {value}"),
    "body does not match": mark("the page does not match what is expected"),
    "body lacks text": mark("the page lacks the expected text"),
    "certificate expired": mark("the certificate has expired"),
    "certificate expires soon": mark("the certificate expires in {value} days"),
    "certificate for another name": mark("the certificate is for another name"),
    "certificate not trusted": mark("the certificate is not trusted"),
    "certificate not yet valid": mark("the certificate is not valid yet"),
    "certificate refused": mark("the certificate is refused: {value}"),
    "connection reset": mark("the connection was broken off"),
    "duplicates": mark("replies arrive more than once"),
    "failed": mark("sending failed: {value}"),
    "host unreachable": mark("the host is unreachable"),
    "loss": mark("{value} of packets lost"),
    "name not found": mark("the name does not exist"),
    "name not resolved": mark("the name cannot be resolved"),
    "network unreachable": mark("the network is unreachable"),
    "no answer": mark("an answer without records"),
    "no icmp socket": mark("this machine may not ping: {value}"),
    "no source address": mark("this machine has no address to send from"),
    "other answer": mark("another answer than expected: {value}"),
    "packet refused": mark("a router refused the packet"),
    "packet too big": mark("the packet is too big for the line"),
    "port unreachable": mark("the port is unreachable"),
    "probe failed": mark("the probe itself failed: {value}"),
    "prohibited": mark("prohibited by a firewall"),
    "protocol unreachable": mark("the protocol is unreachable"),
    "rcode": mark("the name server answered {value}"),
    "refused": mark("the connection was refused"),
    "on battery": mark("runs on battery, minutes left: {value}"),
    "restarted": mark("was restarted {value} ago"),
    "slow": mark("slow: {value}"),
    "snmp error": mark("the device refuses the question: {value}"),
    "snmp refused": mark("the device refuses the SNMP credential: {value}"),
    "status": mark("answered with status {value}"),
    "timeout": mark("no answer in time"),
    "tls failed": mark("no secure connection: {value}"),
    "ttl exceeded": mark("lost its way (TTL exceeded)"),
    "unknown kind": mark("the agent does not know checks of kind {value}"),
    "unreachable": mark("unreachable"),
    # of verdicts (collector/judge.py)
    "never seen": mark("nothing was ever heard of it"),
    "no news": mark("no evidence for this time"),
    "no contact": mark("its agent fell silent"),
    "router not reached": mark("the centre does not reach its router"),
    "line checks fail": mark("it reaches neither hub nor centre"),
    "one way": mark("only one side of the line answers: {value}"),
    "check down": mark("failing: {value}"),
    "check degraded": mark("degraded: {value}"),
    "planned": mark("planned maintenance"),
    "power": mark("power cut"),
    # of results that were received and not taken
    "future": mark("dated in the future"),
    "before enrolment": mark("dated before the agent was enrolled"),
    "unknown check": mark("of a check that is not known"),
    "unknown status": mark("with a status that is not known"),
}
ROLES: Mapping[str, str] = {
    "lan": mark("LAN"),
    "hub": mark("Line to the hub"),
    "line": mark("Line"),
    "internet": mark("Internet"),
    "service": mark("Service"),
    "device": mark("Device"),
}
LEVELS: Mapping[str, str] = {
    "province": mark("Province"),
    "department": mark("Department"),
    "district": mark("District"),
    "commune": mark("Commune"),
}
USER_ROLES: Mapping[str, str] = {
    "viewer": mark("Viewer"),
    "technician": mark("Technician"),
    "manager": mark("Manager"),
    "operator": mark("Operator"),
    "admin": mark("Administrator"),
}
FIGURES: Mapping[str, str] = {
    "loss_ratio": mark("packets lost"),
    "rtt_min_seconds": mark("RTT, least"),
    "rtt_median_seconds": mark("RTT, median"),
    "rtt_mean_seconds": mark("RTT, mean"),
    "rtt_max_seconds": mark("RTT, most"),
    "jitter_seconds": mark("jitter"),
    "duplicates": mark("duplicates"),
    "uptime_seconds": mark("running for"),
    "ups_on_battery": mark("on battery"),
    "ups_charge_ratio": mark("battery charge"),
    "ups_minutes_left": mark("minutes left on battery"),
    "connect_seconds": mark("connecting"),
    "query_seconds": mark("answer of the name server"),
    "resolve_seconds": mark("resolving the name"),
    "tls_seconds": mark("TLS"),
    "first_byte_seconds": mark("first byte"),
    "total_seconds": mark("whole page"),
    "body_bytes": mark("size"),
    "status_code": mark("status"),
    "handshake_seconds": mark("TLS handshake"),
    "expires_in_seconds": mark("certificate valid for"),
    "chain_length": mark("certificates in the chain"),
}
CHANGES: Mapping[str, str] = {
    "opened": mark("opened"),
    "closed": mark("closed"),
    "revised": mark("revised"),
    "retracted": mark("retracted"),
}
SENDING: Mapping[str, str] = {
    "waiting": mark("waiting"),
    "sent": mark("sent"),
    "failed": mark("given up"),
    "cancelled": mark("cancelled"),
}
_ALL = {**SENDING, **CHANGES, **FIGURES, **USER_ROLES, **LEVELS, **ROLES}


def word(speaker: Speaker, key: str) -> str:
    """The word for a role, a level, a figure or a state of sending."""
    return speaker.gettext(_ALL.get(key, key))


def reason(speaker: Speaker, text: str) -> str:
    """A reason (`key|arg|arg`) as part of a sentence; empty for none."""
    key, bar, value = text.partition("|")
    message = REASONS.get(key)
    if message is None:
        return text.replace("|", ": ", 1).replace("|", ", ")
    if "{value}" not in message:
        return speaker.gettext(message)
    if key == "loss":
        value = _percent(speaker, value)
    return speaker.gettext(message, value=value if bar else "?")


def figure(speaker: Speaker, name: str, value: float) -> str:
    """A figure's value in the unit that its name ends in."""
    if name.endswith("_seconds"):
        return speaker.seconds(value)
    if name.endswith("_ratio"):
        return speaker.percent(value, 1)
    if name.endswith("_bytes"):
        return speaker.bytes(value)
    return speaker.number(value, 0 if value == int(value) else 2)


def _percent(speaker: Speaker, value: str) -> str:
    try:
        return speaker.percent(float(value), 0)
    except ValueError:
        return value
