"""What a scenario may be told and what it may answer stands in the docs."""

import inspect
import re
from pathlib import Path

import pytest

from agents.probes.scenario import judge, steps, walk
from agents.probes.web import lines, messages, proxy
from web.reasons import REASONS

PAGE = (Path(__file__).parent.parent / "docs" / "probes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shape", [steps.Step, steps.Save, steps.Expect])
def test_every_part_of_a_step_has_a_line(shape: type) -> None:
    section = PAGE[PAGE.index("## `scenario`") : PAGE.index("## `tls`")]
    for name in shape.__struct_fields__:  # type: ignore[attr-defined]
        assert re.search(rf"^\| `{name}` \|", section, re.MULTILINE) or name in ("name", "save", "expect"), (
            name
        )


@pytest.mark.parametrize("module", [lines, messages, proxy, judge, steps, walk])
def test_every_reason_has_a_line_and_words(module: object) -> None:
    source = inspect.getsource(module)  # type: ignore[arg-type]
    for reason in re.findall(r'(?:Failed|lacking|slow =)\s*\(?f?"([^"]+)"', source):
        key = reason.partition("|")[0]
        assert re.search(rf"`{re.escape(key)}(\\\||`)", PAGE), reason
        assert key in REASONS, reason
