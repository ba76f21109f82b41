"""Looking names up, with resolvers that answer, fail and hang."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.icmp.engine import Address
from agents.probes.names import AT_ONCE, Names

ANY = socket.AF_UNSPEC


class Resolver:
    """Answers `there`, knows no `nobody`, and hangs on any other name until it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()

    def __call__(self, host: str, family: int) -> Address:
        self.asked.append(host)
        if host == "nobody":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if host != "there":
            self.go_on.wait(120)
        return ("192.0.2.1", 0)


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    made = Resolver()
    yield made
    made.go_on.set()


async def gives_up(names: Names, host: str) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(names.address(host, ANY), 0.02)


async def test_an_address_and_a_failure_are_told(resolver: Resolver) -> None:
    names = Names(resolver)
    assert await names.address("there", ANY) == ("192.0.2.1", 0)
    with pytest.raises(socket.gaierror):
        await names.address("nobody", ANY)


async def test_a_host_is_looked_up_once_however_many_checks_wait_or_give_up(resolver: Resolver) -> None:
    names = Names(resolver)
    for _ in range(3):
        await gives_up(names, "slow")
    waiting = [asyncio.create_task(names.address("slow", ANY)) for _ in range(3)]
    await asyncio.sleep(0)
    resolver.go_on.set()
    assert await asyncio.gather(*waiting) == [("192.0.2.1", 0)] * 3
    assert resolver.asked == ["slow"]


async def test_what_was_looked_up_before_is_looked_up_again(resolver: Resolver) -> None:
    names = Names(resolver)
    for _ in range(2):
        await names.address("there", ANY)
    assert resolver.asked == ["there", "there"]


async def test_a_resolver_that_hangs_takes_its_places_and_none_of_the_loops(resolver: Resolver) -> None:
    names, loop = Names(resolver), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    for number in range(40):
        await gives_up(names, f"slow-{number}")
    async with asyncio.timeout(60):
        while len(resolver.asked) < AT_ONCE:  # noqa: ASYNC110 - a thread that was begun may wait for its turn
            await asyncio.sleep(0.01)
    assert len(resolver.asked) == AT_ONCE
    assert await asyncio.wait_for(loop.getaddrinfo("127.0.0.1", 80), 60)
    resolver.go_on.set()
    assert await asyncio.wait_for(names.address("there", ANY), 60) == ("192.0.2.1", 0)


def test_a_lookup_that_hangs_keeps_nothing_from_ending(resolver: Resolver) -> None:
    async def live() -> None:
        await gives_up(Names(resolver), "slow")

    asyncio.run(live())
    assert not resolver.go_on.is_set()
