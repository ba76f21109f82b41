"""What `/metrics` tells of services. A service of which nothing is known, or on which planned work goes on, has no `nhip_service_up`."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from collector.services.reads import ServiceReads
from collector.services.views import Sees, Standing

NOT_UP = (Standing.DOWN,)


def of_services(services: ServiceReads) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "nhip_service_up", "1: the service works, 0: it is down for all whose line works", labels=["service"]
    )
    reachable = GaugeMetricFamily(
        "nhip_service_reachable_units", "Units for which the service works", labels=["service"]
    )
    watching = GaugeMetricFamily(
        "nhip_service_watching_units", "Units from which the service is watched", labels=["service"]
    )
    hit = GaugeMetricFamily(
        "nhip_service_unreachable_units",
        "Units for which it does not work, by cause",
        labels=["service", "cause"],
    )
    centre = GaugeMetricFamily(
        "nhip_service_centre_up", "1: it works as the centre sees it, 0: not", labels=["service"]
    )
    score = GaugeMetricFamily(
        "nhip_service_apdex", "Score of the last quarter of an hour against its objective", labels=["service"]
    )
    planned = GaugeMetricFamily(
        "nhip_service_planned", "1: planned work goes on, 0: none", labels=["service"]
    )
    for state in services.services():
        if state.status is not Standing.UNKNOWN and not state.planned:
            up.add_metric([state.code], float(state.status not in NOT_UP))
        reachable.add_metric([state.code], state.headline.works)
        watching.add_metric([state.code], state.headline.of)
        for cause, count in state.headline.not_for.items():
            hit.add_metric([state.code, cause], count)
        if state.headline.centre in (Sees.UP, Sees.SLOW, Sees.DOWN):
            centre.add_metric([state.code], float(state.headline.centre is not Sees.DOWN))
        if state.score is not None and state.score.value is not None:
            score.add_metric([state.code], state.score.value)
        planned.add_metric([state.code], float(bool(state.planned)))
    yield from (up, reachable, watching, hit, centre, score, planned)
    yield from _figures(services)


def _figures(services: ServiceReads) -> Iterator[Metric]:
    phases = GaugeMetricFamily(
        "nhip_probe_phase_seconds",
        "Median over the units of the newest look, by phase",
        labels=["service", "check", "phase"],
    )
    for phase in services.phases():
        phases.add_metric([phase.service, phase.label, phase.phase], phase.seconds)
    ends = GaugeMetricFamily(
        "nhip_service_expires_timestamp_seconds",
        "When a certificate or a domain ends: the first of each check",
        labels=["service", "kind", "check"],
    )
    seen: set[tuple[str, str, str]] = set()
    for each in services.expiries():  # the first to end comes first
        key = (each.service, each.kind, each.label)
        if key not in seen:
            seen.add(key)
            ends.add_metric(list(key), each.expires_at / 1000)
    yield from (phases, ends)
