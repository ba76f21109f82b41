"""`GET /metrics`: what the centre knows, in Prometheus' text format. Read anew from the views at each scrape.

A unit of which nothing is known has no `nhip_unit_up`: absence is what Prometheus calls unknown, and alerts on it
are written with `absent`; `nhip_unit_state` says so in words.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from alerts import outbox
from collector.services.reads import ServiceReads
from collector.views import EpochCount, Views
from core.values import Status
from inventory.state import State
from web.auth.guard import NotSignedIn, public, user_of
from web.context import Context, context_of
from web.service_metrics import of_services

router = APIRouter(include_in_schema=False)

UNIT = ["code", "name", "level", "parent"]
TOTALS = ("produced", "received", "duplicated", "dropped", "refused")

COLLECTOR: Mapping[str, str] = {
    "channels": "Channels of agents that are open now",
    "checkpoints_total": "Times that the evidence in memory was written to the state store",
    "documents_refused_total": "Inventory documents that could not be taken",
    "figures_not_finite_total": "Figures left out because they were no finite numbers",
    "inbox_bytes": "Size of the journal of reports",
    "inbox_rows": "Reports in the journal that are not taken in yet",
    "ingest_failures_total": "Times that taking in had to be tried again",
    "ingest_seconds_total": "Time spent taking in",
    "inventories_refused_total": "Posts of inventory agents to the centre itself that were not taken",
    "inventories_taken_total": "Inventories that came to the centre itself",
    "judgements_total": "Times that a unit was judged",
    "reports_duplicated_total": "Reports that came again and changed nothing",
    "reports_refused_total": "Reports that could not be taken",
    "reports_total": "Reports taken in",
    "results_refused_total": "Results of good reports that could not be taken",
    "results_total": "Results taken in",
    "samples_refused_total": "Samples that could not be taken",
    "samples_total": "Samples stored",
    "watch_steps_total": "Steps of the watch, which judges what has changed",
}
"""The collector's own counters (`_total`) and gauges, since its start: name in `Views.counters()`, and meaning."""


