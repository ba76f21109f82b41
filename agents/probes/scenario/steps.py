"""What a scenario is told to do: its steps, and the texts in them that stand for what was found before. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from agents.probes.outcome import BadParameter, Failed
from agents.probes.scenario import jsonpath, selectors
from core.errors import BadInput

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Text = Annotated[str, msgspec.Meta(max_length=4_000)]
Texts = Text | Annotated[tuple[Text, ...], msgspec.Meta(max_length=20)]
Code = Annotated[int, msgspec.Meta(ge=100, le=599)]
Fields = Annotated[dict[str, Text], msgspec.Meta(max_length=100)]
_VARIABLE = re.compile(r"\{([A-Za-z_]\w{0,39})\}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Save(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where in an answer a value is found: exactly one of the first five. `attr` is of the element that `css` finds."""

    css: Text | None = None
    jsonpath: Text | None = None
    regex: Text | None = None
    header: Text | None = None
    cookie: Text | None = None
    attr: Text | None = None

    def __post_init__(self) -> None:
        ways = (self.css, self.jsonpath, self.regex, self.header, self.cookie)
        if sum(way is not None for way in ways) != 1 or (self.attr is not None and self.css is None):
            raise ValueError("one of css (with attr or without), jsonpath, regex, header and cookie")


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer has to be. All that is given must hold; `max_ms` alone makes it slow and not wrong."""

    status: Code | tuple[Code, ...] = 200
    text: Texts = ()
    not_text: Texts = ()
    regex: Text | None = None
    header: Fields = {}
    json: Annotated[dict[str, Any], msgspec.Meta(max_length=20)] = {}
    url: Text | None = None
    max_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None

    @property
    def statuses(self) -> tuple[int, ...]:
        return (self.status,) if isinstance(self.status, int) else self.status

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def not_texts(self) -> tuple[str, ...]:
        return (self.not_text,) if isinstance(self.not_text, str) else self.not_text


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[^#|\x00-\x1f]+$")]
    method: Method | None = None
    url: Text = ""
    headers: Fields = {}
    submit: Text | None = None
    form: Fields | None = None
    json: Any = msgspec.UNSET
    body: Annotated[str, msgspec.Meta(max_length=64 << 10)] | None = None
    follow: bool = True
    save: Annotated[dict[str, Save], msgspec.Meta(max_length=20)] = {}
    expect: Expect = Expect()

    def __post_init__(self) -> None:
        sent = (self.form is not None, self.json is not msgspec.UNSET, self.body is not None)
        if sum(sent) > 1 or (self.submit is not None and any(sent[1:])):
            raise ValueError("one of form, json and body; with submit, form or none")
        if not self.url and self.submit is None:
            raise ValueError("a step needs a url, or a form to submit")
        for name in self.save:
            if not _VARIABLE.fullmatch(f"{{{name}}}"):
                raise ValueError(f"{name[:40]!r} is no name for what is saved")


def check(steps: Sequence[Step]) -> None:
    """Raises BadParameter, with the step's name, for what could only go wrong when it is its turn."""
    names = [step.name for step in steps]
    if len(set(names)) < len(names):
        raise BadParameter("steps: two of one name")
    if steps[0].submit is not None:
        raise BadParameter(f"step {names[0]}: no page before it has a form")
    known: set[str] = set()
    ever = {name for step in steps for name in step.save}
    for step in steps:
        used = {name for text in _texts(step) for name in _VARIABLE.findall(text)}
        for name in sorted(used & ever - known):
            raise BadParameter(f"step {step.name}: {name} is saved later")
        known |= set(step.save)
        try:
            _check_expressions(step)
        except (BadInput, re.error) as error:
            raise BadParameter(f"step {step.name}: {error}") from error


def _check_expressions(step: Step) -> None:
    for save in step.save.values():
        if save.css is not None:
            selectors.parse(save.css)
        if save.jsonpath is not None:
            jsonpath.parse(save.jsonpath)
        if save.regex is not None:
            re.compile(save.regex)
    if step.submit is not None:
        selectors.parse(step.submit)
    if step.expect.regex is not None:
        re.compile(step.expect.regex)
    for path in step.expect.json:
        jsonpath.parse(path)


def _texts(step: Step) -> Iterator[str]:
    """All texts of a step in which variables may stand."""
    yield step.url
    yield from step.headers.values()
    yield from (step.form or {}).values()
    yield from leaves(step.json)
    if step.body is not None:
        yield step.body


def leaves(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each)


class Filling:
    """Puts what was saved where `{name}` stands; a name that nothing was saved under stays as it is."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, text: str) -> str:
        return (
            _VARIABLE.sub(lambda match: self._values.get(match[1], match[0]), text) if "{" in text else text
        )

    def url(self, text: str) -> str:
        """As the whole of it a variable is a link; within it, it is escaped."""
        alone = _VARIABLE.fullmatch(text)
        if alone and alone[1] in self._values:
            return self._values[alone[1]]
        return _VARIABLE.sub(
            lambda match: quote(self._values[match[1]], safe="") if match[1] in self._values else match[0],
            text,
        )

    def is_link(self, text: str) -> bool:
        alone = _VARIABLE.fullmatch(text)
        return alone is not None and alone[1] in self._values

    def headers(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Raises Failed where what a page gave cannot stand in a header."""
        found = {}
        for name, text in fields.items():
            found[name] = value = self.text(text)
            if value != text and _CONTROL.search(value):
                raise Failed(f"bad value|{name}")
        return found

    def body(self, step: Step) -> tuple[bytes, str]:
        """The body of a step without `submit`, and its media type; both empty for none."""
        if step.form is not None:
            return self.form(step.form.items()), "application/x-www-form-urlencoded"
        if step.json is not msgspec.UNSET:
            return json.dumps(self._json(step.json), ensure_ascii=False).encode(), "application/json"
        if step.body is not None:
            return self.text(step.body).encode(), "text/plain; charset=utf-8"
        return b"", ""

    def form(self, fields: Any) -> bytes:
        """Pairs of names and texts, as `application/x-www-form-urlencoded`."""
        return urlencode([(name, self.text(value)) for name, value in fields], errors="replace").encode()

    def _json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._json(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._json(each) for each in value]
        return value
