"""What is wrong with configurations, as findings: since when, for how long, and what people said of it."""

import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_configs import ADDRESS, NEW, OLD, keep
from support_pages import province_web
from support_views import DAY, HOUR
from support_web import Web

from inventory.changes import put as put_registry
from inventory.configs.compliance import RULES as RULES_OF_VENDORS
from inventory.configs.compliance import Fault
from inventory.configs.store import edges
from inventory.configs.tables import config_seen
from inventory.configs.versions import Seen
from inventory.findings import keeper
from inventory.findings.configs import Looked, config_findings
from inventory.findings.decide import CONFIG_KINDS, RULES, Finding, Mark
from inventory.findings.keeper import KeptFinding
from inventory.state import State
from inventory.stock import take_stock
from web.auth import Role

UNIT = "11983"
T = 1_790_000_000_000
GOOD = OLD.replace("telnet ssh", "ssh").replace("ip http server\n", "").replace("•••(default)", "•••")


def wrong(_vendor: str, digest: str) -> list[Fault]:
    """A text's digest says which rules it breaks: `th` breaks telnet and http."""
    return [Fault(rule, 1, rule) for rule, letter in (("telnet", "t"), ("http", "h")) if letter in digest]


def looks(*runs: tuple[float, str] | tuple[float, str, str]) -> list[Seen]:
    """(days ago, what runs, what it would start with: the same)."""
    return [
        Seen(number, T - int(run[0] * DAY), "cisco", run[1], run[2] if len(run) > 2 else run[1])
        for number, run in enumerate(runs, 1)
    ]


def found(seen: list[Seen], marks: tuple[Mark, ...] = (), now: int = T) -> dict[str, float]:
    """Kinds, with since how many days."""
    return {
        each.kind: (T - each.since) / DAY
        for each in config_findings(Looked(7, "router", "Router xã", seen), marks, wrong, now)
    }


def test_the_kinds_of_findings_are_the_rules_of_vendors_and_two_more() -> None:
    assert set(CONFIG_KINDS) == {*RULES_OF_VENDORS, "host_key", "unsaved", "changed"}


def test_a_rule_is_broken_since_the_first_look_of_the_last_stretch_that_shows_it() -> None:
    assert found(looks((40, "t"), (30, "x"), (20, "th"), (10, "t"), (9, "t"))) == {"telnet": 20}
    assert found(looks((30, "t"), (20, "x"))) == {}


def test_what_is_not_saved_stands_since_it_began_whatever_runs() -> None:
    assert found(looks((30, "x", "x"), (29, "x", "y"), (28, "z", "y"), (27, "z", "y")))["unsaved"] == 29
    assert found(looks((30, "x", "y"), (29, "x", "x"))) == {}
    assert found(looks((30, "x", ""))) == {}, "the vendor makes no such difference"


def test_a_change_is_news_for_some_days_and_the_first_look_is_none() -> None:
    days = RULES.configs.changed_days
    assert found(looks((days, "x"))) == {}
    assert found(looks((days + 9, "x"), (days, "y"))) == {"changed": days}
    assert found(looks((days + 9, "x"), (days + 1, "y"))) == {}


def test_what_was_approved_is_no_finding_a_rule_for_good_a_change_until_the_next() -> None:
    seen = looks((5, "t", "t"), (3, "th", "t"))
    said = tuple(Mark("device-7", "approved", T - 2 * DAY, kind) for kind in ("telnet", "unsaved", "changed"))
    assert found(seen) == {"unsaved": 3, "changed": 3, "telnet": 5, "http": 3}
    assert found(seen, said) == {"http": 3}
    later = [*seen, *looks((1.5, "th", "th"), (1, "tx", "t"))]
    assert found(later, said) == {"unsaved": 1, "changed": 1}
    assert found(seen, (Mark("device-8", "approved", T, "telnet"),)) == found(seen)


SEEN = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["", "t", "h", "th"]), st.sampled_from(["", "t", "x"])),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each[0],
).map(lambda runs: looks(*((hours / 24, a, b) for hours, a, b in sorted(runs, reverse=True))))


@given(SEEN, st.sets(st.sampled_from(CONFIG_KINDS)), st.integers(0, 400))
def test_each_kind_is_found_once_never_before_it_began_and_not_when_approved_after(
    seen: list[Seen], kinds: set[str], hours: int
) -> None:
    plain = config_findings(Looked(7, "router", "r", seen), (), wrong, T)
    assert len({each.kind for each in plain}) == len(plain)
    assert all(seen[0].at <= each.since <= each.last_seen == seen[-1].at for each in plain)
    at = T - hours * HOUR
    marks = [Mark("device-7", "approved", at, kind) for kind in kinds]
    left = config_findings(Looked(7, "router", "r", seen), marks, wrong, T)

    def stays(each: Finding) -> bool:
        return each.kind not in kinds or (each.kind in ("unsaved", "changed") and each.since > at)

    assert left == [each for each in plain if stays(each)]


