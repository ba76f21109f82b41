"""docs/services.md says what the pages say: the kinds of checks, the words of verdicts, a scenario that is one, links that lead somewhere."""

import json
import re
from pathlib import Path

import msgspec

from agents.probes.scenario.steps import Step, check
from inventory.plan import PLACEHOLDER
from web.i18n import messages
from web.pages.services.kinds import KINDS
from web.sights import FACES, PLANNED, STANDINGS

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "services.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the rows of all tables under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def test_every_kind_of_check_has_a_line_with_the_target_that_the_editor_begins_with() -> None:
    told: dict[str, str] = {}
    for cells in rows("Write a check"):
        for kind in re.findall(r"`(\w+)`", cells[0]):
            told[kind] = cells[2]
    assert told.keys() == KINDS.keys()
    for kind, of in KINDS.items():
        for placeholder in PLACEHOLDER.finditer(of.target):
            assert placeholder.group(0) in told[kind], kind


def test_every_verdict_stands_there_in_both_languages() -> None:
    told = {cells[0]: cells[1] for cells in rows("Read the matrix")}
    vietnamese = messages("vi")
    for face in (*FACES.values(), *STANDINGS.values(), PLANNED):
        assert told[face.word] == vietnamese[face.word][0], face.word


def test_the_scenario_is_one() -> None:
    found = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
    steps = msgspec.convert(found["steps"], tuple[Step, ...])
    check(steps)
    assert [step.name for step in steps][-1] == "Đăng xuất"


def test_every_link_leads_somewhere() -> None:
    for file, anchor in re.findall(r"\]\(([\w./-]*)#?([\w-]*)\)", PAGE):
        text = (DOCS / file).read_text(encoding="utf-8") if file else PAGE
        headings = {
            re.sub(r"[^\w\s-]", "", title.lower()).strip().replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert not anchor or anchor in headings, (file, anchor)


def test_it_is_found_from_where_people_begin() -> None:
    assert "(services.md)" in (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert "(docs/services.md)" in (DOCS.parent / "README.md").read_text(encoding="utf-8")


def test_what_people_read_on_the_pages_is_quoted_as_it_stands_there() -> None:
    vietnamese = {form for forms in messages("vi").values() for form in forms}
    for quoted in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", PAGE):
        if not re.search(r"[À-ỹ]", quoted):
            continue
        plain = re.sub(r"^[\d\s/]+", "", quoted).partition(" …")[0].partition(":")[0]
        assert any(form.casefold().startswith(plain.casefold()) for form in vietnamese), quoted
