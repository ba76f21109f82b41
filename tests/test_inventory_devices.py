"""Host documents as versions: told apart by content, and the same in whatever order they arrive."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_registry import NOW, open_registry

from core.errors import BadInput
from core.wire import Document
from inventory.census.words import wanted
from inventory.devices import (
    KEPT,
    MAX_ASKED,
    MAX_BODY,
    devices,
    known_device,
    search_devices,
    store_device,
    store_host,
    versions,
)
from inventory.state import State

FACTS = {"hardware": {"name": "may-1"}, "cpus": [{"name": "N100", "core": 4}], "memory_bytes": 8 << 30}


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        yield state


def store(
    state: State, body: dict[str, Any], at: int, *, agent: str = "11950-ab12", received: int = NOW
) -> bool:
    with state.write() as connection:
        return store_host(
            connection, unit="11950", agent=agent, document=Document("host", at, body), received_at=received
        )


def test_the_first_document_makes_a_device_with_one_version(state: State) -> None:
    assert store(state, FACTS, NOW - 5)
    (device,) = devices(state, "11950")
    assert (device.name, device.kind, device.agent, device.unit) == ("may-1", "pc", "11950-ab12", "11950")
    assert (device.first_seen, device.last_seen, device.body) == (NOW - 5, NOW - 5, FACTS)
    (version,) = versions(state, device.id)
    assert (version.device, version.at, version.body) == (device.id, NOW - 5, FACTS)


def test_an_unchanged_document_only_moves_last_seen(state: State) -> None:
    store(state, FACTS, NOW - 10)
    assert not store(state, dict(reversed(FACTS.items())), NOW - 5)
    (device,) = devices(state, "11950")
    assert (device.first_seen, device.last_seen) == (NOW - 10, NOW - 5)
    (version,) = versions(state, device.id)
    assert (version.at, version.last_seen) == (NOW - 10, NOW - 5)


def test_a_changed_document_is_a_new_version_and_the_newest_is_shown(state: State) -> None:
    store(state, FACTS, NOW - 10)
    assert store(state, {**FACTS, "memory_bytes": 4 << 30}, NOW - 5)
    (device,) = devices(state, "11950")
    assert device.body["memory_bytes"] == 4 << 30
    assert [version.body["memory_bytes"] >> 30 for version in versions(state, device.id)] == [8, 4]


def test_a_late_document_is_a_version_and_does_not_become_the_newest(state: State) -> None:
    store(state, FACTS, NOW - 5)
    assert store(state, {**FACTS, "memory_bytes": 4 << 30}, NOW - 10)
    (device,) = devices(state, "11950")
    assert device.body["memory_bytes"] == 8 << 30
    assert [version.body["memory_bytes"] >> 30 for version in versions(state, device.id)] == [4, 8]


def test_each_agent_of_a_unit_has_a_machine_of_its_own(state: State) -> None:
    store(state, FACTS, NOW, agent="11950-cd34")
    store(state, FACTS, NOW, agent="11950-ab12")
    assert [device.agent for device in devices(state, "11950")] == ["11950-ab12", "11950-cd34"]
    assert devices(state, "11953") == []
    assert versions(state, 999) == []


@pytest.mark.parametrize("name", [None, "", 7, ["x"]])
def test_a_machine_without_a_name_goes_by_its_agents(state: State, name: object) -> None:
    store(state, {"hardware": name if isinstance(name, list) else {"name": name}}, NOW)
    assert devices(state, "11950")[0].name == "11950-ab12"


@pytest.mark.parametrize(("at", "kept"), [(NOW + 10**12, NOW), (-(10**30), 0), (10**30, NOW)])
def test_a_time_that_cannot_be_counts_as_the_nearest_that_can(state: State, at: int, kept: int) -> None:
    store(state, FACTS, at)
    assert devices(state, "11950")[0].last_seen == kept


@pytest.mark.parametrize(
    "body",
    [
        {"x": "a" * MAX_BODY},
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": "\ud800"},
        {"x": b"bytes"},
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(state: State, body: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        store(state, body, NOW)
    assert devices(state, "11950") == []


def test_a_document_nested_without_end_is_refused(state: State) -> None:
    body: dict[str, Any] = {}
    for _ in range(100_000):
        body = {"x": body}
    with pytest.raises(BadInput):
        store(state, body, NOW)


def test_a_device_keeps_the_contents_that_were_last_seen(state: State) -> None:
    for number in range(KEPT + 5):
        assert store(state, {"n": number}, NOW - 10_000 + number)
    store(state, {"n": 5}, NOW)
    assert store(state, {"n": "new"}, NOW - 5_000)
    assert not store(state, {"n": "older than all"}, NOW - 20_000)
    (device,) = devices(state, "11950")
    kept = [version.body["n"] for version in versions(state, device.id)]
    assert kept == [5, *range(7, KEPT + 5), "new"]
    assert (device.versions, device.body["n"]) == (KEPT, 5)
    assert (device.first_seen, device.last_seen) == (NOW - 20_000, NOW)


def test_the_newest_versions_are_read_alone(state: State) -> None:
    for number in range(5):
        store(state, {"n": number}, NOW - 10 + number)
    (device,) = devices(state, "11950")
    assert [version.body["n"] for version in versions(state, device.id, 2)] == [3, 4]


def test_finding_the_newest_of_full_devices_reads_no_other_body(state: State) -> None:
    for number in range(3):
        store(state, {"n": number}, NOW - 10 + number)
    (device,) = devices(state, "11950")
    with state.write() as connection:  # the other bodies are junk: whoever decodes one fails
        connection.exec_driver_sql("UPDATE device_versions SET body = 'junk' WHERE last_seen < ?", (NOW - 8,))
    assert devices(state, "11950") == [device]
    assert [version.body["n"] for version in versions(state, device.id, 1)] == [2]


documents = st.lists(st.tuples(st.integers(0, 3), st.integers(NOW - 6, NOW + 3)), min_size=1, max_size=8)


@settings(deadline=None, max_examples=25)
@given(documents, st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_order_and_repetition_leave_the_same_versions(
    seen: list[tuple[int, int]], random: Any, times: int
) -> None:
    outcomes = []
    shuffled = seen * times
    random.shuffle(shuffled)
    for order in (sorted(seen, key=lambda each: each[1]), shuffled):
        with open_registry() as state:
            for content, at in order:
                store(state, {"hardware": {"name": f"may-{content}"}}, at)
            (device,) = devices(state, "11950")
            found = [(v.at, v.last_seen, v.digest, v.body["hardware"]) for v in versions(state, device.id)]
            outcomes.append((device.name, device.first_seen, device.last_seen, found))
    assert outcomes[0] == outcomes[1]


few = st.lists(st.tuples(st.integers(0, 5), st.integers(NOW - 6, NOW + 3)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=40)
@given(few, st.randoms(use_true_random=False), st.integers(1, 2))
def test_past_the_bound_any_order_still_keeps_the_same_contents_and_the_same_newest(
    seen: list[tuple[int, int]], random: Any, times: int
) -> None:
    """Only `at` of a content that was dropped and came back may differ (see the module)."""
    outcomes = []
    shuffled = seen * times
    random.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inventory.devices.KEPT", 3)
        for order in (sorted(seen, key=lambda each: each[1]), shuffled):
            with open_registry() as state:
                for content, at in order:
                    store(state, {"hardware": {"name": f"may-{content}"}}, at)
                (device,) = devices(state, "11950")
                found = sorted((v.last_seen, v.digest) for v in versions(state, device.id))
                outcomes.append((device.name, device.first_seen, device.last_seen, found))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][3]) <= 3


def test_a_content_that_was_dropped_and_comes_back_is_first_seen_then(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.devices.KEPT", 2)
    for number, at in ((0, 1), (1, 2), (2, 3), (0, 4)):
        store(state, {"n": number}, NOW - 10 + at)
    (device,) = devices(state, "11950")
    assert [(v.body["n"], v.at - NOW + 10) for v in versions(state, device.id)] == [(2, 3), (0, 4)]


def told(state: State, address: object, at: int, **body: object) -> bool:
    with state.write() as connection:
        document = Document("device", at, {"address": address, **body})
        return store_device(connection, unit="11950", document=document, received_at=10_000)


def test_a_device_that_was_asked_is_known_by_its_address_and_is_what_it_said_last(state: State) -> None:
    assert told(state, "10.0.0.1", 100, name="gw", kind="router")
    assert not told(state, "10.0.0.1", 300, name="gw", kind="router")
    assert told(state, "10.0.0.1", 200, name="gw", kind="switch")
    (device,) = devices(state, "11950")
    assert (device.address, device.agent, device.name, device.kind) == ("10.0.0.1", "", "gw", "router")
    assert (device.first_seen, device.last_seen, device.versions) == (100, 300, 2)
    assert "address" not in device.body
    told(state, "10.0.0.2", 100)
    assert devices(state, "11950")[1].name == "10.0.0.2"


@pytest.mark.parametrize("address", [None, "", 7, "x" * 300])
def test_a_device_without_an_address_is_refused(state: State, address: object) -> None:
    with pytest.raises(BadInput, match="address"):
        told(state, address, 100)


def test_a_unit_has_only_so_many_devices(state: State) -> None:
    for place in range(MAX_ASKED):
        told(state, f"10.0.{place >> 8}.{place & 255}", 100)
    with pytest.raises(BadInput, match="512 other devices"):
        told(state, "10.9.9.9", 100)
    assert told(state, "10.0.0.1", 200, name="known")


def found(state: State, query: str) -> list[str]:
    with state.read() as connection:
        return [each.name for each in search_devices(connection, wanted(query), 10)]


def test_a_device_is_found_by_what_it_said_last(state: State) -> None:
    def asked(at: int, **body: Any) -> None:
        with state.write() as connection:
            document = Document("device", at, {"address": "10.1.1.9", **body})
            store_device(connection, unit="11950", document=document, received_at=NOW)

    asked(
        NOW - 5, name="Máy in", serial="VNB3K1", interfaces=[{"mac": "00:1B:A9:00:00:09"}, "odd", {"mac": 5}]
    )
    asked(NOW - 9, name="old", serial="OLD1")
    for query in ("may in", "vnb3k1", "001B.A900.0009", "10.1.1.9"):
        assert found(state, query) == ["Máy in"], query
    assert found(state, "OLD1") == []
    asked(NOW - 1, name="old", serial="OLD1")
    assert (found(state, "OLD1"), found(state, "vnb3k1"), found(state, "")) == (["old"], [], [])
    with state.write() as connection:
        known_device(connection, "11950", "10.1.1.77", NOW)
    assert found(state, "10.1.1.77") == ["10.1.1.77"], "of which only the configuration is read"
