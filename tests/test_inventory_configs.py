"""Configurations at the centre: differences, versions and rules, and that they come out the same in whatever order they came."""

import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_ingest import NOW, report, site

from agents.config.normal import normal
from agents.config.vendors import VENDORS
from core.errors import BadInput
from core.wire import Document
from inventory.configs import compliance, store
from inventory.configs.compliance import RULES, Fault, faults
from inventory.configs.facts import Fact, Known
from inventory.configs.lines import MOST_PAIRS, applied, difference, split
from inventory.configs.reads import Configs
from inventory.configs.store import store_config
from inventory.configs.tables import config_seen, config_texts
from inventory.configs.versions import KEEPS, Seen, version_of, versions
from inventory.state import State

HOUR = 3_600_000
TEXTS = st.lists(
    st.sampled_from(["!", "a", "b", " c", "interface x", ""]) | st.text("xyz", max_size=3), max_size=40
)


def joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(TEXTS.map(joined), TEXTS.map(joined), st.integers(0, 4))
@settings(max_examples=400)
def test_a_difference_applied_to_the_old_gives_the_new(old: str, new: str, context: int) -> None:
    hunks = difference(old, new, context)
    assert applied(old, hunks) == new
    assert bool(hunks) == (old != new)
    for hunk in hunks:
        assert any(line.sign != " " for line in hunk.lines)
        runs = [
            list(run) for sign, run in itertools.groupby(hunk.lines, lambda line: line.sign) if sign == " "
        ]
        assert all(len(run) <= 2 * context for run in runs)


@given(TEXTS.map(joined), TEXTS.map(joined))
def test_numbers_of_lines_are_those_of_both_texts(old: str, new: str) -> None:
    before, after = split(old), split(new)
    for hunk in difference(old, new):
        for line in hunk.lines:
            assert line.old is None or before[line.old - 1] == line.text
            assert line.new is None or after[line.new - 1] == line.text
            assert (line.old is None, line.new is None) == (line.sign == "+", line.sign == "-")


def test_a_few_changes_in_a_long_text_are_shown_as_such() -> None:
    old = [line for n in range(2_000) for line in (f"interface Gi0/{n}", " switchport mode access", "!")]
    new = [f"{line} x" if n % 600 == 0 else line for n, line in enumerate(old)]
    hunks = difference(joined(old), joined(new))
    assert len(hunks) == 10
    assert applied(joined(old), hunks) == joined(new)
    assert [line.sign for hunk in hunks for line in hunk.lines if line.sign != " "] == ["-", "+"] * 10


def test_what_is_too_large_to_compare_counts_as_changed_whole() -> None:
    size = 12_000
    old, new = (joined([str((n * step) % 100) for n in range(size)]) for step in (7, 11))
    assert size * size // 100 > MOST_PAIRS
    hunks = difference(f"same\n{old}x\nsame\n", f"same\n{new}y\nsame\n")
    assert applied(f"same\n{old}x\nsame\n", hunks) == f"same\n{new}y\nsame\n"
    assert [line.sign for line in hunks[0].lines].count("-") == size


def test_a_difference_of_another_text_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1 is another"):
        applied("x\n", difference("a\n", "b\n"))


LOOKS = st.lists(
    st.builds(
        Seen,
        st.integers(1, 10**6),
        st.integers(0, 100),
        st.just("cisco"),
        st.sampled_from("abc"),
        st.sampled_from(["", "a", "b"]),
    ),
    max_size=20,
    unique_by=(lambda look: look.id, lambda look: look.at),
)


@given(LOOKS, st.randoms())
def test_versions_are_the_same_in_any_order_and_every_look_leads_to_one(
    looks: list[Seen], random: object
) -> None:
    found = versions(looks)
    random.shuffle(looks)  # type: ignore[attr-defined]
    assert versions(looks) == found
    assert sum(each.looks for each in found) == len(looks)
    assert all(one.running != next_.running for one, next_ in itertools.pairwise(found))
    for look in looks:
        version = version_of(found, look)
        assert version is not None
        assert version.running == look.running


