"""The agent's own metrics for Prometheus, on a loopback port. Loaded only where it is asked for."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


class Reading(NamedTuple):
    """The agent at one moment. Counters are totals since the process started, or over the epoch."""

    rss_bytes: int
    cpu_seconds: float
    produced: int
    waiting: int
    dropped: int
    thinned: int
    outbox_bytes: int
    oldest_age_seconds: float
    skipped: int
    reports_sent: int
    reports_refused: int
    send_failures: int
    bytes_sent: int
    clock_error_seconds: float | None
    connected: bool


class _Exposition:
    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        r = self._read()
        counters = {
            "cpu_seconds": ("CPU time of the agent", r.cpu_seconds),
            "results_produced": ("Results measured in this epoch", r.produced),
            "results_dropped": ("Results dropped in this epoch because a bound was hit", r.dropped),
            "results_thinned": ("Results of this epoch that lost their figures to a bound", r.thinned),
            "runs_skipped": ("Runs that were due while the one before had not ended", r.skipped),
            "reports_sent": ("Reports that the centre acknowledged", r.reports_sent),
            "reports_refused": ("Reports that the centre would not take", r.reports_refused),
            "send_failures": ("Reports that got no acknowledgement and are sent again", r.send_failures),
            "sent_bytes": ("Bytes of report bodies sent", r.bytes_sent),
        }
        gauges = {
            "resident_memory_bytes": ("Resident memory of the agent", r.rss_bytes),
            "outbox_results": ("Results that wait to be reported", r.waiting),
            "outbox_bytes": ("Bytes in use in the outbox file", r.outbox_bytes),
            "outbox_oldest_age_seconds": ("Age of the oldest result that waits", r.oldest_age_seconds),
            "channel_connected": ("1 while the channel to the centre is open", float(r.connected)),
        }
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(f"nhip_agent_{name}", text, value=value)
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"nhip_agent_{name}", text, value=value)
        if r.clock_error_seconds is not None:
            text = "Clock of the agent minus that of the centre"
            yield GaugeMetricFamily("nhip_agent_clock_error_seconds", text, value=r.clock_error_seconds)


def serve(port: int, read: Callable[[], Reading]) -> Callable[[], None]:
    """Serve `/metrics` on 127.0.0.1:`port` from a thread of its own; returns what stops it.

    `read` is called in that thread. Raises OSError when the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(_Exposition(read))
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
