"""A virtual agent: what it measures and sends is whole, in order, and follows its conditions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.wire import Plan, PlanCheck, Report
from lab.scenario import Event
from lab.virtual import VirtualAgent

START = 1_790_000_000_000


def an_agent(*events: Event) -> VirtualAgent:
    checks = [
        PlanCheck(1, "icmp", "gw", 5_000, 2_000, role="lan"),
        PlanCheck(2, "icmp", "hub", 5_000, 2_000, role="line"),
        PlanCheck(3, "http", "https://x/", 30_000, 5_000, role="service"),
    ]
    return VirtualAgent("a", "11950", "e", START, events, plan=Plan("11950", checks))


def drain(agent: VirtualAgent, now: int) -> list[Report]:
    reports = []
    while (report := agent.report(now, backlog=True)) is not None:
        reports.append(report)
        agent.acknowledged()
    return reports


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 90_000), min_size=1, max_size=30))
def test_results_do_not_depend_on_when_they_are_asked_for(steps: list[int]) -> None:
    agent, other = an_agent(), an_agent()
    agent.measure(START)
    other.measure(START)
    now = START
    for step in steps:
        now += step
        agent.measure(now)
    other.measure(now)
    assert sorted((r.check, r.at, r.k) for r in agent.waiting) == sorted(
        (r.check, r.at, r.k) for r in other.waiting
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 200_000), st.booleans()), min_size=1, max_size=20))
def test_every_result_is_in_exactly_one_report_and_the_sums_close(steps: list[tuple[int, bool]]) -> None:
    agent = an_agent()
    agent.measure(START)
    sent: list[Report] = []
    now = START
    for step, connected in steps:
        now += step
        agent.measure(now)
        if connected:
            sent += drain(agent, now)
    sent += drain(agent, now)
    numbers = sorted(n for report in sent for n in report.results.numbers())
    assert numbers == list(range(1, agent.produced + 1))
    received = 0
    for report in sent:
        received += len(report.results.numbers())
        counters = report.header.counters
        assert counters.produced == received + counters.dropped + counters.waiting


def test_a_cut_line_fails_what_goes_over_it_and_not_the_lan() -> None:
    agent = an_agent(Event("cut", ["all"], at_s=0))
    agent.measure(START)
    agent.measure(START + 60_000)
    by_check = {row.check: row.status for row in agent.waiting}
    assert by_check == {1: "up", 2: "down", 3: "down"}


def test_without_power_nothing_is_measured_and_the_boot_is_another() -> None:
    agent = an_agent(Event("power", ["all"], at_s=10, for_s=60, every_s=1_000))
    agent.measure(START)
    agent.measure(START + 200_000)
    gap = [row for row in agent.waiting if START + 10_000 <= row.at < START + 70_000]
    assert not gap
    assert [report.header.life.boot_id for report in drain(agent, START + 200_000)][-1].endswith("-1")


def test_a_wrong_clock_shifts_what_is_sent() -> None:
    agent = an_agent(Event("clock", ["all"], at_s=0, value=660_000))
    agent.measure(START)
    agent.measure(START + 10_000)
    assert all(row.at >= START + 660_000 for row in agent.waiting)


def test_the_newest_minute_goes_ahead_of_a_backlog() -> None:
    agent = an_agent()
    agent.measure(START)
    agent.measure(START + 600_000)
    first, second, *_ = drain(agent, START + 600_000)
    assert min(first.results.times()) >= START + 540_000
    assert min(second.results.times()) < START + 60_000
