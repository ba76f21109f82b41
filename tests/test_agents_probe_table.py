"""The table of probes: each is whole, light and documented; and another one fits in."""

import asyncio
import inspect
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Annotated

import msgspec
import pytest

from agents.probes import PROBES, Probe
from agents.probes.outcome import Failed, looks, parameters
from core.values import Check, Result, Status

PAGE = (Path(__file__).parent.parent / "docs" / "probes.md").read_text(encoding="utf-8")


def module_of(kind: str) -> ModuleType:
    probe = PROBES[kind]
    found = probe if inspect.ismodule(probe) else inspect.getmodule(type(probe))
    assert found is not None
    return found


def section(kind: str) -> str:
    """The part of the page about one probe."""
    found = re.search(rf"^## `{kind}`.*?(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/probes.md has no section on {kind}"
    return found[0]


def documented(kind: str) -> set[str]:
    """Names in the first column of the tables of a probe's section."""
    rows = re.findall(r"^\| (`.*?) \|", section(kind), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("kind", PROBES)
def test_every_parameter_has_a_line_in_the_docs(kind: str) -> None:
    assert set(module_of(kind).Params.__struct_fields__) <= documented(kind)


@pytest.mark.parametrize("kind", PROBES)
def test_every_figure_has_a_line_in_the_docs(kind: str) -> None:
    assert set(module_of(kind).FIGURES) <= documented(kind)


@pytest.mark.parametrize("kind", PROBES)
def test_the_documented_default_is_the_one_in_force(kind: str) -> None:
    shape = module_of(kind).Params
    defaults = dict(
        zip(
            shape.__struct_fields__[-len(shape.__struct_defaults__) :], shape.__struct_defaults__, strict=True
        )
    )
    for name, default in defaults.items():
        row = re.search(rf"^\| `{name}` \| (.*?) \|", section(kind), re.MULTILINE)
        assert row is not None
        if isinstance(default, (bool, int, float, str)):
            assert row[1].strip("`").lower() == str(default).lower()


@pytest.mark.parametrize("kind", PROBES)
def test_every_literal_reason_has_a_line_in_the_docs(kind: str) -> None:
    source = inspect.getsource(module_of(kind))
    # One that begins with what another said has no word of its own.
    for reason in re.findall(r'(?:Failed|Status\.(?:DOWN|DEGRADED|UNKNOWN),)\s*\(?f?"([^"{][^"]*)"', source):
        key = reason.partition("|")[0]
        assert re.search(rf"`{re.escape(key)}(\\\||`)", PAGE), f"{kind}: {reason}"


class ExampleParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, msgspec.Meta(ge=0)] = 10


class Example:
    """A probe as a newcomer writes it: the length of the target's name."""

    @staticmethod
    @looks
    async def run(check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, ExampleParams)
        figures["name_letters"] = len(check.target)
        if check.target == "silent":
            await asyncio.Event().wait()
        if check.target == "refusing":
            raise ConnectionRefusedError(111, "no")
        if len(check.target) > params.limit:
            raise Failed("too long")
        return Result(Status.UP, "", figures)


@pytest.mark.parametrize(
    ("target", "params", "status", "reason"),
    [
        ("short", {}, Status.UP, ""),
        ("short", {"limit": 2}, Status.DOWN, "too long"),
        ("refusing", {}, Status.DOWN, "refused"),
        ("silent", {}, Status.DOWN, "timeout"),
    ],
)
async def test_a_new_probe_needs_its_file_and_a_line_in_the_table(
    target: str, params: Mapping[str, object], status: Status, reason: str
) -> None:
    table: Mapping[str, Probe] = {**PROBES, "example": Example()}
    result = await table["example"].run(Check(1, "example", target, 5_000, 30, params))
    assert (result.status, result.reason, result.figures) == (status, reason, {"name_letters": len(target)})


@looks
async def explains(check: Check, figures: dict[str, float]) -> Result:
    """A probe that knows at a deadline of its own, a little earlier, what came of it; and has something to put away then."""
    asyncio.get_running_loop().call_soon(time.sleep, 0.3)  # meanwhile this process does not get its turn
    try:
        async with asyncio.timeout(0.08):
            await asyncio.Event().wait()
    except TimeoutError as error:
        await asyncio.sleep(0)
        raise Failed("not verified|timeout", Status.UNKNOWN) from error
    raise AssertionError


async def test_after_a_time_in_which_the_machine_stood_still_a_probe_says_first_what_came_of_it() -> None:
    result = await explains(Check(1, "example", "x", 5_000, 100))
    assert (result.status, result.reason) == (Status.UNKNOWN, "not verified|timeout")


def test_the_table_is_light_to_import() -> None:
    heavy = {"cryptography", "dns", "h11", "httpx2", "scapy", "ctypes"}
    code = "import sys, agents.probes; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not heavy & set(loaded.split())
