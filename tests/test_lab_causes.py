"""Causes in the real province: each thing is made to happen once, and the final verdict names it."""

from pathlib import Path

import pytest
from support_netns import ROOT_WITH_TUN, WHY_NOT

from lab.wan.causes import CAUSES, Trial
from lab.wan.up import province_of
from lab.wan.wall import Wall

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT),
    pytest.mark.alone,
]


def test_the_verdict_names_what_was_done_and_blames_nobody_else(tmp_path: Path) -> None:
    with province_of(tmp_path / "lab", "24", "24", print) as province, Wall.of(province) as wall:
        table = Trial(province, wall, times=1, seed=3, say=print).run()
    print("\n".join(table.lines()))
    assert {truth.cause: truth.verdict for truth in table.truths} == {cause: cause for cause in CAUSES}
    assert table.false == []