GOOD = {
    "cisco": """
no ip http server
service password-encryption
ip ssh version 2
snmp-server community ••• RO 10
ntp server 10.0.0.1
logging host 10.0.0.2
line vty 0 4
 transport input ssh""",
    "huawei": """
undo telnet server enable
undo http server enable
snmp-agent community read cipher •••
ntp-service unicast-server 10.0.0.1
info-center loghost 10.0.0.2""",
    "h3c": """
undo telnet server enable
snmp-agent community read cipher •••
ntp-service unicast-server 10.0.0.1
info-center loghost 10.0.0.2
 password hash •••""",
    "mikrotik": """
/ip service set telnet disabled=yes
/ip service set www address=10.0.0.0/8 disabled=yes
/snmp set enabled=yes
/snmp community set [ find default=yes ] addresses=::/0 name=•••
/ip ssh set strong-crypto=yes
/system ntp client set enabled=yes
/system logging action set 3 remote=10.0.0.2""",
    "juniper": """
set system services ssh root-login deny
set system services web-management https interface x
set snmp community ••• authorization read-only
set system ntp server 10.0.0.1
set system syslog host 10.0.0.2 any any""",
    "zte": """
snmp-server community ••• view AllView ro
ntp server 10.0.0.1 priority 1""",
    "vyos": """
set service ssh port '22'
set service snmp community ••• authorization 'ro'
set service ntp server 10.0.0.1
set system syslog host 10.0.0.2 facility all""",
    "frr": """
log syslog informational
service password-encryption
password •••""",
    "linux": """
PermitRootLogin no
rocommunity ••• 10.0.0.0/8
server 10.0.0.1 iburst
*.* @10.0.0.2""",
}
BAD = {
    "cisco": """
ip http server
no service password-encryption
snmp-server community public RO
 transport input telnet ssh""",
    "huawei": """
telnet server enable
http server enable
local-user an password simple abcdef
snmp-agent community read public""",
    "h3c": """
telnet server enable
ip http enable
password simple abcdef
snmp-agent community read public""",
    "mikrotik": """
/snmp set enabled=yes
/snmp community set [ find default=yes ] name=public""",
    "juniper": """
set system services telnet
set system services web-management http
set snmp community public authorization read-only
set system services ssh root-login allow""",
    "zte": """
telnet server enable
snmp-server community public view AllView ro""",
    "vyos": """
set service telnet
set service snmp community public authorization 'ro'""",
    "frr": """
password Rat-bi-mat""",
    "linux": """
telnet stream tcp nowait root /usr/sbin/tcpd in.telnetd
rocommunity public
PermitRootLogin yes""",
}


def test_every_vendor_that_agents_know_has_rules() -> None:
    assert set(compliance.VENDORS) == set(VENDORS) == set(GOOD) == set(BAD)
    assert {rule for rules in compliance.VENDORS.values() for rule in rules} == set(RULES)


@pytest.mark.parametrize("vendor", GOOD)
def test_what_is_right_has_no_fault(vendor: str) -> None:
    # As it is after the agent: once more changes nothing.
    text = normal(GOOD[vendor], VENDORS[vendor])
    assert faults(vendor, text) == []


@pytest.mark.parametrize("vendor", BAD)
def test_what_is_wrong_breaks_every_rule_of_the_vendor(vendor: str) -> None:
    found = faults(vendor, normal(BAD[vendor], VENDORS[vendor]))
    assert {fault.rule for fault in found} == set(compliance.VENDORS[vendor])


def test_a_fault_says_which_line_it_is() -> None:
    text = "version 15\n!\nip http server\nip ssh version 2\nntp server a\nlogging host 10.0.0.1\n"
    assert faults("cisco", text) == [Fault("http", 3, "ip http server")]
    assert faults("nobody", text) == []


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def body(running: str = "version 15\n", **more: object) -> dict[str, object]:
    return {
        "address": "10.0.0.2",
        "vendor": "cisco",
        "running": running,
        "startup": "",
        "saved": True,
        **more,
    }


def keep(state: State, *documents: tuple[int, dict[str, object]], unit: str = "11950") -> None:
    with state.write() as connection:
        for at, content in documents:
            store_config(connection, unit=unit, document=Document("config", at, content), received_at=NOW)


