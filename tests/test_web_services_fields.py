"""The editor has a field for every parameter that a probe takes, with the probe's own default; and for every part of a step."""

import csv
import importlib
import json
import re
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec
import pytest

from agents.probes.scenario.steps import Expect, Save, Step
from agents.trial import KINDS as TRIED
from web.pages.services.drafts import unfit
from web.pages.services.fields import FIELDS, Field
from web.pages.services.kinds import KINDS

CHECK = (Path(__file__).parent.parent / "web" / "templates" / "services" / "check.html").read_text("utf-8")
OF_THEIR_OWN = {"scenario": {"steps"}}
"""What has a form of its own."""


def parameters(kind: str) -> dict[str, msgspec.structs.FieldInfo]:
    module = importlib.import_module(f"agents.probes.{kind}")
    return {each.name: each for each in msgspec.structs.fields(module.Params)}


def plain(annotation: object) -> object:
    """The type without what is said of it, and without None."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (only,) = (each for each in get_args(annotation) if each is not type(None))
        return plain(only)
    return annotation


def fits(field: Field, annotation: object) -> bool:
    kind = plain(annotation)
    if get_origin(kind) is Literal:
        chosen = {field.default, *field.choices} - {""}
        return field.how == "choice" and chosen == set(get_args(kind))
    if get_origin(kind) is tuple:
        return field.how == "numbers"
    if get_origin(kind) is list:
        return field.how == "list"
    if get_origin(kind) is dict:
        return field.how == "pairs"
    return field.how in {bool: ("tick",), str: ("text", "long"), int: ("number",), float: ("number",)}[kind]  # type: ignore[index]


def written(default: object) -> str:
    """A default as the form shows it."""
    if default is None or default == "" or default == {} or default == []:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def test_every_kind_that_agents_try_has_a_form() -> None:
    assert KINDS.keys() == FIELDS.keys() == TRIED


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_parameter_of_a_probe_has_a_field_that_fits_it(kind: str) -> None:
    wanted = {name: each for name, each in parameters(kind).items() if name not in OF_THEIR_OWN.get(kind, ())}
    fields = FIELDS[kind].all
    assert sorted(field.name for field in fields) == sorted(wanted)
    for field in fields:
        info = wanted[field.name]
        assert fits(field, info.type), (field, info.type)
        default = "" if info.required else info.default
        if default is msgspec.NODEFAULT:
            default = info.default_factory()
        said = "" if field.how == "choice" and not field.default else field.default
        assert said == written(default) or float(said or "nan") == default, (field, default)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_a_new_check_begins_with_is_known_to_its_probe(kind: str) -> None:
    assert json.loads(KINDS[kind].params or "{}").keys() <= parameters(kind).keys()


def test_the_scenario_that_a_new_check_begins_with_is_one() -> None:
    steps = msgspec.convert(json.loads(KINDS["scenario"].params)["steps"], list[Step])
    assert [step.submit for step in steps] == [None, "form", None]


def test_each_part_of_a_step_has_a_field() -> None:
    template = CHECK[CHECK.index('<template id="step">') :]
    paths = re.findall(r'(?:text|area|choices|pairs)\("([\w.]+)"|data-path="([\w.]+)"', template)
    found = {path for pair in paths for path in pair if path}
    step = {each.name for each in msgspec.structs.fields(Step)} - {"save", "expect"}
    assert found == step | {f"expect.{each.name}" for each in msgspec.structs.fields(Expect)}
    ways = set(re.findall(r'<option value="(\w+)"', template[template.index("data-how") :]))
    assert ways | {"attr"} == {each.name for each in msgspec.structs.fields(Save)}


def test_what_a_new_centre_s_checks_say_is_known_to_the_form() -> None:
    seeds = Path(__file__).parent.parent / "inventory" / "seeds" / "service_checks.csv"
    with seeds.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert unfit({"kind": row["kind"], "params": row["params"]}) is None, row
