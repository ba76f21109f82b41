"""The catalogues are complete, and the check that says so finds what is wrong."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from agents.icmp import refusals
from collector import judge, sift
from core.values import Level
from inventory.records import ROLES
from web import catalogue, i18n, reasons, words
from web.auth.roles import Role


def test_every_message_is_translated():
    assert catalogue.main(["check"]) == 0


def test_extracting_changes_nothing_when_the_catalogues_are_up_to_date(tmp_path, monkeypatch):
    committed = i18n.po_path("vi").read_bytes()
    copy = tmp_path / "vi" / "LC_MESSAGES" / "messages.po"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(committed)
    monkeypatch.setattr(catalogue, "po_path", lambda _language: copy)
    catalogue.extract(catalogue.used())
    assert copy.read_bytes() == committed


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the check says of a catalogue with these translations, when `{name} is down` and a plural are used."""
    template = Catalog()
    template.add("{name} is down")
    template.add(("{count} unit", "{count} units"))

    def run(translations: dict[str | tuple[str, str], str], *, fuzzy: bool = False) -> list[str]:
        path = tmp_path / "vi" / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Catalog(locale="vi")
        for key, text in translations.items():
            string = text if isinstance(key, str) else (text,)
            made.add(key, string, flags=["fuzzy"] if fuzzy else [])
        with path.open("wb") as file:
            write_po(file, made)
        monkeypatch.setattr(catalogue, "po_path", lambda _language: path)
        return list(catalogue.faults("vi", template))

    return run


GOOD = {"{name} is down": "{name} mất kết nối", ("{count} unit", "{count} units"): "{count} đơn vị"}


def test_a_complete_catalogue_has_no_faults(check):
    assert check(GOOD) == []


def test_a_missing_message_is_a_fault(check):
    (fault,) = check({("{count} unit", "{count} units"): "{count} đơn vị"})
    assert "'{name} is down'" in fault
    assert "not in the catalogue" in fault


def test_an_empty_translation_is_a_fault(check):
    (fault,) = check(GOOD | {"{name} is down": ""})
    assert "not translated" in fault


def test_a_fuzzy_translation_is_a_fault(check):
    assert all("fuzzy" in fault for fault in check(GOOD, fuzzy=True))


def test_a_lost_or_invented_placeholder_is_a_fault(check):
    assert len(check(GOOD | {"{name} is down": "mất kết nối"})) == 1
    assert len(check(GOOD | {"{name} is down": "{ten} mất kết nối"})) == 1


def test_a_message_that_is_no_longer_used_is_a_fault(check):
    (fault,) = check(GOOD | {"old": "cũ"})
    assert "not used" in fault


def test_a_catalogue_that_is_not_there_is_a_fault(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "po_path", lambda _language: tmp_path / "none.po")
    assert "not there" in next(iter(catalogue.faults("vi", Catalog())))


def test_every_reason_that_the_centre_gives_has_words():
    assert set(judge.REASONS) <= set(reasons.REASONS)
    refused = {sift.FUTURE, sift.BEFORE, sift.UNKNOWN_CHECK, sift.UNKNOWN_STATUS}
    assert refused <= set(reasons.REASONS)
    assert set(refusals._REASONS.values()) <= set(reasons.REASONS)


def test_every_role_and_level_has_a_word():
    keys = [*ROLES, *(level.value for level in Level), *(role.name.lower() for role in Role)]
    speaker = i18n.speaker("vi", 0)
    assert [key for key in keys if words.word(speaker, key) == key] == []
