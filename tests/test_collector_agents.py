"""Join tokens, enrolment and credentials."""

import pytest
import sqlalchemy as sa

from collector.agents import DAY_MS, REREAD_MS, Agents
from collector.tables import agents as agents_table
from collector.tables import join_tokens
from core.errors import BadInput, Refused
from core.wire import Enrol
from inventory.state import State
from lab.manual_clock import ManualClock

SECRET = "s" * 43


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


@pytest.fixture
def agents(state, clock):
    return Agents(state, clock)


def enrol(agents, unit="11950", secret=SECRET):
    return agents.enrol(Enrol(token=agents.create_token(unit), secret=secret))


def test_an_agent_is_named_after_its_unit_and_may_then_sign_in(agents, clock):
    enrolled = enrol(agents)
    assert enrolled.unit == "11950"
    assert enrolled.agent.startswith("11950-")
    assert len(enrolled.agent) == len("11950-3f2a")
    row = agents.authenticate(f"Bearer {enrolled.agent}.{SECRET}")
    assert (row.agent, row.unit, row.enrolled_at) == (enrolled.agent, "11950", clock.now())


def test_two_agents_of_a_unit_have_names_of_their_own(agents):
    assert len({enrol(agents).agent for _ in range(20)}) == 20


def test_the_same_token_and_secret_are_answered_alike_even_after_the_token_expired(agents, clock):
    token = agents.create_token("11950")
    first = agents.enrol(Enrol(token=token, secret=SECRET))
    clock.set(clock.now() + DAY_MS * 2)
    assert agents.enrol(Enrol(token=token, secret=SECRET)) == first


def test_a_used_token_is_refused_to_another_secret(agents):
    token = agents.create_token("11950")
    agents.enrol(Enrol(token=token, secret=SECRET))
    with pytest.raises(Refused, match="used already"):
        agents.enrol(Enrol(token=token, secret="t" * 43))


def test_an_expired_token_is_refused(agents, clock):
    token = agents.create_token("11950", valid_ms=1_000)
    clock.set(clock.now() + 1_000)
    with pytest.raises(Refused, match="expired"):
        agents.enrol(Enrol(token=token, secret=SECRET))


def test_an_unknown_token_is_refused(agents):
    with pytest.raises(Refused, match="not known"):
        agents.enrol(Enrol(token="nothing", secret=SECRET))


@pytest.mark.parametrize("secret", ["", "short", "x" * 257, "with space " * 4, "with.dot" * 6])
def test_a_secret_of_the_wrong_form_is_bad_input_and_leaves_the_token_unused(agents, secret):
    token = agents.create_token("11950")
    with pytest.raises(BadInput):
        agents.enrol(Enrol(token=token, secret=secret))
    assert agents.enrol(Enrol(token=token, secret=SECRET)).unit == "11950"


@pytest.mark.parametrize("unit", ["", "a b", "xã", "a/b", "x" * 65])
def test_a_code_that_cannot_be_in_a_header_makes_no_token(agents, unit):
    with pytest.raises(BadInput):
        agents.create_token(unit)


def test_a_unit_code_with_dots_works_in_a_credential(agents):
    enrolled = enrol(agents, unit="000.00.31.H31")
    assert agents.authenticate(f"Bearer {enrolled.agent}.{SECRET}").unit == "000.00.31.H31"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Bearer .", "Basic a.b", "Bearer 11950-0000.x", "Bearer é.é"]
)
def test_what_is_no_credential_is_refused(agents, header):
    enrol(agents)
    with pytest.raises(Refused):
        agents.authenticate(header)


def test_a_wrong_secret_is_refused(agents):
    enrolled = enrol(agents)
    with pytest.raises(Refused):
        agents.authenticate(f"Bearer {enrolled.agent}.{'t' * 43}")


def test_a_revoked_agent_is_refused_at_once_and_cannot_come_back_with_its_token(agents):
    token = agents.create_token("11950")
    enrolled = agents.enrol(Enrol(token=token, secret=SECRET))
    assert agents.revoke(enrolled.agent)
    assert not agents.revoke(enrolled.agent)
    with pytest.raises(Refused):
        agents.authenticate(f"Bearer {enrolled.agent}.{SECRET}")
    with pytest.raises(Refused):
        agents.enrol(Enrol(token=token, secret=SECRET))
    assert list(agents.all()) == []


def test_what_another_process_changed_is_seen_within_seconds(agents, state, clock):
    enrolled = enrol(agents)
    assert Agents(state, clock).revoke(enrolled.agent)
    clock.set(clock.now() + REREAD_MS)
    with pytest.raises(Refused):
        agents.authenticate(f"Bearer {enrolled.agent}.{SECRET}")


def test_neither_token_nor_secret_is_stored(agents, state):
    token = agents.create_token("11950")
    agents.enrol(Enrol(token=token, secret=SECRET))
    with state.read() as connection:
        stored = repr(connection.execute(sa.select(join_tokens)).all()) + repr(
            connection.execute(sa.select(agents_table)).all()
        )
    assert token not in stored
    assert SECRET not in stored


def test_no_token_looks_like_an_option_of_a_command(agents, monkeypatch):
    drawn = iter(["-" + "a" * 42, "--" + "b" * 41, "c-" + "d" * 41])
    monkeypatch.setattr("collector.agents.secrets.token_urlsafe", lambda _size: next(drawn))
    assert agents.create_token("11950") == "c-" + "d" * 41
