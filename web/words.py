"""Words for what the rest of Nhịp calls by keys: roles, levels, figures, events; for reasons see `web.reasons`.

A key that is not here is shown as it is: the keys are short English, and a new probe must not need a new page.
"""

from collections.abc import Mapping

from web.i18n import Speaker, mark

ROLES: Mapping[str, str] = {
    "lan": mark("LAN"),
    "hub": mark("Line to the hub"),
    "line": mark("Line"),
    "internet": mark("Internet"),
    "service": mark("Service"),
    "device": mark("Device"),
    "survey": mark("Measured for people"),
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
    "ups_load_ratio": mark("load of the UPS"),
    "cpu_ratio": mark("processor"),
    "memory_used_ratio": mark("memory in use"),
    "temperature_celsius": mark("temperature (°C)"),
    "supply_volts": mark("supply (V)"),
    "pages_printed": mark("pages printed"),
    "interface_up": mark("connected"),
    "in_bits_per_second": mark("in"),
    "out_bits_per_second": mark("out"),
    "utilisation_ratio": mark("utilisation"),
    "errors_per_second": mark("errors a second"),
    "discards_per_second": mark("discards a second"),
    "connect_seconds": mark("connecting"),
    "query_seconds": mark("answer of the name server"),
    "resolve_seconds": mark("resolving the name"),
    "tls_seconds": mark("TLS"),
    "greeting_seconds": mark("greeting"),
    "rest_seconds": mark("reading and the rest"),
    "sign_in_seconds": mark("sign-in"),
    "stratum": mark("stratum"),
    "describe_seconds": mark("describing the picture"),
    "first_frame_seconds": mark("first frame"),
    "frames": mark("frames"),
    "frames_per_second": mark("frames a second"),
    "frame_age_seconds": mark("age of the picture"),
    "packets_lost": mark("packets that are missing"),
    "root_distance_seconds": mark("greatest error of the clock"),
    "leap": mark("leap second"),
    "open_seconds": mark("opening the inbox"),
    "newest_message_age_seconds": mark("age of the newest message"),
    "first_byte_seconds": mark("first byte"),
    "step_seconds": mark("step"),
    "steps_done": mark("steps done"),
    "total_seconds": mark("in all"),
    "body_bytes": mark("size"),
    "status_code": mark("status"),
    "handshake_seconds": mark("TLS handshake"),
    "expires_in_seconds": mark("certificate valid for"),
    "certificate_days_left": mark("days until the certificate ends"),
    "offset_seconds": mark("difference of the clocks"),
    "accuracy_seconds": mark("accuracy of the stamp"),
    "age_seconds": mark("age"),
    "next_update_seconds": mark("until the next update"),
    "entries": mark("entries"),
    "weaknesses": mark("weaknesses in the chain"),
    "chain_length": mark("certificates in the chain"),
    "hops": mark("hops"),
    "config_bytes": mark("size of the configuration"),
    "config_lines": mark("lines of the configuration"),
    "messages": mark("messages"),
    "dropped": mark("messages passed over"),
    "malformed": mark("messages that cannot be read"),
    "rtt_seconds": mark("RTT"),
    "reached": mark("reached"),
    "down_bits_per_second": mark("to the unit"),
    "up_bits_per_second": mark("from the unit"),
}
KINDS: Mapping[str, str] = {
    "router": mark("router"),
    "switch": mark("switch"),
    "firewall": mark("firewall"),
    "access point": mark("access point"),
    "wireless controller": mark("wireless controller"),
    "ups": mark("UPS"),
    "pdu": mark("power strip"),
    "sensor": mark("sensor"),
    "printer": mark("printer"),
    "camera": mark("camera"),
    "recorder": mark("video recorder"),
    "server": mark("server"),
    "pc": mark("PC"),
    "storage": mark("storage"),
    "management": mark("management board"),
    "device": mark("device"),
}
OWNERS: Mapping[str, str] = {
    "gateway": mark("Gateway of the LAN"),
    "router": mark("Router of the unit"),
    "hub": mark("Hub"),
    "parent": mark("Router of the unit above"),
    "centre": mark("Monitoring centre"),
    "target": mark("Target"),
    "provider": mark("Provider"),
}
EVENTS: Mapping[str, str] = {
    # of devices (core/told.py)
    "link down": mark("link lost"),
    "link up": mark("link back"),
    "power lost": mark("power lost"),
    "power back": mark("power back"),
    "restarted": mark("started anew"),
    "configuration changed": mark("configuration changed"),
    "trap": mark("SNMP trap"),
    "syslog": mark("syslog message"),
    "unreadable messages": mark("messages that cannot be read"),
    "too many messages": mark("too many messages"),
    # of the agent itself
    "agent fault": mark("fault in the agent"),
    "clock jumped": mark("clock jumped"),
    "inventory dropped": mark("inventory dropped"),
    "inventory refused": mark("inventory refused"),
    "outbox could not be written": mark("outbox could not be written"),
    "outbox set aside": mark("outbox set aside"),
    "report refused": mark("report refused"),
    "results dropped": mark("results dropped"),
    "samples dropped": mark("figures dropped"),
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
CHECKS: Mapping[str, str] = {
    "icmp": mark("ping"),
    "tcp": mark("TCP connection"),
    "dns": mark("name resolution"),
    "http": mark("web page"),
    "tls": mark("certificate (TLS)"),
    "scenario": mark("scenario of steps"),
    "smtp": mark("sending mail (SMTP)"),
    "imap": mark("reading mail (IMAP)"),
    "ntp": mark("clock (NTP)"),
    "rtsp": mark("camera picture (RTSP)"),
    "onvif": mark("camera device (ONVIF)"),
    "timestamp": mark("time stamp (RFC 3161)"),
    "ocsp": mark("certificate status (OCSP)"),
    "crl": mark("revocation list (CRL)"),
}
_ALL = {**EVENTS, **OWNERS, **SENDING, **CHANGES, **FIGURES, **USER_ROLES, **LEVELS, **ROLES}


def word(speaker: Speaker, key: str) -> str:
    """The word for a role, a level, a figure or a state of sending."""
    return speaker.gettext(_ALL.get(key, key))


def check_kind(speaker: Speaker, kind: str) -> str:
    """What a check of that kind does."""
    return speaker.gettext(CHECKS.get(kind, kind))


def figure(speaker: Speaker, name: str, value: float) -> str:
    """A figure's value in the unit that its name ends in."""
    if name.endswith("_seconds"):
        return speaker.seconds(value)
    if name.endswith("_ratio"):
        return speaker.percent(value, 1)
    if name.endswith("_bytes"):
        return speaker.bytes(value)
    if name.endswith("_bits_per_second"):
        return bits(speaker, value)
    return speaker.number(value, 0 if value == int(value) else 2)


def bits(speaker: Speaker, value: float) -> str:
    """A rate, in bits a second."""
    for size, unit in ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")):
        if value >= size:
            return f"{speaker.number(value / size, 1)} {unit}"
    return f"{speaker.number(value, 0)} bit/s"
