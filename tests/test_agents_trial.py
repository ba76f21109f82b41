"""A check that is tried before it is kept: what may run, what it may reach, and that secrets stay where they are."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace

import pytest
import support_netns
from hypothesis import given
from hypothesis import strategies as st
from support_probes import raw_server

from agents.diagnostics import NOTHING, diagnose
from agents.probes import PROBES
from agents.trial import KINDS, MAX_MS, NAMED, Own, is_mine
from core.values import Check, Result, Status
from core.wire import CHECK, DIAGNOSTICS, Diagnose, Diagnosis, PlanCheck
from lab.netns import inside

PAGE = b"HTTP/1.0 200 OK\r\n\r\nhello"
HERE = ["127.0.0.0/8"]


async def attempt(
    target: str, params: Mapping[str, object], own: Own = NOTHING, kind: str = "http", **kwargs: object
) -> Diagnosis:
    request = Diagnose("7", CHECK, target, {"kind": kind, "params": dict(params), "timeout_ms": 20_000})
    return await diagnose(request, own=own, **kwargs)


def planned(target: str, params: Mapping[str, object]) -> PlanCheck:
    return PlanCheck(1, "http", target, 60_000, 10_000, dict(params))


class Vault:
    """Holds one secret, and knows how to keep it to itself."""

    def filled(self, check: Check) -> Check:
        said = {key: str(value).replace("${secret:word}", "s3cret") for key, value in check.params.items()}
        return replace(check, params=said)

    def scrubbed(self, result: Result) -> Result:
        return Result(result.status, result.reason.replace("s3cret", "•••"), result.figures)


async def test_what_a_page_says_can_be_tried_before_it_is_kept() -> None:
    async with raw_server(PAGE) as port:
        target = f"http://127.0.0.1:{port}/"
        for text, said in (("hello", ("up", "")), ("goodbye", ("down", "body lacks text"))):
            found = await attempt(target, {"body_contains": text}, refused=lambda _: False)
            assert (found.status, found.reason) == said
            assert found.figures["total_seconds"] > 0


async def test_what_is_not_the_plan_s_reaches_nothing_of_the_agent_s_own_machine() -> None:
    async with raw_server(PAGE) as port:
        own = Own([planned(f"http://127.0.0.1:{port}/kept", {})], HERE)
        for path, params in (("", {}), ("kept", {"body_contains": "hello"})):
            found = await attempt(f"http://127.0.0.1:{port}/{path}", params, own)
            assert (found.status, found.reason) == ("unknown", "refused request|127.0.0.1 is off limits")
            assert "total_seconds" not in found.figures


async def test_what_the_plan_has_word_for_word_runs_as_the_plan_s() -> None:
    async with raw_server(PAGE) as port:
        target, params = f"http://127.0.0.1:{port}/", {"body_contains": "hello"}
        kept = [planned(target, params)]
        assert (await attempt(target, params, Own(kept, HERE))).status == "up"
        assert (await attempt(target, params, Own(kept))).reason.startswith("refused request|")


@pytest.mark.root
@pytest.mark.skipif(not support_netns.ROOT_WITH_TUN, reason=support_netns.WHY_NOT)
def test_every_address_of_the_machine_is_its_own_and_a_neighbour_s_is_not() -> None:
    with support_netns.namespaces(1) as (name,):
        for address in ("10.33.83.10/24", "fd33:83::10/64"):
            subprocess.run(["ip", "-n", name, "address", "add", address, "dev", "lo"], check=True)
        with inside(name):
            for mine in ("10.33.83.10", "fd33:83::10", "::ffff:10.33.83.10", "127.0.0.1", "fe80::1%lo"):
                assert is_mine(mine), mine
            assert not is_mine("203.0.113.9")
            assert not is_mine("2001:db8::9")


async def test_secrets_are_filled_in_by_the_agent_and_never_told() -> None:
    async with raw_server(PAGE) as port:
        found = await attempt(
            f"http://127.0.0.1:{port}/",
            {"body_regex": "(${secret:word}"},
            Own(secrets=Vault()),
            refused=lambda _: False,
        )
    assert found.reason.startswith("bad parameter|body_regex")
    assert "s3cret" not in repr(found)


async def test_a_fault_of_a_probe_does_not_tell_what_it_was_given() -> None:
    class Broken:
        async def run(self, check: Check) -> Result:
            raise RuntimeError(str(check.params))

    probes = {**PROBES, "http": Broken()}
    found = await attempt("x", {"text": "${secret:word}"}, Own(secrets=Vault()), probes=probes)
    assert (found.status, found.reason) == ("unknown", "probe failed|RuntimeError")


@pytest.mark.parametrize("kind", ["listen", "snmp", "path", "throughput", "shell", ""])
async def test_what_services_are_not_checked_with_is_refused(kind: str) -> None:
    assert (await attempt("10.33.0.1", {}, kind=kind)).reason.startswith("refused request|")


async def test_no_file_of_the_agent_s_machine_is_named_from_afar() -> None:
    for name in NAMED:
        found = await attempt("https://192.0.2.1/", {name: "/etc/shadow"})
        assert found.reason == f"refused request|{name} is not for trials"


async def test_a_trial_ends_in_time_whatever_the_check_allows_itself() -> None:
    asked: list[int] = []

    class Slow:
        async def run(self, check: Check) -> Result:
            asked.append(check.timeout_ms)
            return Result(Status.UP, "")

    request = Diagnose("7", CHECK, "x", {"kind": "http", "timeout_ms": 600_000})
    await diagnose(request, probes={**PROBES, "http": Slow()})
    assert asked == [MAX_MS]


TEXT = st.sampled_from(["", "http", "dns", "listen", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["kind", "params", "timeout_ms", "more"]), JSON))
async def test_what_is_no_check_is_told_and_not_run(params: dict[str, object]) -> None:
    found = await diagnose(Diagnose("7", CHECK, "192.0.2.1", params), probes={})
    assert (found.status, found.reason.partition("|")[0]) == ("unknown", "refused request")


def test_who_may_test_a_network_may_not_run_checks_with_secrets() -> None:
    assert CHECK not in DIAGNOSTICS


def test_every_probe_is_for_services_or_is_known_not_to_be() -> None:
    assert PROBES.keys() - KINDS == {"config", "snmp", "path", "listen", "relay", "sweep", "throughput"}
