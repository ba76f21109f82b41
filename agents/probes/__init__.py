"""Probes only look: one file each, one coroutine `run(check) -> Result`, registered by name in PROBES.

The loop (`agents/loop.py`) owns time, deadline, repetition and concurrency. An expected failure (timeout, refused,
wrong answer) is a Result with a reason; parameters that make no sense are `unknown` with a reason.
`docs/probes.md` has every parameter, figure and reason, and how to add a probe.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from agents.listen.receiver import Tell
from agents.probes import (
    config,
    crl,
    dns,
    http,
    icmp,
    imap,
    listen,
    ntp,
    ocsp,
    onvif,
    path,
    relay,
    rtsp,
    scenario,
    smtp,
    snmp,
    sweep,
    tcp,
    throughput,
    timestamp,
    tls,
)
from agents.relay.server import Keep
from core.clock import Clock, SystemClock
from core.values import Check, Result


class Probe(Protocol):
    """What every probe is: a module with `run`, or an object where it needs something to begin with.

    It may have two more, which `agents/loop.py` asks for: `place`, a better time for its checks than any, and `keep`, where
    something of it runs between the runs of its checks and has to end with them.
    """

    async def run(self, check: Check) -> Result: ...


def probes(
    line: throughput.Line | None = None,
    tell: Tell | None = None,
    clock: Clock | None = None,
    keep: Keep | None = None,
    directory: Path | None = None,
) -> Mapping[str, Probe]:
    """Every probe by its kind. `line` leads to the centre: who measures what it carries needs the agent's credential.
    `tell` takes events by the agent's own `clock`, `keep` documents. What is to be
    remembered of devices is in `directory`."""
    wall = SystemClock()
    responder = ocsp.Ocsp(wall)
    return {
        "icmp": icmp,
        "tcp": tcp,
        "dns": dns,
        "http": http.Http(wall),
        "scenario": scenario.Scenario(wall),
        "snmp": snmp,
        "tls": tls.Tls(wall, responder),
        "timestamp": timestamp.Timestamp(wall),
        "ocsp": responder,
        "crl": crl.Crl(wall),
        "smtp": smtp.Smtp(wall),
        "imap": imap.Imap(wall),
        "ntp": ntp.Ntp(),
        "rtsp": rtsp.Rtsp(wall),
        "onvif": onvif.Onvif(wall),
        "path": path.Paths(),
        "sweep": sweep.Sweeps(),
        "listen": listen.Listen(tell, clock or wall),
        "relay": relay.Relays(keep, clock or wall),
        "config": config.Configs(directory),
        "throughput": throughput.Throughput(line, wall),
    }


PROBES: Mapping[str, Probe] = probes()
"""Without a centre."""
