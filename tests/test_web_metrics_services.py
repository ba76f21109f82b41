"""`/metrics` of services."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support_service_views import FakeServices, service_state
from support_web import Web, web

from collector.services.views import Expiry, Phase, Score, Standing
from web.metrics import expose


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as made:
        fake: FakeServices = made.context.services  # type: ignore[assignment]
        fake.states = {
            "docs": service_state("docs", works=171, of=188, score=Score(8, 2, 0)),
            "mail": service_state("mail", status=Standing.DOWN, works=0, of=188),
            "sign": service_state("sign", status=Standing.DOWN, planned="nâng cấp"),
            "none": service_state("none", status=Standing.UNKNOWN, works=0, of=0),
        }
        fake.all_phases = [Phase("docs", "Đăng nhập", "step#Mở trang", 0.25, 170)]
        fake.all_expiries = [
            Expiry("docs", "certificate", "Chứng thư", 1_800_000_000_000, ("u1",)),
            Expiry("docs", "certificate", "Chứng thư", 1_900_000_000_000, ("u2",)),
        ]
        yield made


def value(nhip: Web, metric: str, /, **labels: str) -> float | None:
    for family in text_string_to_metric_families(expose(nhip.context).decode()):
        for sample in family.samples:
            if sample.name == metric and sample.labels == labels:
                return sample.value
    return None


async def test_a_service_is_up_or_down(nhip: Web) -> None:
    assert value(nhip, "nhip_service_up", service="docs") == 1
    assert value(nhip, "nhip_service_up", service="mail") == 0


async def test_planned_work_and_what_is_not_known_is_neither(nhip: Web) -> None:
    assert value(nhip, "nhip_service_up", service="sign") is None
    assert value(nhip, "nhip_service_up", service="none") is None
    assert value(nhip, "nhip_service_planned", service="sign") == 1


async def test_units_are_counted_and_those_that_cannot_reach_it_by_cause(nhip: Web) -> None:
    assert value(nhip, "nhip_service_reachable_units", service="docs") == 171
    assert value(nhip, "nhip_service_watching_units", service="docs") == 188
    assert value(nhip, "nhip_service_unreachable_units", service="docs", cause="undetermined") == 17


async def test_phases_scores_and_ends_are_told(nhip: Web) -> None:
    assert value(
        nhip, "nhip_probe_phase_seconds", service="docs", check="Đăng nhập", phase="step#Mở trang"
    ) == pytest.approx(0.25)
    assert value(nhip, "nhip_service_apdex", service="docs") == pytest.approx(0.9)
    assert (
        value(
            nhip,
            "nhip_service_expires_timestamp_seconds",
            service="docs",
            kind="certificate",
            check="Chứng thư",
        )
        == 1_800_000_000
    )
