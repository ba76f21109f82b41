"""The catalogue of the seed over the province of `support_pages`, some of it in trouble: what pages of services show."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from support_pages import province_web
from support_service_views import FakeServices
from support_views import DAY, HOUR, MINUTE, check_state
from support_web import Web

from collector.services.expiry import Worry
from collector.services.views import (
    Expiry,
    FailingStep,
    Headline,
    Score,
    Sees,
    ServiceState,
    Shared,
    Sight,
    Standing,
    Trouble,
)
from collector.views import Outage, Sentence
from core.values import Cause, Status
from inventory.changes import put

ADDRESSES = {
    "qlvb": "https://qlvb.hungyen.test/",
    "mot-cua": "https://motcua.hungyen.test/",
    "dvc": "https://dichvucong.hungyen.test/",
    "dvc-qg-dang-nhap": "https://xacthuc.test/",
    "chu-ky-so": "http://tsa.test/",
    "thu": "mail.hungyen.test",
    "lgsp": "https://lgsp.hungyen.test/",
}
LONG = "Hệ thống một cửa điện tử. Phiên làm việc của ••• đã hết hạn, đề nghị đăng nhập lại. " * 20
HUB = "329"
"""The district whose line to the e-office systems is cut, in this story."""


@asynccontextmanager
async def offices_web(folder: Path, *, addresses: Mapping[str, str] = ADDRESSES) -> AsyncIterator[Web]:
    """`province_web` with services; those with an address are watched from every unit."""
    async with province_web(folder) as made:
        rows = [{"code": code, "address": address} for code, address in addresses.items()]
        if rows:
            put(made.state, made.clock.now(), {"services": rows})
        made.context.registry.refresh()
        fill(made)
        yield made


def fill(made: Web) -> None:
    """What is seen now: mail is down, one-stop is not reached from one hub, documents are slow in two units."""
    services, now = reads(made), made.clock.now()
    measure(made)
    _tell(made)
    began = now - 26 * MINUTE
    evidence = (Sentence(began, "share hub|329"), Sentence(began, "others reach it|162"))
    made.views.all_outages += [
        Outage(
            71, "33", now - 11 * MINUTE, now - 10 * MINUTE, None, "refused", 0, False,
            subject="service:thu", cause=Cause.SERVICE,
        ),
        Outage(
            70, HUB, began, began + MINUTE, None, "timeout", 1, False,
            subject=f"service:mot-cua|hub|{HUB}", cause=Cause.UPSTREAM, evidence=evidence,
        ),
        Outage(
            60, "33", now - 3 * DAY, now - 3 * DAY + MINUTE, now - 3 * DAY + 50 * MINUTE, "status|502", 2, False,
            subject="service:mot-cua", cause=Cause.SERVICE, final=True,
        ),
    ]  # fmt: skip
    watched = {check.service for check in made.context.registry.checks().values()}
    for service in made.context.registry.services(now):
        seen: dict[str, Sight] = {}
        for code, unit in made.views.units.items() if service.code in watched else ():
            sees, reason, since = Sees.UP, "", now - 2 * DAY
            if unit.status is Status.DOWN:
                sees, since = Sees.NO_LINE, unit.since or now - HOUR
            elif unit.status is Status.UNKNOWN and unit.since is None:
                sees, since = Sees.UNKNOWN, None
            elif service.code == "thu":
                sees, reason, since = Sees.DOWN, "refused", now - 11 * MINUTE
            elif service.code == "mot-cua" and HUB in (code, unit.parent):
                sees, reason, since = Sees.DOWN, "timeout", now - 26 * MINUTE
            elif service.code == "qlvb" and code in ("12040", "so-yt"):
                sees, reason, since = Sees.SLOW, "slow|5200 ms", now - 3 * HOUR
            seen[code] = Sight(service.code, code, sees, since, reason, None, service.name)
        services.seen += seen.values()
        services.states[service.code] = _state(made, service.code, seen, now)


def measure(made: Web) -> None:
    """Each check that signs in to the one-stop system has timed its steps."""
    now = made.clock.now()
    for id_, planned in made.context.registry.checks().items():
        if planned.service != "mot-cua" or planned.check.kind != "scenario":
            continue
        figures = {"total_seconds": 1.31}
        for place, step in enumerate(planned.check.params["steps"]):
            figures[f"step_seconds#{step['name']}"] = 0.2 + place / 10
            figures[f"connect_seconds#{step['name']}"] = 0.02
            figures[f"first_byte_seconds#{step['name']}"] = 0.1
        state = check_state(
            id_, planned.about, now, kind="scenario", role="service", label=planned.label, figures=figures
        )
        made.views.check_states.append(replace(state, check=planned.check, vantage=planned.vantage))


def _tell(made: Web) -> None:
    """A certificate that ends soon and another that some units meet, a weak one, a domain, and steps that failed."""
    services, now = reads(made), made.clock.now()
    ids = {
        each.vantage: id_
        for id_, each in made.context.registry.checks().items()
        if each.service == "mot-cua" and each.check.kind == "scenario"
    }
    name = made.context.registry.service("mot-cua", now)
    one_stop = name.name if name else ""
    many = tuple(sorted(made.views.units))
    services.all_expiries = [
        Expiry("mot-cua", "certificate", f"{one_stop}: Chứng thư", now + 9 * DAY + HOUR, many[3:]),
        Expiry("mot-cua", "certificate", f"{one_stop}: Trang chủ", now + 9 * DAY + 2 * HOUR, many),
        Expiry("mot-cua", "domain", "", now + 120 * DAY),
        Expiry("mot-cua", "certificate", f"{one_stop}: Chứng thư", now + 290 * DAY, many[:1]),
        Expiry("thu", "certificate", "Thư điện tử công vụ: Gửi thư (SMTP)", now - 2 * DAY, many),
    ]
    services.all_worries = [Worry("mot-cua", f"{one_stop}: Chứng thư", "weak certificate|SHA-1")]
    told = (
        ("11983", 4 * MINUTE, "Đăng nhập", "text missing|Hồ sơ chờ xử lý", "/login", 200, LONG),
        ("12040", 50 * MINUTE, "Danh sách", "timeout", "/ho-so", None, ""),
        ("11983", 2 * HOUR, "Danh sách", "status|502", "/ho-so", 502, "502 Bad Gateway nginx"),
    )
    services.steps = [
        FailingStep(number, ids[unit], "mot-cua", unit, now - ago, step, why, ADDRESSES["mot-cua"] + path[1:], status, text)
        for number, (unit, ago, step, why, path, status, text) in enumerate(told, 1)
        if unit in ids
    ]  # fmt: skip


def _state(made: Web, code: str, seen: Mapping[str, Sight], now: int) -> ServiceState:
    service = made.context.registry.service(code, now)
    assert service is not None
    counts = {sees: [unit for unit, sight in seen.items() if sight.sees is sees] for sees in Sees}
    not_for: dict[str, int] = {}
    for unit in counts[Sees.NO_LINE]:
        cause = made.views.units[unit].cause or (
            "power" if made.views.units[unit].reason == "power" else "undetermined"
        )
        not_for[str(cause)] = not_for.get(str(cause), 0) + 1
    if counts[Sees.UNKNOWN]:
        not_for["unknown"] = len(counts[Sees.UNKNOWN])
    troubles, status, cause_of = [], Standing.UP if seen else Standing.UNKNOWN, None
    if counts[Sees.DOWN]:
        status = Standing.DOWN if code == "thu" else Standing.UNREACHABLE
        cause_of = Cause.SERVICE if code == "thu" else Cause.UPSTREAM
        not_for[str(cause_of)] = len(counts[Sees.DOWN])
        if status is Standing.UNREACHABLE:
            troubles.append(
                Trouble(
                    Shared("hub", HUB), counts[Sees.DOWN], now - 26 * MINUTE, Cause.UPSTREAM, "timeout", None
                )
            )
    works = len(counts[Sees.UP]) + len(counts[Sees.SLOW])
    centre = None if not seen else Sees.DOWN if code == "thu" else Sees.UP
    return ServiceState(
        code=code,
        name=service.name,
        owner=service.owner,
        status=status,
        since=now - 11 * MINUTE if status is Standing.DOWN else now - 2 * DAY,
        reason="refused" if status is Standing.DOWN else "",
        headline=Headline(works, len(counts[Sees.SLOW]), len(seen), not_for, centre),
        outage=None,
        cause=cause_of if status is Standing.DOWN else None,
        planned="",
        troubles=troubles,
        score=Score(9_412, 311, 57) if seen else None,
        slow_at=counts[Sees.SLOW],
        objective_percent=service.objective_percent,
        slow_ms=service.slow_ms,
    )


def reads(made: Web) -> FakeServices:
    found = made.context.services
    assert isinstance(found, FakeServices)
    return found
