"""The page on verdicts says what the code does."""

from pathlib import Path

from collector.causes import SENTENCES
from collector.judge import REASONS
from collector.outages import CHANGES
from collector.services.explain import SENTENCES as OF_SERVICES

PAGE = (Path(__file__).parent.parent / "docs" / "verdicts.md").read_text(encoding="utf-8")


def test_every_reason_is_on_the_page_with_its_meaning() -> None:
    for reason, meaning in REASONS.items():
        assert f"| `{reason}` | {meaning} |" in PAGE


def test_every_sentence_of_evidence_is_on_the_page_with_its_meaning() -> None:
    for sentence, meaning in {**SENTENCES, **OF_SERVICES}.items():
        assert f"| `{sentence}` | {meaning} |" in PAGE


def test_the_page_draws_the_table_of_changes() -> None:
    for (before, after), what in CHANGES.items():
        assert f"| {before} | {after} | {', '.join(what)} |" in PAGE
