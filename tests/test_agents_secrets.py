"""The agent's secrets: filled in before a probe looks, and in nothing that is told."""

import asyncio
import base64
import html
import json
import logging
from collections.abc import AsyncIterator
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.loop import Loop
from agents.secrets import HIDDEN, Missing, Scrubbing, Secrets
from agents.trial import Own
from agents.trial import run as run_trial
from core.values import Check, Result, Status
from lab.manual_clock import ManualClock

WORD = "s3cr&t <Mật khẩu>/+="
CHECK = Check(1, "http", "https://x.vn/", 10_000, 1_000, {"headers": {"x": "a ${secret:word}"}, "n": 1})


def holding(**values: str) -> Secrets:
    made = Secrets()
    made.take(values)
    return made


def test_a_check_is_filled_with_its_secrets_and_others_stay_as_they_are() -> None:
    secrets = holding(word=WORD)
    assert secrets.filled(CHECK).params == {"headers": {"x": f"a {WORD}"}, "n": 1}
    plain = Check(2, "http", "https://x.vn/", 10_000, 1_000, {"n": 1})
    assert secrets.filled(plain) is plain
    with pytest.raises(Missing, match="word"):
        Secrets().filled(CHECK)


def every_form(word: str) -> list[str]:
    return [
        word,
        quote_plus(word),
        html.escape(word),
        json.dumps(word),
        json.dumps(word, ensure_ascii=False),
        repr(word),
        base64.b64encode(word.encode()).decode(),
    ]


words = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), min_size=6, max_size=30).filter(
    lambda word: len(word.strip()) >= 6 and "•" not in word
)


@given(words, st.text(max_size=10), st.text(max_size=10))
def test_no_form_of_a_secret_is_in_a_result(word: str, before: str, after: str) -> None:
    secrets = holding(word=word)
    for form in every_form(word):
        text = f"{before}{form}{after}"
        result = Result(
            Status.DOWN, f"wrong|{text}", {f"x#{text}": 1.0}, [("step", {text: [text, {"a": text}]})]
        )
        told = repr(secrets.scrubbed(result))
        assert repr(form.strip())[1:-1] not in told


@given(words, st.binary(max_size=8), st.binary(max_size=8))
def test_a_secret_within_a_text_in_base64_is_taken_out(word: str, before: bytes, after: bytes) -> None:
    header = base64.b64encode(before + word.encode() + after).decode()
    told = holding(word=word).clean(f"Basic {header}")
    shown = told.removeprefix("Basic ").split(HIDDEN)
    assert len(shown) > 1
    # What is left at either side are the neighbours, and at most the letters that the secret shares with them.
    assert len("".join(shown)) <= (len(before) + len(after)) * 4 // 3 + 8


@given(words, st.integers(6, 29), st.booleans())
def test_a_piece_of_a_secret_at_which_a_text_was_cut_is_taken_out(word: str, length: int, end: bool) -> None:
    piece = word[:length] if end else word[-length:]
    text = f"page {piece}" if end else f"{piece} page"
    cleaned = holding(word=word).clean(text)
    assert piece not in cleaned
    assert HIDDEN in cleaned


def test_each_line_of_a_key_is_a_secret() -> None:
    lines = ["-----BEGIN KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "9w0BAQEFAASCMIIEvQIBADANBgkqhkiG"]
    secrets = holding(key="\n".join(lines))
    assert lines[1] not in secrets.clean(f"bad line: {lines[1]} here")


def test_what_was_a_secret_until_now_is_still_taken_out() -> None:
    secrets = holding(word="the-old-one")
    secrets.take({"word": "the-new-one"})
    assert secrets.clean("the-old-one the-new-one") == f"{HIDDEN} {HIDDEN}"


def test_without_secrets_a_result_is_as_it_was() -> None:
    result = Result(Status.DOWN, "refused", {"a": 1.0}, [("step", {"a": 1})])
    assert Secrets().scrubbed(result) is result


class Tells:
    """A probe that tells all that it was given, one way or another."""

    def __init__(self) -> None:
        self.given: list[Check] = []
        self.kept: list[Check] = []
        self.raises = False

    def keep(self, checks: list[Check]) -> None:
        self.kept = checks

    async def run(self, check: Check) -> Result:
        self.given.append(check)
        if self.raises:
            raise ValueError(f"bad {check.params}")
        text = str(check.params["headers"])
        return Result(Status.DOWN, f"bad|{text}", documents=[("step", {"excerpt": text})])


class Rig:
    def __init__(self) -> None:
        self.clock, self.probe, self.secrets = ManualClock(), Tells(), Secrets()
        self.results: list[Result] = []
        self.loop = Loop({"http": self.probe}, self.clock, self._sink, secrets=self.secrets)
        self.task = asyncio.create_task(self.loop.run())

    async def _sink(self, _check: int, _at: int, result: Result) -> None:
        self.results.append(result)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    made.loop.take([CHECK])
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def test_a_probe_gets_the_secret_and_what_it_says_is_scrubbed(rig: Rig) -> None:
    rig.secrets.take({"word": WORD})
    await rig.clock.advance(10_000)
    assert rig.probe.given[0].params["headers"] == {"x": f"a {WORD}"}
    (result,) = rig.results
    assert WORD not in repr(result)
    assert HIDDEN in result.reason
    assert HIDDEN in str(result.documents)


async def test_a_secret_that_is_not_there_is_unknown_and_the_probe_does_not_look(rig: Rig) -> None:
    await rig.clock.advance(10_000)
    assert rig.results == [Result(Status.UNKNOWN, "secret missing|word")]
    assert rig.probe.given == []


async def test_a_check_that_waited_for_a_secret_runs_as_soon_as_it_is_there(rig: Rig) -> None:
    await rig.clock.advance(10_000)
    rig.secrets.take({"word": WORD})
    rig.loop.secrets_changed()
    await rig.clock.advance(1)
    assert [result.status for result in rig.results] == [Status.UNKNOWN, Status.DOWN]
    assert rig.probe.kept[0].params["headers"] == {"x": f"a {WORD}"}


async def test_a_probe_that_raises_with_a_secret_tells_it_to_nobody(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.secrets.take({"word": WORD})
    rig.probe.raises = True
    await rig.clock.advance(10_000)
    assert rig.results[0].reason.startswith("probe failed|ValueError: bad ")
    assert "probe http of check 1" in caplog.text
    assert WORD not in rig.results[0].reason + caplog.text


def test_log_records_are_written_without_secrets() -> None:
    formatter = Scrubbing(logging.Formatter("%(levelname)s %(message)s"), holding(word=WORD))
    try:
        raise ValueError(WORD)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "said %s", (WORD,), (ValueError, error, None))
    assert formatter.format(record) == f"ERROR said {HIDDEN}\nValueError: {HIDDEN}"


async def test_a_trial_names_the_secret_that_is_missing() -> None:
    params = {"kind": "http", "params": CHECK.params}
    result = await run_trial(CHECK.target, params, Own(secrets=Secrets()), {"http": Tells()})
    assert result == Result(Status.UNKNOWN, "secret missing|word")
