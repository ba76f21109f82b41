"""Why something was down: from the evidence around an outage to its cause, with the sentences that led to it. Pure.

The two sides are put together here. The centre knows when it last heard the agent and reached the router; the unit's
own results, which may come hours later, know whether the LAN, the line and the machine itself went on meanwhile; the
neighbours know whether it was only this unit. Until the unit's own word is in, the verdict is the best guess and
provisional.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.evidence import CheckEvidence, Evidence, Life
from collector.groups import explains
from collector.outages import Found
from collector.signs import BEFORE_MS, link_lost, power_gone
from collector.spans import VOUCHING
from collector.subjects import AGENT, CENTRE, HUB, LAN, UNIT, gateway_was, label_of, measured_ms
from collector.timeline import Interval, common, length, union
from collector.views import Sentence
from core.values import Cause
from inventory.records import LINE_ROLES

SENTENCES: Mapping[str, str] = {
    "agent silent": "the last sign of life of the unit's agent",
    "agent heard again": "the agent was heard again",
    "router answered": "the unit's router last answered the centre",
    "router never answered": "the unit's router had not answered the centre before either",
    "router answers": "the unit's router still answered the centre",
    "own line failed": "the unit's own agent no longer reached the place named",
    "own line worked": "the unit's own agent still reached the place named",
    "gateway answered": "the unit's own agent reached the gateway of its LAN meanwhile",
    "gateway lost": "the unit's own agent lost the gateway of its LAN",
    "boot id changed": "the agent's machine was started anew",
    "same boot": "the agent's machine ran on all the time",
    "agent restarted": "the agent was started anew on a machine that ran on",
    "unclean end": "its life before that did not end in order",
    "on battery": "the UPS ran on battery",
    "power lost": "the UPS named told that it runs on battery",
    "link down": "the unit's router told that it lost a link; the second argument is which",
    "hub down": "the hub named is out",
    "hub well": "others on the hub named went on",
    "members down": "so many of so many units on the hub fell silent within the same moment",
    "collector away": "the collector itself did not listen",
    "everything silent": "nothing at all was heard at the centre",
    "planned": "maintenance was planned for this time; the argument is its note",
    "device lost": "the device named no longer answered the unit's agent",
    "no own evidence": "what the unit's agent measured in this time has not come in yet",
    "own evidence in": "all that the unit's agent measured in this time is in",
}
"""Every sentence of evidence, by its key. Arguments follow a `|`; the time is kept beside it."""

EVERYTHING_SILENT = "everything silent"
AFTER_MS = 900_000
"""A machine that was without power is up again so long after its line at the latest."""
PLANNED_GRACE_MS = 300_000
DIED_MS = 30_000
"""An agent that measured for less than this after the outage began went with it."""
ENOUGH_MS = 10_000
"""Own results must have found the LAN well for so long to say that power was there."""


@dataclass(frozen=True, slots=True)
class Window:
    """Planned work on the unit, or on what it hangs on."""

    start: int
    end: int | None
    note: str


@dataclass(frozen=True, slots=True)
class HubOut:
    """The hub that the unit hangs on was out; `id` is the outage's."""

    code: str
    id: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds a unit's outages."""

    now: int
    told_until: int = 0
    """All that the unit's agent measured before this is in."""
    windows: Sequence[Window] = ()
    hubs_out: Sequence[HubOut] = ()
    hub: str = ""
    """Code of the unit that it hangs on, when others do too."""


@dataclass(slots=True)
class _Case:
    """One outage while it is looked into."""

    found: Found
    evidence: Evidence
    around: Around
    sentences: list[Sentence] = field(default_factory=list)

    @property
    def began(self) -> int:
        return self.found.began_at

    @property
    def ended(self) -> int:
        return self.around.now if self.found.ended_at is None else self.found.ended_at

    @property
    def is_told(self) -> bool:
        """It is over, and the unit's own word on all of it is in."""
        ended = self.found.ended_at
        return ended is not None and (self.around.told_until >= ended or not self.has_agent)

    @property
    def has_agent(self) -> bool:
        return bool(self.evidence.lives or self.evidence.contacts)

    def say(self, at: int | None, text: str) -> None:
        self.sentences.append(Sentence(at, text))