@given(SEEN)
def test_looks_in_between_that_are_like_their_neighbours_change_nothing(seen: list[Seen]) -> None:
    def state(look: Seen) -> tuple[str, str]:
        return look.running, look.startup

    kept = [
        look
        for place, look in enumerate(seen)
        if not 0 < place < len(seen) - 1
        or not state(seen[place - 1]) == state(look) == state(seen[place + 1])
    ]
    of = [config_findings(Looked(7, "router", "r", some), (), wrong, T) for some in (seen, kept)]
    assert of[0] == of[1]


class Place:
    def __init__(self, nhip: Web) -> None:
        self.web, self.now = nhip, nhip.clock.now()

    def keep(self, ago: int, text: str, **more: object) -> int:
        return keep(self.web.state, self.now - ago, text=text, **more)

    def stock(self, later: int = 0) -> None:
        now = self.now + later
        take_stock(self.web.state, self.web.context.machines, self.web.context.registry.units(now), now)

    def findings(self, *, standing: bool = True) -> list[KeptFinding]:
        with self.web.state.read() as connection:
            return list(keeper.read(connection, UNIT, standing=standing))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with province_web(tmp_path) as made:
        yield Place(made)


@given(SEEN)
@settings(max_examples=40, deadline=None)
def test_what_is_read_of_a_device_are_the_edges_of_its_looks(
    tmp_path_factory: pytest.TempPathFactory, seen: list[Seen]
) -> None:
    state = State(tmp_path_factory.mktemp("state") / "state.db")
    state.create_all()
    id_ = keep(state, 1)
    with state.write() as connection:
        connection.execute(config_seen.delete())
        rows = [
            {
                "device": id_,
                "at": each.at,
                "vendor": each.vendor,
                "running": each.running,
                "startup": each.startup,
            }
            for each in seen
        ]
        connection.execute(config_seen.insert(), rows)
    told = [(each.running, each.startup) for each in seen]
    wanted = [
        each.at
        for before, each, after in zip([None, *seen], seen, [*seen[1:], None], strict=False)
        if before is None or after is None or len({(s.running, s.startup) for s in (before, each, after)}) > 1
    ]
    with state.read() as connection:
        found_ = edges(connection)
        assert edges(connection, ["nowhere"]) == {}
    assert [each.at for each in found_[id_]] == wanted
    assert [key for key, _ in itertools.groupby((each.running, each.startup) for each in found_[id_])] == [
        key for key, _ in itertools.groupby(told)
    ]
    state.close()


def test_faults_open_with_since_when_and_close_when_they_are_mended(place: Place) -> None:
    device = [{"unit": UNIT, "name": "Router xã", "kind": "router", "address": ADDRESS}]
    put_registry(place.web.state, place.now - DAY, {"watched_devices": device})
    id_ = place.keep(3 * HOUR, OLD)
    place.keep(2 * HOUR, OLD)
    place.stock()
    told = [(each.kind, each.subject, each.name, each.device, each.detail) for each in place.findings()]
    assert told == [
        ("telnet", f"device-{id_}", "Router xã", "router", "16| transport input telnet ssh"),
        ("http", f"device-{id_}", "Router xã", "router", "6|ip http server"),
        ("community", f"device-{id_}", "Router xã", "router", "7|snmp-server community •••(default) RO"),
    ]
    assert {each.since for each in place.findings()} == {place.now - 3 * HOUR}
    place.keep(HOUR, GOOD, startup=OLD, saved=False)
    place.stock(1)
    assert [each.kind for each in place.findings()] == ["unsaved", "changed"]
    place.keep(0, GOOD)
    place.stock(2)
    assert [each.kind for each in place.findings()] == ["changed"]
    closed = [each for each in place.findings(standing=False) if each.closed_at is not None]
    assert {each.closed_at - place.now for each in closed if each.closed_at} == {1, 2}


def test_each_change_is_a_finding_of_its_own(place: Place) -> None:
    for ago, text in ((3, OLD), (2, NEW)):
        place.keep(ago * HOUR, text)
    place.stock()
    place.keep(HOUR, GOOD)
    place.stock(1)
    changed = [each for each in place.findings(standing=False) if each.kind == "changed"]
    assert [(place.now - each.since, each.closed_at) for each in changed] == [
        (2 * HOUR, place.now + 1),
        (HOUR, None),
    ]
    place.stock(RULES.configs.changed_days * DAY)
    assert [each.kind for each in place.findings()] == []


