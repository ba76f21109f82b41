"""A centre that has moved: the agent is told the new address once, and keeps it."""

from pathlib import Path

import pytest

from agents import credential as credentials
from agents.credential import Credential
from core.errors import BadInput

OLD = Credential("http://127.0.0.1:8080", "s" * 43, "33-0001", "33")


def test_a_new_address_is_kept_with_everything_else_as_it_was(tmp_path: Path) -> None:
    credentials.store(tmp_path, OLD)
    moved = credentials.move(tmp_path, OLD, "http://127.0.0.1:9000")
    assert credentials.load(tmp_path) == moved
    assert (moved.url, moved.secret, moved.agent) == ("http://127.0.0.1:9000", OLD.secret, OLD.agent)
    assert (tmp_path / credentials.FILE).stat().st_mode & 0o777 == 0o600


def test_the_same_address_writes_nothing(tmp_path: Path) -> None:
    assert credentials.move(tmp_path, OLD, "http://127.0.0.1:8080/") == OLD
    assert credentials.load(tmp_path) is None


def test_an_address_that_would_send_the_secret_in_the_clear_is_refused(tmp_path: Path) -> None:
    credentials.store(tmp_path, OLD)
    with pytest.raises(BadInput):
        credentials.move(tmp_path, OLD, "http://centre.example.vn")
    assert credentials.load(tmp_path) == OLD