def test_what_did_not_change_is_one_version_and_one_text(state: State) -> None:
    keep(state, *((NOW - n * HOUR, body()) for n in (3, 1, 2)))
    (device,) = Configs(state).of_unit("11950")
    assert (device.address, device.changed_at, device.last_seen) == ("10.0.0.2", NOW - 3 * HOUR, NOW - HOUR)
    assert (device.versions, device.saved) == (1, True)
    with state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(config_texts)) == 1


def test_a_change_that_was_taken_back_is_three_versions(state: State) -> None:
    keep(state, (1, body("a\n")), (2, body("b\n")), (3, body("a\n")))
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    newest, middle, oldest = configs.versions(device.id)
    assert [each.first_seen for each in (oldest, middle, newest)] == [1, 2, 3]
    assert device.version == newest.id
    ((hunk),) = configs.difference(device.id, oldest.id, middle.id) or ()
    assert [(line.sign, line.text) for line in hunk.lines] == [("-", "a"), ("+", "b")]
    assert configs.difference(device.id, oldest.id, newest.id) == []
    assert configs.difference(device.id, oldest.id, 99) is None


def test_what_is_not_saved_is_shown_beside_what_runs(state: State) -> None:
    keep(state, (1, body("a\nb\n", startup="a\n", saved=False)))
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    assert device.saved is False
    found = configs.configuration(device.id, device.version)
    assert found is not None
    assert found.text == "a\nb\n"
    assert [(line.sign, line.text) for line in found.unsaved[0].lines] == [(" ", "a"), ("+", "b")]
    keep(state, (2, body("a\nb\n")))
    assert configs.versions(device.id)[0].saved is True


def test_since_when_it_is_not_saved_is_the_first_look_that_found_it_so(state: State) -> None:
    changed = [body(f"b {n}\n", startup="a\n", saved=False) for n in range(2)]
    keep(state, (1, body("a\n")), (2, changed[0]), (3, body("b 0\n", saved=None)), (4, changed[1]))
    (device,) = Configs(state).of_unit("11950")
    # What could not be asked at 3 says nothing against it.
    assert (device.saved, device.unsaved_since, device.versions) == (False, 2, 3)
    keep(state, (5, body("b 1\n", saved=None)))
    (device,) = Configs(state).of_unit("11950")
    assert (device.saved, device.unsaved_since) == (None, 2)
    keep(state, (6, body("b 1\n")))
    (device,) = Configs(state).of_unit("11950")
    assert (device.saved, device.unsaved_since) == (True, None)


def test_a_device_that_was_never_saved_would_lose_all_of_it(state: State) -> None:
    keep(state, (1, body("a\n", saved=False)))
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    found = configs.configuration(device.id, device.version)
    assert found is not None
    assert [(line.sign, line.text) for line in found.unsaved[0].lines] == [("+", "a")]


def test_what_is_entered_and_not_committed_is_shown_beside_what_runs(state: State) -> None:
    junos = {"vendor": "juniper", "saved": True}
    keep(state, (1, body("a\n", **junos)), *((at, body("a\n", draft="a\nb\n", **junos)) for at in (2, 3)))
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    assert (device.keeps, device.saved, device.draft_since, device.versions) == ("committed", True, 2, 1)
    found = configs.configuration(device.id, device.version)
    assert found is not None
    assert [(line.sign, line.text) for line in found.draft[0].lines] == [(" ", "a"), ("+", "b")]
    assert found.unsaved == []
    keep(state, (4, body("a\nb\n", **junos)))
    (device,) = configs.of_unit("11950")
    assert (device.draft_since, device.versions) == (None, 2)


def test_a_commit_that_is_not_confirmed_is_not_saved(state: State) -> None:
    keep(state, (1, body("a\n", vendor="juniper", saved=False, unconfirmed=True)))
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    assert (device.saved, device.unconfirmed, device.unsaved_since) == (False, True, 1)
    found = configs.configuration(device.id, device.version)
    assert found is not None
    assert found.unsaved == []