def explained(subject: str, found: Found, evidence: Evidence, around: Around) -> Found:
    """The outage of `subject` with its cause, its root, its evidence, and whether that is final."""
    case = _Case(found, evidence, around)
    root = None
    window = _window(case)
    if window is not None:
        case.say(window.start, f"planned|{window.note}")
        cause = Cause.PLANNED
    elif subject == UNIT:
        cause, root = _of_unit(case)
    elif subject == AGENT:
        cause = _of_agent(case)
    else:
        cause = _of_lan_or_device(subject, case)
    final = case.is_told
    if case.has_agent and found.ended_at is not None:
        case.say(None, "own evidence in" if final else "no own evidence")
    return found._replace(
        subject=subject,
        cause=cause,
        root=root,
        final=final,
        waits=found.ended_at is not None and not final,
        evidence=_in_order(case.sentences),
    )


def explained_hub(
    found: Found,
    own: Found | None,
    code: str,
    down: int,
    of: int,
    windows: Sequence[Window],
    now: int,
    *,
    final: bool,
) -> Found:
    """The outage of a hub: its cause is that of the hub's own unit, where that is known."""
    sentences = [Sentence(found.began_at, f"members down|{down}|{of}")]
    window = window_of(found.began_at, windows, now if found.ended_at is None else found.ended_at)
    if window is not None:
        cause = Cause.PLANNED
        sentences.append(Sentence(window.start, f"planned|{window.note}"))
    elif own is None or own.cause in (Cause.UNDETERMINED, Cause.AGENT):
        cause = Cause.UPSTREAM
    else:
        cause = own.cause
    if own is not None:
        sentences += own.evidence
    return found._replace(
        subject=HUB,
        cause=cause,
        final=final,
        waits=found.ended_at is not None and not final,
        evidence=_in_order(sentences),
        reason=f"hub down|{code}",
    )


def explained_centre(found: Found, away: Iterable[Interval]) -> Found:
    """The outage of the centre itself."""
    was_away = any(start < (found.ended_at or end) and end > found.began_at for start, end in away)
    text = "collector away" if was_away else EVERYTHING_SILENT
    return found._replace(
        subject=CENTRE,
        cause=Cause.CENTRE,
        final=found.ended_at is not None,
        reason=text,
        evidence=(Sentence(found.began_at, text),),
    )


def _window(case: _Case) -> Window | None:
    return window_of(case.began, case.around.windows, case.ended)


def window_of(began: int, windows: Sequence[Window], ended: int) -> Window | None:
    """The planned time that an outage lies in: begun within it, and not much longer."""
    for window in windows:
        begins_in = window.start - BEFORE_MS <= began and (window.end is None or began < window.end)
        if begins_in and (window.end is None or ended <= window.end + PLANNED_GRACE_MS):
            return window
    return None


def _of_unit(case: _Case) -> tuple[Cause, int | None]:
    around = case.around
    hub = next((each for each in around.hubs_out if explains(each.interval, case.began)), None)
    _say_two_sides(case)
    alone = _cause_alone(case)
    if hub is None:
        if around.hub:
            case.say(case.began, f"hub well|{around.hub}")
        return alone, None
    case.say(hub.interval[0], f"hub down|{hub.code}")
    return Cause.UPSTREAM, hub.id


def own_cause(found: Found, evidence: Evidence, around: Around) -> Found:
    """The outage of a hub's own unit, as if nothing hung on it."""
    case = _Case(found, evidence, around)
    _say_two_sides(case)
    cause = _cause_alone(case)
    return found._replace(cause=cause, evidence=_in_order(case.sentences), final=case.is_told)


def _cause_alone(case: _Case) -> Cause:
    lives, own = _new_lives(case), _own_line(case)
    battery = power_gone(case.evidence, case.began, case.ended)
    link = link_lost(case.evidence, case.began, case.ended)
    rebooted = next((life for life in lives if _rebooted(case, life)), None)
    gateway, lost_at = gateway_was(case.evidence, case.began, case.ended)
    for told in (battery, link):
        if told is not None:
            case.say(*told)
    if rebooted is not None:
        case.say(rebooted.booted_at, "boot id changed")
        if rebooted.clean is False:
            case.say(None, "unclean end")
            if battery is not None or measured_ms(case.evidence, case.began, rebooted.booted_at) < DIED_MS:
                return Cause.POWER
    if own is not None:
        case.say(own.first_at, f"own line failed|{own.label}")
    if gateway["lost"] > gateway["well"] and lost_at is not None:
        case.say(lost_at, "gateway lost")
        return Cause.LAN
    hub = _hub_reached(case)
    if hub is not None:
        case.say(*hub)
        return Cause.UPSTREAM
    if own is not None and gateway["well"] >= ENOUGH_MS and battery is None:
        case.say(None, "gateway answered")
        if rebooted is None:
            case.say(None, "same boot")
        return Cause.LINE
    if battery is not None:
        return Cause.POWER
    return _without_own_word(case, lives, rebooted, own is not None or link is not None)


