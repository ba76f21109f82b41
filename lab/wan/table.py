"""`nhip lab wan status`, as lines of text."""

from collections.abc import Iterator, Mapping
from typing import Any

from lab.wan.province import Province
from lab.wan.record import alive


def status_lines(province: Province, *, everything: bool) -> Iterator[str]:
    """What is up, and each line: its conditions towards the unit and back, and what became of its packets."""
    record, usage = province.record, province.relay.usage()
    running = [process for process in record.processes if alive(process)]
    yield (
        f"{len(province.layout.sites)} units, {len(record.namespaces)} namespaces ({record.run}-…), "
        f"{len(record.agents)} agents; {len(running)} of {len(record.processes)} processes run"
    )
    if record.port:
        yield f"wall: https://127.0.0.1:{record.port}/"
    yield f"relay: {usage['rss_bytes'] / 2**20:.0f} MB, {usage['cpu_seconds']:.1f} CPU-s"
    counters = province.relay.counters()
    yield f"{'line':12} {'way':5} {'conditions':44} {'passed':>9} {'lost':>7} {'cut':>7} {'queue':>7}"
    shown = 0
    for name, ways in province.relay.conditions().items():
        for way, key in (("down", "ab"), ("up", "ba")):
            text, counts = describe(ways[key]), counters[name][key]
            if text or everything:
                shown += 1
                dropped = counts["overflowed"] + counts["overrun"] + counts["failed"]
                yield (
                    f"{name:12} {way:5} {text or 'good':44} {counts['forwarded']:9} {counts['lost']:7} "
                    f"{counts['cut']:7} {dropped:7}"
                )
    if not shown:
        yield "all lines are good"


def describe(conditions: Mapping[str, Any]) -> str:
    """Conditions of one direction for people; empty when there is no trouble."""
    parts = []
    if conditions["cut"]:
        parts.append("cut")
    if conditions["delay_ms"] or conditions["jitter_ms"]:
        parts.append(f"delay {conditions['delay_ms']:g} ± {conditions['jitter_ms']:g} ms")
    if conditions["loss"]:
        parts.append(f"loss {conditions['loss']:.1%}")
    if conditions["rate_bps"]:
        parts.append(f"{conditions['rate_bps'] / 1000:g} kbit/s")
    return ", ".join(parts)