async def test_a_fault_that_is_accepted_stays_so_until_that_is_taken_back(place: Place) -> None:
    id_ = place.keep(HOUR, OLD)
    place.stock()
    technician = place.web.client(Role.TECHNICIAN)
    wanted = {"subjects": [f"device-{id_}"], "kind": "telnet", "note": "chỉ trong VLAN quản trị"}
    answer = await technician.post(f"/api/v1/units/{UNIT}/marks", json=wanted)
    (mark,) = answer.json()
    assert (mark["says"], mark["kind"], mark["who"]) == ("approved", "telnet", "technician")
    assert [each.kind for each in place.findings()] == ["http", "community"]
    place.keep(0, NEW)
    place.stock(1)
    assert "telnet" not in [each.kind for each in place.findings()]
    (only,) = (await technician.get(f"/api/v1/units/{UNIT}/configs")).json()
    assert [each["rule"] for each in only["faults"]] == ["http", "community"]
    assert (await technician.delete(f"/api/v1/marks/{mark['id']}")).status_code == 204
    assert "telnet" in [each.kind for each in place.findings()]


@pytest.mark.parametrize(
    "wanted",
    [
        {"subjects": ["device-1"]},
        {"subjects": ["device-1"], "says": "noted", "note": "x", "kind": "telnet"},
        {"subjects": ["device-1"], "kind": "odd"},
        {"subjects": ["device-0"], "kind": "telnet"},
        {"subjects": ["device-1"], "kind": "unknown"},
    ],
)
async def test_what_cannot_be_said_of_a_configuration_is_refused(
    place: Place, wanted: dict[str, object]
) -> None:
    answer = await place.web.client(Role.TECHNICIAN).post(f"/api/v1/units/{UNIT}/marks", json=wanted)
    assert answer.status_code in (400, 422)


async def test_only_technicians_are_told_where_a_network_is_weak(place: Place) -> None:
    place.keep(HOUR, OLD)
    place.stock()

    async def kinds(role: Role, query: str = "") -> list[str]:
        answer = await place.web.client(role).get(f"/api/v1/findings?{query}")
        return [each["kind"] for each in answer.json()["items"]]

    assert await kinds(Role.TECHNICIAN) == ["telnet", "http", "community"]
    assert await kinds(Role.TECHNICIAN, "kind=http&kind=telnet") == ["telnet", "http"]
    assert await kinds(Role.VIEWER) == await kinds(Role.VIEWER, "kind=http") == []
    viewer, technician = (
        await place.web.browser(Role.VIEWER),
        await place.web.browser(Role.TECHNICIAN, name="ky-thuat"),
    )
    for path in ("/machines/findings", f"/units/{UNIT}/machines", f"/units/{UNIT}"):
        assert "Telnet" not in (await viewer.get(path)).text
        assert "vấn đề</a>" not in (await viewer.get(path)).text
    for path in ("/machines/findings", f"/units/{UNIT}/machines"):
        assert "Telnet" in (await technician.get(path)).text
    assert "3 vấn đề</a>" in (await technician.get(f"/units/{UNIT}")).text


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def test_a_devices_page_has_what_is_wrong_since_when_and_takes_a_word_on_it(place: Place) -> None:
    id_ = place.keep(HOUR, OLD)
    place.stock()
    browser = await place.web.browser(Role.TECHNICIAN)
    page = (await browser.get(f"/configs/{id_}")).text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    form = {
        "subject": f"device-{id_}",
        "kind": "telnet",
        "says": "approved",
        "note": "phòng <b>một cửa</b>",
        "csrf": token[1],
    }
    answer = await browser.post(f"/units/{UNIT}/machines/marks", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/configs/{id_}?done=approved#faults")
    page = (await browser.get(f"/configs/{id_}?done=approved")).text
    accepted = words(page[page.index("<h3>Đã chấp nhận") :])
    assert accepted.startswith("Đã chấp nhận Cho đăng nhập bằng Telnet, không mã hóa lan ·")
    assert "phòng &lt;b&gt;một cửa&lt;/b&gt;" in accepted
    undo = re.search(r'action="(/units/11983/machines/marks/\d+/undo)"', page)
    assert undo
    answer = await browser.post(undo[1], data={"csrf": token[1]})
    assert answer.headers["location"] == f"/configs/{id_}?done=undone#faults"
    assert "telnet" in [each.kind for each in place.findings()]
