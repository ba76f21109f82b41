"""Secrets at rest: sealed, each in its own place, by a key that only its owner can read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_registry import NOW

from core.errors import BadInput
from inventory.state import State
from inventory.vault import KEY_FILE, Kept, Vault

WORD = "Mật-khẩu-của-tài-khoản"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def test_a_secret_is_kept_listed_changed_and_removed(state: State) -> None:
    vault = Vault(state)
    vault.set("a", WORD, NOW, "lan")
    vault.set("b", "other", NOW + 1, "lan")
    vault.set("a", "changed", NOW + 2, "minh")
    assert vault.kept() == [Kept("a", NOW + 2, "minh"), Kept("b", NOW + 1, "lan")]
    assert vault.values(["a", "b", "none"]) == {"a": "changed", "b": "other"}
    assert (vault.remove("a"), vault.remove("a")) == (True, False)
    assert vault.values(["a"]) == {}


def test_no_file_but_memory_has_the_value(state: State, tmp_path: Path) -> None:
    Vault(state).set("a", WORD, NOW, "lan")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"state.db", KEY_FILE}
    assert not [path for path in files if WORD.encode() in path.read_bytes()]


def test_only_its_owner_can_read_the_key(state: State, tmp_path: Path) -> None:
    vault = Vault(state)
    vault.set("a", WORD, NOW, "lan")
    key = tmp_path / KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(BadInput, match="others may read it"):
        vault.values(["a"])


def test_the_same_value_is_sealed_differently_each_time(state: State) -> None:
    vault = Vault(state)
    vault.set("a", WORD, NOW, "lan")
    vault.set("b", WORD, NOW, "lan")
    first = dict(vault.marks())
    vault.set("a", WORD, NOW, "lan")
    assert first["a"] != first["b"]
    assert vault.marks() == {"a": vault.marks()["a"], "b": first["b"]}
    assert vault.marks()["a"] != first["a"]


def test_a_secret_put_in_anothers_place_or_altered_is_refused(state: State) -> None:
    vault = Vault(state)
    vault.set("a", WORD, NOW, "lan")
    vault.set("b", "other", NOW, "lan")
    with state.write() as connection:
        connection.exec_driver_sql(
            "UPDATE secrets SET value = (SELECT value FROM secrets WHERE name = 'a') WHERE name = 'b'"
        )
    with pytest.raises(BadInput, match="another key"):
        vault.values(["b"])
    with state.write() as connection:
        connection.exec_driver_sql("UPDATE secrets SET value = x'00' WHERE name = 'b'")
    with pytest.raises(BadInput, match="another key"):
        vault.values(["b"])
    assert vault.values(["a"]) == {"a": WORD}


def test_without_its_key_a_store_gives_nothing_and_takes_nothing(state: State, tmp_path: Path) -> None:
    vault = Vault(state)
    vault.set("a", WORD, NOW, "lan")
    (tmp_path / KEY_FILE).unlink()
    for attempt in (lambda: vault.values(["a"]), lambda: vault.set("b", WORD, NOW, "lan")):
        with pytest.raises(BadInput, match="No such file"):
            attempt()
    vault.remove("a")
    vault.set("b", WORD, NOW, "lan")
    assert vault.values(["b"]) == {"b": WORD}


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 65, "${secret:a}"])
def test_bad_names_are_refused(state: State, name: str) -> None:
    with pytest.raises(BadInput, match="no name of a secret"):
        Vault(state).set(name, WORD, NOW, "lan")


@pytest.mark.parametrize("value", ["", "abc", "x" * 16_385])
def test_values_too_short_or_too_long_are_refused_and_not_repeated(state: State, value: str) -> None:
    with pytest.raises(BadInput, match="bytes") as refused:
        Vault(state).set("a", value, NOW, "lan")
    assert not value or value not in str(refused.value)


@settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=4, max_size=200))
def test_every_value_comes_back_as_it_was(state: State, value: str) -> None:
    Vault(state).set("a", value, NOW, "lan")
    assert Vault(state).values(["a"]) == {"a": value}
