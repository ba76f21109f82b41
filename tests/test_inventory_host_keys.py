"""That a device shows another SSH key than before is told until people say that it is right."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.wire import Document
from inventory.changes import put
from inventory.configs.host_keys import KeyChange, Refused, key_change, pinned_in
from inventory.configs.reads import Configs
from inventory.configs.store import KEPT, refused_keys, store_config, store_refused_key
from inventory.configs.versions import Seen
from inventory.findings import keeper
from inventory.state import State

NOW = 1_790_000_000_000
UNIT, ADDRESS = "11950", "10.0.0.2"


def looks(*keys: str) -> list[Seen]:
    return [Seen(at, at, "cisco", "x", "x", host_key=key) for at, key in enumerate(keys)]


def test_the_first_key_and_the_same_again_are_no_change() -> None:
    assert key_change(looks("", "a", "", "a"), []) is None
    assert key_change([], []) is None


def test_another_key_that_an_agent_believed_is_one_since_it_was_seen_first() -> None:
    assert key_change(looks("a", "b", "b"), []) == KeyChange("b", "a", 1, refused=False)
    assert key_change(looks("a", "b", "b"), [], pinned="b") is None
    assert key_change(looks("a", "b", "b"), [], pinned="a") is not None


def test_a_key_that_was_refused_is_one_until_the_device_is_read_again() -> None:
    refused = [Refused(5, "b", "a"), Refused(6, "c", "a"), Refused(7, "c", "a")]
    assert key_change(looks("a"), refused) == KeyChange("c", "a", 6, refused=True)
    assert key_change(looks("a"), refused, pinned="b") is not None
    assert key_change(looks("a"), refused, pinned="c") is None
    assert key_change([*looks("a"), Seen(9, 8, "cisco", "x", "x", host_key="a")], refused) is None
    assert key_change([], refused) == KeyChange("c", "a", 6, refused=True)


@given(
    st.lists(st.sampled_from(["", "a", "b"]), max_size=6),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), max_size=6),
)
def test_nothing_is_ever_told_of_a_key_that_people_said_is_right(
    keys: list[str], met: list[tuple[int, str]]
) -> None:
    refused = [Refused(at, key, "a") for at, key in sorted(met)]
    found = key_change(looks(*keys), refused)
    if found is not None:
        assert found.key != found.before or found.refused
        assert key_change(looks(*keys), refused, pinned=found.key) is None


@pytest.mark.parametrize("access", ["", "{", "[]", '{"user": "an"}', '{"host_key": 7}'])
def test_what_pins_no_key_pins_none(access: str) -> None:
    assert pinned_in(access) == ""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def refuse(state: State, at: int, key: str = "SHA256:b", **more: object) -> None:
    body = {"address": ADDRESS, "key": key, "before": "SHA256:a", **more}
    with state.write() as connection:
        store_refused_key(connection, unit=UNIT, document=Document("host_key", at, body), received_at=NOW)


def read(state: State, at: int, key: str) -> None:
    body = {"address": ADDRESS, "vendor": "cisco", "running": "x\n", "saved": True, "host_key": key}
    with state.write() as connection:
        store_config(connection, unit=UNIT, document=Document("config", at, body), received_at=NOW)


def test_what_comes_twice_or_late_is_the_same_and_only_so_much_stays(state: State) -> None:
    for at in [*range(KEPT + 20), 5, 100]:
        refuse(state, NOW - 1_000 + at)
    with state.read() as connection:
        ((of_device),) = refused_keys(connection).values()
    assert [each.at for each in of_device] == [NOW - 1_000 + at for at in range(20, KEPT + 20)]
    with pytest.raises(BadInput, match="not a key"):
        refuse(state, NOW, key="")


def test_it_is_a_finding_with_both_keys_that_ends_when_the_key_is_pinned(state: State) -> None:
    access = {"vendor": "cisco", "user": "an"}
    row = {"unit": UNIT, "name": "Switch", "kind": "switch", "address": ADDRESS, "access": json.dumps(access)}
    units = [{"code": UNIT, "name": "Xã", "level": "province"}]
    put(state, NOW - 9_000, {"units": units, "watched_devices": [row]})
    read(state, NOW - 5_000, "SHA256:a")

    def standing() -> list[tuple[str, int, int, str]]:
        keeper.refresh(state, [], {}, str, NOW)
        with state.read() as connection:
            return [
                (each.name, each.since, each.last_seen, each.detail)
                for each in keeper.read(connection, UNIT, ("host_key",))
            ]

    assert standing() == []
    refuse(state, NOW - 3_000)
    refuse(state, NOW - 2_000)
    assert standing() == [("Switch", NOW - 3_000, NOW - 2_000, "SHA256:b|SHA256:a")]
    put(
        state,
        NOW - 1_000,
        {"watched_devices": [row | {"access": json.dumps(access | {"host_key": "SHA256:b"})}]},
    )
    assert standing() == []
    read(state, NOW, "SHA256:b")
    (device,) = Configs(state).of_unit(UNIT)
    assert device.host_key is not None
    assert (device.host_key.value, device.host_key.before) == ("SHA256:b", "SHA256:a")
    assert standing() == []