def _without_own_word(case: _Case, lives: Sequence[Life], rebooted: Life | None, line_failed: bool) -> Cause:
    """The cause when the unit's own results do not settle it. `line_failed`: its agent or its router saw it fail."""
    if line_failed:
        return Cause.LINE
    restarted = next((life for life in lives if life is not rebooted), None)
    if restarted is not None and rebooted is None:
        case.say(restarted.started_at, "agent restarted")
        if not _centre_looks(case):
            return Cause.AGENT
    if _centre_looks(case) and rebooted is None:
        # Router and agent were lost at once: the line, as far as is known.
        return Cause.LINE
    return Cause.UNDETERMINED


def _say_two_sides(case: _Case) -> None:
    """What each side saw at the beginning."""
    heard = [each for each in case.evidence.contacts if each.first_at <= case.began + BEFORE_MS]
    if heard:
        case.say(min(heard[-1].last_at, case.ended), "agent silent")
    looks = _centre_looks(case)
    answered = [
        said.last_at
        for check in looks
        for said in check.said
        if said.status in VOUCHING and said.first_at <= case.began + BEFORE_MS
    ]
    if answered:
        case.say(min(max(answered), case.ended), "router answered")
    elif looks:
        case.say(None, "router never answered")


def _centre_looks(case: _Case) -> list[CheckEvidence]:
    return [check for check in case.evidence.checks if check.role in LINE_ROLES and not check.own]


@dataclass(frozen=True, slots=True)
class _OwnLine:
    first_at: int
    label: str


def _own_line(case: _Case) -> _OwnLine | None:
    """Where the unit's own agent first failed to reach hub or centre during the outage."""
    failed = [
        _OwnLine(said.first_at, check.label)
        for check in case.evidence.checks
        if check.own and check.role in LINE_ROLES
        for said in check.said
        if said.status == "down"
        and said.first_at < case.ended
        and common([(said.first_at, said.last_at + check.interval_ms)], [(case.began, case.ended)])
    ]
    return min(failed, key=lambda each: (each.first_at, each.label), default=None)


def _hub_reached(case: _Case) -> tuple[int, str] | None:
    """When the unit's own agent last reached its hub, if it did so for most of the outage: its own line worked."""
    period = [(case.began, case.ended)]
    for check in case.evidence.checks:
        if check.own and check.role == "hub":
            worked = [(s.first_at, s.last_at + check.interval_ms) for s in check.said if s.status in VOUCHING]
            failed = [(s.first_at, s.last_at + check.interval_ms) for s in check.said if s.status == "down"]
            well = common(union(worked), period)
            if length(well) >= ENOUGH_MS and length(well) > length(common(union(failed), period)):
                return well[-1][1], f"own line worked|{check.label}"
    return None


def _new_lives(case: _Case) -> list[Life]:
    """Lives of the agent that began during the outage or soon after it."""
    return [
        life
        for life in case.evidence.lives
        if case.began - BEFORE_MS < life.started_at <= case.ended + AFTER_MS
    ]


def _rebooted(case: _Case, life: Life) -> bool:
    """Whether the machine was started anew within the outage, as this life of the agent tells."""
    before = [each for each in case.evidence.lives if each.started_at < life.started_at]
    if not before or before[-1].boot_id == life.boot_id:
        return False
    return case.began - BEFORE_MS < life.booted_at <= case.ended + AFTER_MS


def _of_agent(case: _Case) -> Cause:
    heard = [each for each in case.evidence.contacts if each.first_at <= case.began]
    if heard:
        case.say(heard[-1].last_at, "agent silent")
    case.say(None, "router answers")
    for life in _new_lives(case)[:1]:
        case.say(life.started_at, "boot id changed" if _rebooted(case, life) else "agent restarted")
        if life.clean is False:
            case.say(None, "unclean end")
    if case.found.ended_at is not None:
        case.say(case.found.ended_at, "agent heard again")
    return Cause.AGENT


def _of_lan_or_device(subject: str, case: _Case) -> Cause:
    if subject == LAN:
        case.say(case.began, "gateway lost")
        return Cause.LAN
    case.say(case.began, f"device lost|{label_of(case.evidence, subject)}")
    if gateway_was(case.evidence, case.began, case.ended)[0]["well"]:
        case.say(None, "gateway answered")
    return Cause.DEVICE


def _in_order(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """In order of time; what is of no time comes last, each once."""
    unique = list(dict.fromkeys(sentences))
    return tuple(sorted(unique, key=lambda each: (each.at is None, each.at or 0)))
