"""Words for reasons: why a check found what it found, a verdict is what it is, a message was not sent.

A key that is not here is shown as it is, as in `web.words`.
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
_OF_REASONS = ("revocation not known", "no picture")
"""Whose argument is a reason as well, but none of these."""


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
