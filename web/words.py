"""Words for what the rest of Nhịp calls by keys: reasons, roles, levels, figures, events.

A key that is not here is shown as it is: the keys are short English, and a new probe must not need a new page.
"""

from collections.abc import Mapping

from web.i18n import Speaker, mark

REASONS: Mapping[str, str] = {
    # of probes
    "breaks": mark("the way breaks at hop {value}, after {last}"),
    "breaks at once": mark("the way breaks at the first hop"),
    "busy": mark("the agent does another measurement now"),
    "centre busy": mark("the centre measures other lines now"),
    "no centre": mark("no centre to measure with"),
    "no measurement": mark("it could not be measured: {value}"),
    "no raw socket": mark("this machine may not trace: {value}"),
    "no network": mark("no network of the unit's own: {value}"),
    "no packet socket": mark("this machine may not look around: {value}"),
    "not asked": mark("the network is too large to be swept: {value}"),
    "not now": mark("measured at night only"),
    "refused request": mark("the agent does not do that: {value}"),
    "slow line": mark("slower than contracted: {value}"),
    "too little arrived": mark("too little arrived to tell"),
    "sweep failed": mark("the sweep failed: {value}"),
    "trace failed": mark("the trace failed: {value}"),
    "bad answer": mark("the answer makes no sense"),
    "bad parameter": mark("the check has a wrong parameter: {value}"),
    "body does not match": mark("the page does not match what is expected"),
    "body lacks text": mark("the page lacks the expected text"),
    "certificate expired": mark("the certificate has expired"),
    "certificate expires soon": mark("the certificate expires in {value} days"),
    "certificate for another name": mark("the certificate is for another name"),
    "certificate not trusted": mark("the certificate is not trusted"),
    "certificate not yet valid": mark("the certificate is not valid yet"),
    "certificate revoked": mark("the certificate was revoked on {value}"),
    "revocation not known": mark("it is not known whether the certificate was revoked: {value}"),
    "certificate unknown": mark("the responder does not know the certificate"),
    "clock off": mark("the clocks are {value} apart"),
    "ends soon": mark("ends in {value}"),
    "no responder": mark("the certificate names no responder"),
    "no signer's certificate": mark("the signer's certificate is not in the answer"),
    "not meant for": mark("the signer's certificate is not meant for {value} alone"),
    "not valid yet": mark("the answer is not valid yet"),
    "not verified": mark("the answer could not be verified: {value}"),
    "bad signature": mark("the signature is wrong"),
    "other certificate": mark("an answer about another certificate"),
    "other imprint": mark("a stamp of something else"),
    "other issuer": mark("the list is another issuer's"),
    "other nonce": mark("an answer to another question"),
    "other policy": mark("a stamp under another policy: {value}"),
    "responder failed": mark("the responder cannot answer: {value}"),
    "responder not authorised": mark("the responder was not authorised by the issuer"),
    "stale": mark("out of date for {value}"),
    "stamp refused": mark("the stamp was refused: {value}"),
    "too large": mark("the answer is larger than {value} bytes"),
    "weak signature": mark("the signature is too weak: {value}"),
    "bad link": mark("the page gives an address that is none"),
    "bad redirect": mark("redirected to an address that is none"),
    "bad value": mark("the page gives a value that cannot be sent as {value}"),
    "header differs": mark("the header {value} is another than expected"),
    "json differs": mark("the answer has another value than expected at {value}"),
    "no form": mark("the page has no form {value}"),
    "no match": mark("the page does not match {value}"),
    "not found": mark("the page lacks the value {value}"),
    "not json": mark("the answer is not JSON"),
    "other page": mark("led to another page than expected: {value}"),
    "page cannot be read": mark("the page is too tangled to be read"),
    "slow step": mark("a step is slow: {value}"),
    "text missing": mark("the page lacks the text “{value}”"),
    "text present": mark("the page has the text “{value}”"),
    "too many redirects": mark("redirected more than {value} times"),
    "unsafe redirect": mark("redirected to another server with what was typed in"),
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
    "proxy refused": mark("the proxy refuses, with status {value}"),
    "proxy unreachable": mark("the proxy cannot be reached: {value}"),
    "bad answer of the proxy": mark("the proxy's answer makes no sense"),
    "refused": mark("the connection was refused"),
    "odd answer": mark("the device answers oddly: {value}"),
    "on battery": mark("runs on battery, minutes left: {value}"),
    "restarted": mark("was restarted {value} ago"),
    "slow": mark("slow: {value}"),
    "silent": mark("takes the connection and then says nothing: {value}"),
    "host key changed": mark("another SSH key ({value}) than before ({last}), so nothing was asked of it"),
    "no SSH": mark("no SSH connection: {value}"),
    "no configuration": mark("no configuration came: {value}"),
    "no prompt": mark("its command line is not understood: {value}"),
    "bad key": mark("the SSH key to sign in with cannot be used"),
    "wrong passphrase": mark("the passphrase does not open the SSH key"),
    "not committed": mark("changes are entered and not committed"),
    "not compared": mark("it is not known whether what runs is saved: no answer to “{value}”"),
    "not confirmed": mark("the last commit is not confirmed: the device goes back by itself"),
    "not saved": mark("what runs is not saved: after a power cut it is lost"),
    "too long": mark("longer than what is taken: {value}"),
    "no picture": mark("no picture: {value}"),
    "no frames": mark("no frame comes"),
    "no video": mark("the camera offers no video"),
    "few frames": mark("only {value} frames a second"),
    "old picture": mark("the picture is {value} old"),
    "not synchronised": mark("the time server has no time itself"),
    "kiss": mark("the time server gives no time: {value}"),
    "stratum": mark("far from a clock: stratum {value}"),
    "far from its source": mark("may be wrong by {value} s"),
    "no message": mark("the inbox is empty"),
    "old message": mark("no mail came in for {value}"),
    "no starttls": mark("the server does not encrypt (no STARTTLS)"),
    "sign-in refused": mark("sign-in refused: {value}"),
    "no sign-in": mark("no known way to sign in: {value}"),
    "unsteady": mark("unsteady: {value} of jitter"),
    "snmp error": mark("the device refuses the question: {value}"),
    "snmp refused": mark("the device refuses the SNMP credential: {value}"),
    "weak certificate": mark("the certificate is too weak: {value}"),
    "status": mark("answered with status {value}"),
    "timeout": mark("no answer in time"),
    "secret missing": mark("the secret {value} is not set"),
    "tls failed": mark("no secure connection: {value}"),
    "ttl exceeded": mark("lost its way (TTL exceeded)"),
    "unknown kind": mark("the agent does not know checks of kind {value}"),
    "unreachable": mark("unreachable"),
    # of verdicts (collector/judge.py)
    "never seen": mark("nothing was ever heard of it"),
    "no news": mark("no evidence for this time"),
    "no contact": mark("its agent fell silent"),
    "router not reached": mark("the centre does not reach its router"),
    "cannot listen": mark("the agent cannot listen on port {value}"),
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
STEP = mark("step “{step}”: {reason}")
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


_OF_REASONS = ("revocation not known", "no picture")
"""Whose argument is a reason as well, but none of these."""


def word(speaker: Speaker, key: str) -> str:
    """The word for a role, a level, a figure or a state of sending."""
    return speaker.gettext(_ALL.get(key, key))


def check_kind(speaker: Speaker, kind: str) -> str:
    """What a check of that kind does."""
    return speaker.gettext(CHECKS.get(kind, kind))


def reason(speaker: Speaker, text: str) -> str:
    """A reason (`key|arg|arg`, `key|arg|#step`) as part of a sentence; empty for none."""
    before, of_step, step = text.rpartition("|#")
    if of_step:
        return speaker.gettext(STEP, step=step, reason=_reason(speaker, before))
    return _reason(speaker, text)


def _reason(speaker: Speaker, text: str) -> str:
    key, bar, value = text.partition("|")
    message = REASONS.get(key)
    if message is None:
        return text.replace("|", ": ", 1).replace("|", ", ")
    if "{value}" not in message:
        return speaker.gettext(message)
    if key in _OF_REASONS and not value.startswith(_OF_REASONS):
        value = reason(speaker, value)
    if key == "certificate revoked":
        value = speaker.day(value)
    if key in ("loss", "slow line"):
        value = _percent(speaker, value)
    if key in ("old message", "old picture"):
        value = _duration(speaker, value)
    if "{last}" in message:
        first, _, last = value.partition("|")
        return speaker.gettext(message, value=first, last=last or "?")
    return speaker.gettext(message, value=value if bar else "?")


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


def _duration(speaker: Speaker, seconds: str) -> str:
    try:
        return speaker.duration(float(seconds) * 1000)
    except ValueError:
        return seconds


def _percent(speaker: Speaker, value: str) -> str:
    try:
        return speaker.percent(float(value), 0)
    except ValueError:
        return value