def test_the_key_of_a_device_is_known_with_the_one_before(state: State) -> None:
    keys = ["", "SHA256:a", "", "SHA256:a", "SHA256:b"]
    keep(state, *((at, body(host_key=key)) for at, key in enumerate(keys)))
    (device,) = Configs(state).of_unit("11950")
    assert device.host_key == Fact("SHA256:b", 4, "SHA256:a")


def test_the_centre_and_agents_agree_about_what_a_vendor_keeps() -> None:
    assert {name: vendor.keeps for name, vendor in VENDORS.items()} == KEEPS


def test_faults_are_those_of_the_text(state: State) -> None:
    keep(state, (1, body("ip http server\n")), (2, body(GOOD["cisco"])))
    (device,) = Configs(state).of_unit("11950")
    told = {each: Configs(state).configuration(device.id, each) for each in (1, 2)}
    assert [len(each.faults) for each in told.values() if each] == [4, 0]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["a\n", "b\n"]), st.sampled_from([None, True, False])),
        min_size=1,
        max_size=8,
    ),
    st.randoms(),
)
@settings(max_examples=40, deadline=None)
def test_the_same_documents_in_any_order_any_number_of_times_are_the_same_versions(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, str, bool | None]], random: object
) -> None:
    documents = [
        (at, body(running, saved=saved, startup="c\n" if saved is False else ""))
        for at, running, saved in told
    ]
    shown = []
    for order in (documents, random.sample(documents * 2, len(documents) * 2)):  # type: ignore[attr-defined]
        state = State(tmp_path_factory.mktemp("state") / "state.db")
        state.create_all()
        keep(state, *order)
        configs = Configs(state)
        (device,) = configs.of_unit("11950")
        shown.append(
            [
                (
                    each.first_seen,
                    each.last_seen,
                    each.saved,
                    each.looks,
                    configs.configuration(1, each.id).text,
                )  # type: ignore[union-attr]
                for each in configs.versions(device.id)
            ]
        )
        state.close()
    assert shown[0] == shown[1]


def test_old_versions_go_with_their_texts(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 3)
    keep(state, *((n, body(f"{n}\n")) for n in range(10)))
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    assert [each.first_seen for each in configs.versions(device.id)] == [9, 8, 7]
    with state.read() as connection:
        texts = [zlib.decompress(text) for text in connection.scalars(sa.select(config_texts.c.text))]
    assert sorted(texts) == [b"7\n", b"8\n", b"9\n"]


def test_a_text_that_another_device_has_stays(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 1)
    keep(state, (1, body("a\n", address="10.0.0.9")), (1, body("a\n")), (2, body("b\n")))
    other, device = sorted(Configs(state).of_unit("11950"), key=lambda each: each.address, reverse=True)
    assert (other.address, device.versions) == ("10.0.0.9", 1)
    assert Configs(state).configuration(other.id, other.version).text == "a\n"  # type: ignore[union-attr]


def test_units_do_not_see_each_others_devices(state: State) -> None:
    keep(state, (1, body()), unit="11951")
    assert Configs(state).of_unit("11950") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"address": "", "vendor": "cisco", "running": "x"},
        {"address": "a", "vendor": "cisco", "running": ""},
        {"address": "a", "vendor": "cisco", "running": "x" * (store.MAX_TEXT + 1)},
        {"address": "a", "vendor": 7, "running": "x"},
        {"address": "a", "vendor": "cisco", "running": "x", "saved": "yes"},
    ],
)
def test_what_is_no_configuration_is_refused(state: State, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="not a configuration"):
        keep(state, (1, wrong))
    with state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(config_seen)) == 0


async def test_one_that_an_agent_reports_is_kept_and_a_bad_one_costs_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        name = here.enrol()
        documents = [Document("config", NOW, {"no": "config"}), Document("config", NOW, body())]
        answer = await here.post(report(name, 1, [100], extra={"documents": documents}))
        assert answer.status_code == 204
        assert await here.ingest.settle()
        (device,) = Configs(here.state).of_unit("u1")
        assert device.vendor == "cisco"
        assert here.ingest.counters()["documents_refused_total"] == 1


def facts(**more: object) -> dict[str, object]:
    return {"model": "S1", "serial": "A1", "firmware": "1.0", **more}


