"""The judge: what it says of a unit, from evidence written out by hand. Times in seconds, for reading."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.evidence import Alive, CheckEvidence, Contact, Evidence, Said
from collector.judge import REASONS, REJOIN_MS, STALLED_MS, judge, margin
from collector.timeline import Stretch, joined, paint
from core.values import Status

S = 1_000
FOREVER = [Alive(0, 100_000 * S)]


def said(*spans: tuple[float, float, str]) -> list[Said]:
    return [Said(int(first * S), int(last * S), status, "timeout") for first, last, status in spans]


def check(
    *spans: tuple[float, float, str],
    role: str = "line",
    own: bool = True,
    interval: float = 5,
    number: int = 1,
) -> CheckEvidence:
    return CheckEvidence(number, role, own, f"check {number}", int(interval * S), said(*spans))


def heard(first: float, last: float, hold: float = 4) -> Contact:
    return Contact(int(first * S), int(last * S), int((last + hold) * S))


def story(evidence: Evidence, until: float, start: float = 0) -> list[tuple[float, str, str]]:
    """When each stretch begins, and what it says."""
    verdict = judge(evidence, int(start * S), int(until * S))
    return [(each.start / S, each.status.value, each.reason) for each in verdict.timeline]


def test_a_unit_that_was_never_heard_of_is_unknown_and_not_down() -> None:
    assert story(Evidence(alive=FOREVER, seen=False), 100) == [(0, "unknown", "never seen")]


def test_a_heartbeat_vouches_until_the_second_one_is_late() -> None:
    evidence = Evidence(contacts=[heard(10, 20)], alive=FOREVER)
    assert story(evidence, 23.9) == [(0, "unknown", "no news"), (10, "up", "")]
    assert judge(evidence, 0, 23_900).expires == 24_000


def test_silence_counts_from_the_last_heartbeat_once_it_is_noticed() -> None:
    evidence = Evidence(contacts=[heard(10, 20)], alive=FOREVER)
    assert story(evidence, 24.001)[-2:] == [(10, "up", ""), (20, "down", "no contact")]


def test_silence_while_the_collector_was_not_listening_says_nothing() -> None:
    evidence = Evidence(contacts=[heard(10, 20)], alive=[Alive(0, 22 * S)])
    assert story(evidence, 60)[-2:] == [(10, "up", ""), (24, "unknown", "no news")]


def test_after_a_restart_agents_get_time_to_come_back() -> None:
    back = 100 * S
    for listened in (1_000, REJOIN_MS - 1):
        evidence = Evidence(contacts=[heard(10, 20)], alive=[Alive(0, 22 * S), Alive(back, back + listened)])
        verdict = judge(evidence, 0, back + listened)
        assert verdict.timeline[-1].status is Status.UNKNOWN
        assert verdict.expires == back + REJOIN_MS
    evidence = Evidence(contacts=[heard(10, 20)], alive=[Alive(0, 22 * S), Alive(back, back + REJOIN_MS)])
    assert judge(evidence, 0, back + REJOIN_MS).timeline[-1] == Stretch(
        back, back + REJOIN_MS, Status.DOWN, "no contact"
    )


def test_a_short_stall_of_the_collector_delays_silence_by_twice_its_length() -> None:
    contacts = [heard(10, 20)]
    evidence = Evidence(contacts=contacts, alive=[Alive(0, 21 * S), Alive(23 * S, 27_999)])
    verdict = judge(evidence, 0, 27_999)
    assert verdict.timeline[-1].status is Status.UNKNOWN
    assert verdict.expires == 28_000
    evidence = Evidence(contacts=contacts, alive=[Alive(0, 21 * S), Alive(23 * S, 28 * S)])
    assert judge(evidence, 0, 28 * S).timeline[-1] == Stretch(20 * S, 28 * S, Status.DOWN, "no contact")


def test_many_stalls_cannot_put_off_silence_for_ever() -> None:
    alive = [Alive(t * S, t * S + 100) for t in range(41)]
    evidence = Evidence(contacts=[heard(10, 20)], alive=alive)
    assert judge(evidence, 0, 24 * S + STALLED_MS - 1).timeline[-1].status is Status.UNKNOWN
    assert judge(evidence, 0, 40 * S).timeline[-1].status is Status.DOWN


def test_an_outage_that_was_seen_before_a_restart_stays_seen() -> None:
    evidence = Evidence(contacts=[heard(10, 20)], alive=[Alive(0, 40 * S), Alive(60 * S, 61 * S)])
    assert story(evidence, 61)[2:] == [(20, "down", "no contact"), (40, "unknown", "no news")]


def test_own_results_that_reached_the_hub_turn_silence_into_up() -> None:
    silent = [heard(0, 20), heard(60, 80)]
    assert (20, "down", "no contact") in story(Evidence(contacts=silent, alive=FOREVER), 80)
    evidence = Evidence([check((0, 78, "up"))], silent, FOREVER)
    assert story(evidence, 80) == [(0, "up", "")]


def test_own_results_that_failed_say_when_the_line_went_and_came() -> None:
    evidence = Evidence(
        [check((0, 19, "up"), (24, 54, "down"), (59, 79, "up"))], [heard(0, 20), heard(60, 80)], FOREVER
    )
    assert story(evidence, 80) == [
        (0, "up", ""),
        (20, "down", "no contact"),
        (24, "down", "line checks fail"),
        (59, "up", ""),
    ]


def test_a_line_check_that_fails_while_heartbeats_come_is_degraded() -> None:
    evidence = Evidence([check((0, 38, "down"))], [heard(0, 40)], FOREVER)
    assert story(evidence, 40) == [(0, "degraded", "check down|check 1")]


def test_a_router_that_answers_keeps_a_unit_up_whose_agent_is_silent() -> None:
    router = check((0, 79, "up"), own=False, interval=2)
    assert story(Evidence([router], [heard(0, 20)], FOREVER), 80) == [(0, "up", "")]


def test_looks_at_the_router_that_are_missing_leave_a_silent_agent_s_unit_up_when_it_answered_before_and_after() -> (
    None
):
    router = check((0, 30, "up"), (42, 60, "up"), own=False, interval=2)
    assert story(Evidence([router], [heard(0, 28)], FOREVER), 60) == [(0, "up", "")]


def test_what_fails_between_two_looks_at_the_router_is_down_all_the_same() -> None:
    router = check((0, 30, "up"), (42, 60, "up"), own=False, interval=2)
    own = check((36, 40, "down"), number=2)
    found = story(Evidence([router, own], [heard(0, 28)], FOREVER), 60)
    assert found == [(0, "up", ""), (36, "down", "line checks fail"), (42, "up", "")]


def test_a_router_that_was_not_looked_at_for_long_says_nothing_of_the_time_between() -> None:
    router = check((0, 30, "up"), (142, 160, "up"), own=False, interval=2)
    found = story(Evidence([router], [heard(0, 28)], FOREVER), 160)
    assert found == [(0, "up", ""), (35, "down", "no contact"), (142, "up", "")]


def test_a_router_that_fails_ends_the_presumption_that_its_last_answer_made() -> None:
    router = check((0, 20, "up"), (22, 24, "down"), own=False, interval=2)
    assert story(Evidence([router], [heard(0, 21)], FOREVER), 25.1) == [
        (0, "up", ""),
        (22, "down", "router not reached"),
    ]


def test_a_unit_without_an_agent_is_judged_by_its_router_alone() -> None:
    router = check((0, 20, "up"), (22, 40, "down"), (42, 50, "up"), own=False, interval=2)
    assert story(Evidence([router], (), FOREVER), 51) == [
        (0, "up", ""),
        (22, "down", "router not reached"),
        (42, "up", ""),
    ]


def test_evidence_that_ends_leaves_the_unit_unknown_and_not_down() -> None:
    router = check((0, 20, "up"), own=False, interval=2)
    assert story(Evidence([router], (), FOREVER), 60)[-1] == (25, "unknown", "no news")


def test_a_service_that_fails_makes_a_unit_degraded_until_its_next_result() -> None:
    service = check((0, 30, "down"), (60, 70, "up"), role="service", interval=30, number=7)
    assert story(Evidence([service], [heard(0, 80)], FOREVER), 80) == [
        (0, "degraded", "check down|check 7"),
        (60, "up", ""),
    ]


def test_what_failed_because_the_line_was_down_does_not_make_the_time_after_it_degraded() -> None:
    service = check((25, 55, "down"), (65, 79, "up"), role="service", interval=5)
    line = check((0, 19, "up"), (24, 54, "down"), number=2)
    evidence = Evidence([service, line], [heard(0, 20), heard(60, 80)], FOREVER)
    assert story(evidence, 80)[-1] == (60, "up", "")


def test_every_reason_that_the_judge_gives_is_described() -> None:
    assert {"never seen", "no news", "no contact", "router not reached", "line checks fail"} < set(REASONS)


@st.composite
def spans(draw: st.DrawFn) -> list[Said]:
    at, found = 0, []
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.sampled_from([0, 1_000, 5_000, 12_500, 13_000, 40_000]))
        length = draw(st.sampled_from([0, 5_000, 20_000]))
        found.append(Said(at, at + length, draw(st.sampled_from(["up", "down", "degraded", "unknown"])), "r"))
        at += length
    return found


@st.composite
def worlds(draw: st.DrawFn) -> Evidence:
    """Evidence of up to some minutes, with holes of every kind."""
    checks = [
        CheckEvidence(number, role, own, f"c{number}", interval, draw(spans()))
        for number, role, own, interval in (
            (1, "line", True, 5_000),
            (2, "line", False, 2_000),
            (3, "service", True, 5_000),
        )
    ]
    contacts, at = [], 0
    for _ in range(draw(st.integers(0, 5))):
        at += draw(st.integers(0, 90_000))
        last = at + draw(st.sampled_from([0, 2_000, 30_000]))
        contacts.append(Contact(at, last, last + draw(st.sampled_from([4_000, 12_500]))))
        at = contacts[-1].until + 1
    alive, at = [], 0
    for _ in range(draw(st.integers(0, 4))):
        at += draw(st.sampled_from([800, 1_600, 5_000, 30_000]))
        alive.append(Alive(at, at + draw(st.integers(0, 120_000))))
        at = alive[-1].last_at
    return Evidence(checks, contacts, alive)


@given(worlds(), st.integers(0, 400_000))
@settings(deadline=None, max_examples=120)
def test_the_timeline_covers_the_period_without_hole_or_overlap(evidence: Evidence, until: int) -> None:
    timeline = judge(evidence, 0, until).timeline
    assert [each.start for each in timeline] == [0, *(each.end for each in timeline)][: len(timeline)]
    assert not until or timeline[-1].end == until
    assert all(each.start < each.end for each in timeline)


@given(worlds(), st.integers(1, 400_000), st.floats(0, 1))
@settings(deadline=None, max_examples=150)
def test_a_window_judged_with_its_margin_agrees_with_the_whole(
    evidence: Evidence, until: int, share: float
) -> None:
    start = int(share * until)
    reach = margin(each.interval_ms for each in evidence.checks)
    begin = start - reach
    before = [contact for contact in evidence.contacts if contact.until < begin]
    window = Evidence(
        [
            CheckEvidence(
                c.check, c.role, c.own, c.label, c.interval_ms, [s for s in c.said if s.last_at >= begin]
            )
            for c in evidence.checks
        ],
        [*before[-1:], *(contact for contact in evidence.contacts if contact.until >= begin)],
        evidence.alive[max(0, sum(alive.last_at < begin for alive in evidence.alive) - 1) :],
    )
    whole = judge(evidence, min(0, begin), until)
    part = judge(window, begin, until)
    assert cut(part.timeline, start) == cut(whole.timeline, start)
    assert part.expires == whole.expires


def cut(timeline: list[Stretch], start: int) -> list[Stretch]:
    return joined(each._replace(start=max(each.start, start)) for each in timeline if each.end > start)


@given(worlds(), st.integers(0, 400_000), st.integers(1, 60_000))
@settings(deadline=None, max_examples=150)
def test_a_verdict_holds_until_it_expires(evidence: Evidence, now: int, later: int) -> None:
    """Without new evidence the verdict on the present changes at `expires` or later, never before."""
    known = Evidence(
        [
            CheckEvidence(
                c.check,
                c.role,
                c.own,
                c.label,
                c.interval_ms,
                [s._replace(last_at=min(s.last_at, now)) for s in c.said if s.first_at <= now],
            )
            for c in evidence.checks
        ],
        [
            Contact(c.first_at, min(c.last_at, now), min(c.last_at, now) + 4_000)
            for c in evidence.contacts
            if c.first_at <= now
        ],
        [],
    )
    listening = Alive(0, now)
    verdict = judge(Evidence(known.checks, known.contacts, [listening]), 0, now + 1)
    then = now + later
    if verdict.expires is None or then < verdict.expires:
        after = judge(Evidence(known.checks, known.contacts, [Alive(0, then)]), 0, then + 1)
        assert after.timeline[-1][2:] == verdict.timeline[-1][2:]


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_painting_covers_what_is_below_and_nothing_else(data: st.DataObject) -> None:
    def layer(statuses: str) -> list[Stretch]:
        edges = sorted(data.draw(st.sets(st.integers(0, 30), max_size=8)))
        pairs = list(zip(edges[::2], edges[1::2], strict=False))
        return [Stretch(a, b, Status(data.draw(st.sampled_from(statuses.split()))), "") for a, b in pairs]

    base, over = layer("up down"), layer("unknown degraded")

    def at(stretches: list[Stretch], moment: int) -> Status | None:
        return next((each.status for each in stretches if each.start <= moment < each.end), None)

    painted = paint(base, over)
    for moment in range(30):
        below = at(base, moment)
        assert at(painted, moment) == (below and (at(over, moment) or below))


def test_a_line_that_only_one_side_sees_working_is_a_finding_of_its_own() -> None:
    router = check((0, 8, "up"), (10, 200, "down"), own=False, interval=2)
    evidence = Evidence([router, check((0, 198, "up"), number=2)], [heard(0, 200)], FOREVER)
    assert story(evidence, 60)[-1] == (10, "degraded", "check down|check 1")
    assert story(evidence, 200)[-1] == (10, "degraded", "one way|check 1")


def test_a_hub_that_answers_does_not_vouch_for_what_lies_behind_it() -> None:
    hub, centre = (
        check((0, 78, "up"), role="hub", number=2),
        check((0, 19, "up"), (24, 54, "down"), (59, 79, "up")),
    )
    evidence = Evidence([hub, centre], [heard(0, 20), heard(60, 80)], FOREVER)
    assert (24, "down", "line checks fail") in story(evidence, 80)


def test_a_hub_that_answers_is_enough_while_the_fault_is_the_centre_s_own() -> None:
    hub, centre = (
        check((0, 98, "up"), role="hub", number=2),
        check((0, 19, "up"), (24, 79, "down"), (84, 99, "up")),
    )
    away = [Alive(0, 21 * S), Alive(80 * S, 1_000 * S)]
    assert story(Evidence([hub, centre], [heard(0, 20), heard(81, 100)], away), 100)[0] == (0, "up", "")
    assert all(
        status != "down"
        for _, status, _ in story(Evidence([hub, centre], [heard(0, 20), heard(81, 100)], away), 100)
    )
