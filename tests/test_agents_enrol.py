"""Enrolment and the stored credential."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_agents import Centre

from agents import credential as credentials
from agents.__main__ import main
from agents.credential import Credential, check_url
from agents.enrol import enrol
from core.errors import BadInput, Refused, Unavailable


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre()
    centre.url = await centre.start()
    yield centre
    await centre.stop()


async def test_a_good_token_becomes_a_credential_that_only_the_owner_can_read(
    centre: Centre, tmp_path: Path
) -> None:
    directory = tmp_path / "agent"
    made = await asyncio.to_thread(enrol, directory, centre.url, "good")
    assert made == credentials.load(directory)
    assert (made.agent, made.unit) == ("11950-3f2a", "11950")
    assert len(made.secret) >= 32
    assert stat.S_IMODE((directory / credentials.FILE).stat().st_mode) == 0o600


async def test_an_enrolment_that_was_cut_short_goes_on_with_the_same_secret(
    centre: Centre, tmp_path: Path
) -> None:
    credentials.store(tmp_path, Credential(centre.url, "x" * 43))
    made = await asyncio.to_thread(enrol, tmp_path, centre.url, "good")
    assert made.secret == "x" * 43
    assert centre.enrolments[0].secret == "x" * 43


async def test_the_secret_is_on_disk_before_the_centre_is_asked(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await asyncio.to_thread(enrol, tmp_path, "http://127.0.0.1:1", "good")
    stored = credentials.load(tmp_path)
    assert stored is not None
    assert stored.secret
    assert not stored.agent


async def test_a_bad_token_is_refused_in_words(centre: Centre, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such token"):
        await asyncio.to_thread(enrol, tmp_path, centre.url, "bad")


async def test_who_is_enrolled_is_not_enrolled_again(centre: Centre, tmp_path: Path) -> None:
    await asyncio.to_thread(enrol, tmp_path, centre.url, "good")
    with pytest.raises(BadInput, match="already enrolled"):
        await asyncio.to_thread(enrol, tmp_path, centre.url, "good")


@pytest.mark.parametrize(
    "url",
    [
        "https://nhip.example.vn",
        "https://10.0.0.1:8443",
        "http://127.0.0.1:8080",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_these_centres_may_be_reported_to(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://nhip.example.vn",
        "http://10.0.0.1",
        "http://localhost.evil.vn",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "https://",
        "",
    ],
)
def test_no_credential_goes_out_in_the_clear(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="may report to"):
        check_url(url)
    with pytest.raises(BadInput):
        enrol(tmp_path, url, "good")
    assert credentials.load(tmp_path) is None


def test_a_moved_centre_is_stored_and_nothing_else_changes(tmp_path: Path) -> None:
    old = Credential("https://127.0.0.1:1", "x" * 43, "11950-3f2a", "11950", "/etc/nhip/ca.pem")
    credentials.store(tmp_path, old)
    moved = credentials.move(tmp_path, old, "https://127.0.0.1:2/")
    assert moved == credentials.load(tmp_path)
    assert moved == Credential("https://127.0.0.1:2", "x" * 43, "11950-3f2a", "11950", "/etc/nhip/ca.pem")
    assert stat.S_IMODE((tmp_path / credentials.FILE).stat().st_mode) == 0o600


def test_an_address_that_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    old = Credential("https://127.0.0.1:1", "x" * 43)
    assert credentials.move(tmp_path, old, "https://127.0.0.1:1/") == old
    assert not (tmp_path / credentials.FILE).exists()


def test_a_centre_does_not_move_to_where_no_credential_may_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Credential("https://127.0.0.1:1", "x" * 43, "11950-3f2a", "11950")
    credentials.store(tmp_path, old)
    assert main(["run", "--dir", str(tmp_path), "--url", "http://nhip.example.vn"]) == 1
    assert "may report to" in capsys.readouterr().err
    assert credentials.load(tmp_path) == old


def test_a_ca_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing\.pem"):
        enrol(tmp_path, "https://127.0.0.1:1", "good", str(tmp_path / "missing.pem"))


def test_a_spoiled_credential_is_named(tmp_path: Path) -> None:
    (tmp_path / credentials.FILE).write_text("{")
    with pytest.raises(BadInput, match=r"credential\.json"):
        credentials.load(tmp_path)