def module(name: str, serial: str) -> dict[str, object]:
    return {"name": name, "model": "SFP", "serial": serial}


def neighbour(port: str, name: str) -> dict[str, object]:
    return {"port": port, "name": name, "remote": "g0/1", "address": ""}


def told(state: State) -> Known:
    configs = Configs(state)
    (device,) = configs.of_unit("11950")
    found = configs.facts(device.id)
    assert found is not None
    return found


def test_a_fact_that_changes_keeps_the_day_and_makes_no_version(state: State) -> None:
    for at, firmware in ((1, "1.0"), (2, "1.0"), (3, ""), (4, "2.0"), (5, "2.0")):
        keep(state, (at, body(facts=facts(firmware=firmware))))
    found = told(state)
    assert found.firmware == Fact("2.0", since=4, before="1.0")
    assert (found.model, found.serial) == (Fact("S1", 1, ""), Fact("A1", 1, ""))
    assert found.at == 5
    assert Configs(state).of_unit("11950")[0].versions == 1


def test_a_module_that_goes_is_remembered_and_one_that_comes_is_new(state: State) -> None:
    old, new = module("g0/1", "X1"), module("g0/1", "X2")
    keep(state, (1, body(facts=facts(modules=[old]))), (2, body(facts=facts())))
    assert [(each.serial, each.since, each.gone) for each in told(state).modules] == [("X1", 1, None)]
    keep(state, (3, body(facts=facts(modules=[new]))))
    assert [(each.serial, each.since, each.gone) for each in told(state).modules] == [
        ("X1", 1, 3),
        ("X2", 3, None),
    ]
    keep(state, (4, body(facts=facts(modules=[old, new]))))
    assert [(each.serial, each.since, each.gone) for each in told(state).modules] == [
        ("X1", 4, None),
        ("X2", 3, None),
    ]


def test_neighbours_are_those_that_were_told_last(state: State) -> None:
    here, there = neighbour("g1", "a"), neighbour("g2", "b")
    keep(state, (1, body(facts=facts(neighbours=[here, there]))), (2, body(facts=facts(neighbours=[there]))))
    keep(state, (3, body(facts=facts(notes=["silent|show lldp neighbors detail"]))))
    found = told(state)
    assert [(each.port, each.name, each.since) for each in found.neighbours] == [("g2", "b", 1)]
    assert found.notes == ["silent|show lldp neighbors detail"]


def test_a_device_that_was_asked_nothing_has_no_facts(state: State) -> None:
    keep(state, (1, body()))
    assert Configs(state).facts(1) is None
    assert Configs(state).facts(99) is None


def test_facts_of_looks_that_are_dropped_go_too(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 1)
    keep(state, *((n, body(f"{n}\n", facts=facts(firmware=f"{n}.0"))) for n in range(4)))
    assert told(state).firmware == Fact("3.0", 3, "")
    with state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(config_texts)) == 2


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from(["", "1.0", "2.0"]),
            st.none() | st.lists(st.sampled_from([module("a", "1"), module("a", "2"), module("b", "3")])),
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(),
)
@settings(max_examples=40, deadline=None)
def test_the_same_looks_in_any_order_any_number_of_times_are_the_same_facts(
    tmp_path_factory: pytest.TempPathFactory,
    said: list[tuple[int, str, list[dict[str, object]] | None]],
    random: object,
) -> None:
    documents = [
        (at, body(facts=facts(firmware=firmware, modules=modules))) for at, firmware, modules in said
    ]
    shown = []
    for order in (documents, random.sample(documents * 2, len(documents) * 2)):  # type: ignore[attr-defined]
        state = State(tmp_path_factory.mktemp("state") / "state.db")
        state.create_all()
        keep(state, *order)
        shown.append(told(state))
        state.close()
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    "wrong",
    [{"model": 7}, {"model": "x" * 257}, {"modules": [{"name": "a"}]}, {"modules": [module("a", "b")] * 513}],
)
def test_facts_that_are_none_are_refused(state: State, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="not a configuration"):
        keep(state, (1, body(facts=wrong)))