class Exposition(Collector):
    """Everything of one scrape. Times are seconds since 1970, as Prometheus has them."""

    def __init__(self, views: Views, services: ServiceReads, state: State, streams: int) -> None:
        self._views, self._services, self._state, self._streams = views, services, state, streams

    def collect(self) -> Iterator[Metric]:
        yield from self._units()
        yield from of_services(self._services)
        yield from _agents(self._views)
        yield from _collector(self._views.counters())
        yield from self._alerts()
        streams = GaugeMetricFamily("nhip_event_streams", "Pages that listen to changes now")
        streams.add_metric([], self._streams)
        yield streams

    def _units(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("nhip_unit_up", "1: the unit is up or degraded, 0: down", labels=UNIT)
        state = GaugeMetricFamily("nhip_unit_state", "1 for the unit's state now", labels=["code", "state"])
        uptime = GaugeMetricFamily(
            "nhip_unit_uptime_ratio", "Time up over time known, in the last period", labels=["code", "period"]
        )
        unknown = GaugeMetricFamily(
            "nhip_unit_unknown_ratio",
            "Time unknown over all time, in the last period",
            labels=["code", "period"],
        )
        for unit in self._views.wall():
            for status in Status:
                state.add_metric([unit.code, status], float(unit.status is status))
            if unit.status is not Status.UNKNOWN:
                labels = [unit.code, unit.name, unit.level, unit.parent or ""]
                up.add_metric(labels, float(unit.status is not Status.DOWN))
            for period, one in self._views.uptimes(unit.code).items():
                if one.ratio is not None:
                    uptime.add_metric([unit.code, period], one.ratio)
                if one.end > one.start:
                    unknown.add_metric([unit.code, period], one.unknown / (one.end - one.start))
        yield from (up, state, uptime, unknown)
        yield from self._verdicts()

    def _verdicts(self) -> Iterator[Metric]:
        outages = CounterMetricFamily("nhip_unit_outages", "Outages by cause", labels=["code", "cause"])
        for (code, cause), count in sorted(self._views.outage_counts().items()):
            outages.add_metric([code, cause], count)
        flaps = GaugeMetricFamily(
            "nhip_unit_flapping_changes",
            "Changes within the last hour of a unit that flaps, else 0",
            labels=["code"],
        )
        rtt = GaugeMetricFamily(
            "nhip_link_rtt_seconds", "Median RTT of the newest look", labels=["code", "side"]
        )
        loss = GaugeMetricFamily(
            "nhip_link_loss_ratio", "Packets lost in the newest look", labels=["code", "side"]
        )
        for unit in self._views.wall():
            flaps.add_metric([unit.code], unit.flapping)
            seen: set[str] = set()
            for check in self._views.checks(unit.code):
                side = "unit" if check.vantage == check.about else "centre"
                if check.role != "line" or side in seen:
                    continue
                seen.add(side)
                for figure, metric in (("rtt_median_seconds", rtt), ("loss_ratio", loss)):
                    if figure in check.figures:
                        metric.add_metric([unit.code, side], check.figures[figure].value)
        yield from (outages, flaps, rtt, loss)

    def _alerts(self) -> Iterator[Metric]:
        messages = GaugeMetricFamily("nhip_alert_messages", "Messages of alerts by state", labels=["state"])
        for name, count in outbox.counts(self._state).items():
            messages.add_metric([name], count)
        yield messages


def _agents(views: Views) -> Iterator[Metric]:
    labels = ["agent", "unit"]
    seen = GaugeMetricFamily(
        "nhip_agent_last_seen_timestamp_seconds", "Last sign of the agent", labels=labels
    )
    connected = GaugeMetricFamily("nhip_agent_connected", "1: its channel is open", labels=labels)
    results = CounterMetricFamily(
        "nhip_agent_results", "Accounting of results, over all epochs", labels=["agent", "what"]
    )
    waiting = GaugeMetricFamily("nhip_agent_results_waiting", "Results still at the agent", labels=labels)
    missing = GaugeMetricFamily(
        "nhip_agent_results_missing", "Results that nobody can explain", labels=labels
    )
    clock = GaugeMetricFamily(
        "nhip_agent_clock_error_seconds", "The agent's clock less the centre's", labels=labels
    )
    memory = GaugeMetricFamily("nhip_agent_resident_memory_bytes", "As the agent says", labels=labels)
    for agent in views.agents():
        names = [agent.agent, agent.unit]
        connected.add_metric(names, float(agent.connected))
        if agent.last_seen is not None:
            seen.add_metric(names, agent.last_seen / 1000)
        if agent.clock_error is not None:
            clock.add_metric(names, agent.clock_error / 1000)
        if agent.rss_bytes is not None:
            memory.add_metric(names, agent.rss_bytes)
        for what in TOTALS:
            results.add_metric([agent.agent, what], sum(_count(epoch, what) for epoch in agent.epochs))
        waiting.add_metric(names, sum(epoch.waiting for epoch in agent.epochs))
        missing.add_metric(names, sum(epoch.missing for epoch in agent.epochs))
    yield from (seen, connected, results, waiting, missing, clock, memory)


def _count(epoch: EpochCount, what: str) -> int:
    if what == "refused":
        return sum(epoch.refused.values())
    count: int = getattr(epoch, what)
    return count


def _collector(counters: Mapping[str, float]) -> Iterator[Metric]:
    for name, meaning in COLLECTOR.items():
        if name in counters:
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            metric = family(f"nhip_{name}", meaning)
            metric.add_metric([], counters[name])
            yield metric


def expose(context: Context) -> bytes:
    """The whole text of a scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exposition(context.views, context.services, context.state, len(context.streams)))
    return generate_latest(registry)


def on_loopback(request: Request) -> bool:
    """Whether the caller is on this machine itself, and asks for it by one of its own names.

    Not so for someone whom a proxy on this machine lets through, nor for a page of another site in a browser on
    it, whose name was made to lead here.
    """
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    if forwarded or request.url.hostname not in ("127.0.0.1", "::1", "localhost"):
        return False
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False


def may_scrape(request: Request) -> None:
    """Raises NotSignedIn: neither on loopback, nor with a token or session."""
    if not on_loopback(request) and user_of(request) is None:
        raise NotSignedIn("metrics need a token")


@router.get("/metrics")
@public
def metrics(request: Request, _allowed: Annotated[None, Depends(may_scrape)]) -> Response:
    return Response(expose(context_of(request)), media_type=CONTENT_TYPE_PLAIN_0_0_4)
