"""The lab's resolver, real unbound, as the DNS probe sees it: true, lying, failing, silent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_eoffice import needs_unbound
from support_probes import probe

from core.values import Result, Status
from lab.eoffice.resolver import Fault, Running, resolving

pytestmark = needs_unbound
NAME, OTHER = "vanban.lab.example", "motcua.lab.example"
TRUE = "10.0.0.20"


@pytest.fixture
def resolver(tmp_path: Path) -> Iterator[Running]:
    with resolving(tmp_path / "dns", {NAME: [f"A {TRUE}", "AAAA fd00::20"], OTHER: [f"A {TRUE}"]}) as running:
        yield running


async def ask(resolver: Running, name: str = NAME, timeout_ms: int = 20_000, **params: object) -> Result:
    return await probe("dns", f"{name}@{resolver.address}", timeout_ms=timeout_ms, **params)


async def test_it_tells_what_it_was_told(resolver: Running) -> None:
    assert (await ask(resolver, expect=[TRUE])).status is Status.UP
    assert (await ask(resolver, type="AAAA", expect=["fd00::20"])).status is Status.UP


async def test_it_asks_nobody_for_other_names(resolver: Running) -> None:
    assert (await ask(resolver, "elsewhere.example")).reason == "name not found"


async def test_a_lie_is_another_answer_until_it_is_mended(resolver: Running) -> None:
    resolver.lie(NAME, "A 10.66.6.6")
    lied = await ask(resolver, expect=[TRUE])
    resolver.mend(NAME)
    assert (lied.status, lied.reason) == (Status.DOWN, "other answer|10.66.6.6")
    assert (await ask(resolver, expect=[TRUE])).status is Status.UP


async def test_a_lie_is_of_one_record(resolver: Running) -> None:
    resolver.lie(NAME, "A 10.66.6.6")
    assert (await ask(resolver, type="AAAA", expect=["fd00::20"])).status is Status.UP
    assert (await ask(resolver, OTHER, expect=[TRUE])).status is Status.UP


async def test_a_name_can_lose_its_records(resolver: Running) -> None:
    resolver.lie(NAME)
    assert (await ask(resolver)).reason == "no answer"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("no such name", "name not found"),
        ("refused", "rcode|REFUSED"),
        ("servfail", "rcode|SERVFAIL"),
        ("silent", "timeout"),
    ],
)
async def test_it_fails_for_one_name_until_it_is_mended(resolver: Running, how: Fault, reason: str) -> None:
    resolver.fail(NAME, how)
    failed = await ask(resolver, timeout_ms=1_000 if how == "silent" else 20_000)
    other = await ask(resolver, OTHER, expect=[TRUE])
    resolver.mend(NAME)
    assert (failed.status, failed.reason) == (Status.DOWN, reason)
    assert other.status is Status.UP
    assert (await ask(resolver, expect=[TRUE])).status is Status.UP


async def test_it_can_hang_altogether(resolver: Running) -> None:
    resolver.freeze()
    silent = await ask(resolver, timeout_ms=500)
    resolver.thaw()
    assert silent.reason == "timeout"
    assert (await ask(resolver)).status is Status.UP
