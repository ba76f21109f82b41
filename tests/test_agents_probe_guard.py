"""No check of a plan reaches what is the agent's own machine alone, however its address is written or learnt."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from support_probes import name_server, raw_server, records

from agents.icmp.engine import Address
from agents.loop import Loop
from agents.probes import PROBES, names
from agents.probes.guard import is_own, refuses_all_but
from agents.probes.names import Names
from core.values import Check, Result, Status
from lab.eoffice.authority import Authority
from lab.manual_clock import ManualClock

REFUSED = "refused request"


async def by_plan(kind: str, target: str, allowed: Sequence[str] = (), **params: object) -> Result:
    """What the agent's own loop makes of one check of a plan."""
    found: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    async def sink(check: int, at: int, result: Result) -> None:
        found.set_result(result)

    loop = Loop(PROBES, ManualClock(), sink)
    running = asyncio.create_task(loop.run())
    try:
        loop.take([Check(1, kind, target, 60_000, 20_000, params)], refuses_all_but(allowed))
        loop.start(1)
        return await asyncio.wait_for(found, 60)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def refused(result: Result) -> bool:
    return (result.status, result.reason.partition("|")[0]) == (Status.UNKNOWN, REFUSED)


@contextlib.contextmanager
def visited() -> Iterator[tuple[int, Callable[[], bool]]]:
    """A TCP port of loopback, and whether somebody came to it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)

        def came() -> bool:
            try:
                listening.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        yield listening.getsockname()[1], came


@contextlib.asynccontextmanager
async def resolver(*addresses: str) -> AsyncIterator[None]:
    """Each lookup of a name gives the next of these addresses."""
    left = list(addresses)

    def lookup(host: str, family: int) -> Address:
        return (left.pop(0), 0)

    loop = asyncio.get_running_loop()
    names._names[loop] = Names(lookup)
    try:
        yield
    finally:
        del names._names[loop]


_CA = trustme.CA()
ROOT = _CA.cert_pem.bytes().decode()
LEAF = _CA.issue_cert("a.example").cert_chain_pems[0].bytes().decode()
OWN = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "169.254.169.254",
    "100.100.100.200",
    "224.0.0.251",
    "::1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "2002:7f00:1::1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize("address", OWN)
async def test_no_check_of_a_plan_speaks_to_the_agents_own_machine(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    for result in (
        await by_plan("tcp", f"{host}:80"),
        await by_plan("http", f"http://{host}/"),
        await by_plan("http", f"https://{host}/"),
        await by_plan("tls", f"{host}:443"),
        await by_plan("dns", "a.example", server=f"{host}:53"),
        await by_plan("snmp", address),
        await by_plan("path", address, method="tcp"),
        await by_plan("smtp", f"{host}:25", tls="none"),
        await by_plan("imap", f"{host}:143", tls="starttls"),
        await by_plan("ntp", f"{host}:123"),
        await by_plan("rtsp", f"rtsp://{host}/live"),
        await by_plan("onvif", f"http://{host}/onvif/device_service"),
        await by_plan("scenario", f"http://{host}/", steps=[{"name": "1", "url": "/"}]),
        await by_plan("scenario", "http://192.0.2.1/", steps=[{"name": "1", "url": f"https://{host}/"}]),
        await by_plan("timestamp", f"http://{host}/"),
        await by_plan("crl", f"http://{host}/a.crl", issuer=ROOT),
        await by_plan("ocsp", f"{host}:443", issuer=ROOT),
        await by_plan("ocsp", f"http://{host}/", certificate=LEAF, issuer=ROOT),
    ):
        assert refused(result), result


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "fe80::1%lo"])
async def test_what_a_name_leads_to_is_looked_at_and_not_how_it_is_written(host: str) -> None:
    assert refused(await by_plan("tcp", f"[{host}]:80"))


async def test_nothing_is_sent_to_what_is_refused() -> None:
    with visited() as (port, came):
        assert refused(await by_plan("tcp", f"127.0.0.1:{port}"))
        assert refused(await by_plan("http", f"http://[::ffff:127.0.0.1]:{port}/"))
        assert not came()


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_then() -> None:
    page = raw_server(b"HTTP/1.0 200 OK\r\n\r\n", host="127.0.0.2")
    with visited() as (port, came):
        async with page as good, resolver("127.0.0.2", "127.0.0.1"):
            first = await by_plan("http", f"http://rebinds.example:{good}/", ["127.0.0.2"])
            second = await by_plan("http", f"http://rebinds.example:{port}/", ["127.0.0.2"])
        assert first.status == Status.UP
        assert refused(second)
        assert not came()


async def test_one_lookup_serves_the_judgement_and_the_connection() -> None:
    """A second lookup would find the list empty, and fail."""
    async with raw_server(b"HTTP/1.0 200 OK\r\n\r\n") as port, resolver("127.0.0.1"):
        result = await by_plan("http", f"http://once.example:{port}/", ["127.0.0.1/32"])
    assert result.status == Status.UP


async def test_what_an_admin_allowed_is_reached() -> None:
    async with raw_server(b"HTTP/1.0 200 OK\r\n\r\n") as port:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            result = await by_plan("http", f"http://{host}:{port}/", ["127.0.0.0/8"], family=None)
            assert result.status == Status.UP, (host, result)
    async with name_server(records("a.example. 60 IN A 192.0.2.1")) as server:
        assert (await by_plan("dns", "a.example", ["127.0.0.0/8"], server=server)).status == Status.UP


async def test_what_is_no_network_allows_nothing() -> None:
    assert refused(await by_plan("tcp", "127.0.0.1:80", ["", "127.0.0.1/99", "localhost", "*"]))


@given(st.ip_addresses())
def test_an_address_of_a_network_is_not_the_agents_own(address: IPv4Address | IPv6Address) -> None:
    four = ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "224.0.0.0/4"]
    four += ["100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"]
    six = ["::1/128", "::/128", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128"]
    own = any(address in ip_network(each) for each in (*four, *six))
    if isinstance(address, IPv6Address):
        last, sixtofour = (
            IPv4Address(int(address) & 0xFFFF_FFFF),
            IPv4Address(int(address) >> 80 & 0xFFFF_FFFF),
        )
        written = [last] if int(address) >> 32 in (0, 0xFFFF, 0x64FF9B << 64) else []
        written += [sixtofour] if int(address) >> 112 == 0x2002 else []
        own = own or any(each in ip_network(network) for each in written for network in four)
    assert is_own(str(address)) == own


@given(st.ip_addresses(v=4))
def test_mapped_addresses_are_judged_like_what_they_map(address: IPv4Address) -> None:
    for form in ("::ffff:{}", "64:ff9b::{}", "::{}"):
        if int(address) > 1 or form != "::{}":
            assert is_own(form.format(address)) == is_own(str(address))


@given(st.ip_addresses(), st.lists(st.text(max_size=20), max_size=4))
def test_the_guard_takes_any_text_for_a_network(
    address: IPv4Address | IPv6Address, allowed: list[str]
) -> None:
    assert refuses_all_but(allowed)(str(address)) <= is_own(str(address))


async def test_a_proxy_is_no_way_round() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", host="127.0.0.2") as port:
        proxy, allowed = f"127.0.0.2:{port}", ["127.0.0.2"]
        for host in ("127.0.0.1", "[::1]", "localhost", "a.localhost.", "2130706433", "[::ffff:127.0.0.1]"):
            assert refused(await by_plan("http", f"http://{host}/", allowed, proxy=proxy)), host
        assert (await by_plan("http", "http://a.example/", allowed, proxy=proxy)).status == Status.UP
        assert refused(await by_plan("http", "http://a.example/", proxy=proxy))


@pytest.mark.parametrize(
    "host",
    [
        "127\u30020\u30020\u30021",
        "\uff11\uff12\uff17.0.0.1",
        "\uff4cocalhost",
        "169.254.169.\uff12\uff15\uff14",
    ],
)
async def test_a_proxy_is_told_no_name_that_is_an_address_once_it_is_written_in_ascii(host: str) -> None:
    with visited() as (port, came):
        for scheme in ("http", "https"):
            result = await by_plan("http", f"{scheme}://{host}/", ["127.0.0.2"], proxy=f"127.0.0.2:{port}")
            assert refused(result), result
        assert not came()


@pytest.mark.parametrize("secure", [False, True])
async def test_redirects_over_a_proxy_lead_to_no_address_that_is_off_limits(*, secure: bool) -> None:
    for where in ("169.254.169.254", "[fd00:ec2::254]", "127.0.0.1", "[::ffff:169.254.169.254]", "localhost"):
        asked = f"http{'s' if secure else ''}://{where}/latest/meta-data/"
        answer = f"HTTP/1.1 302 Found\r\nLocation: {asked}\r\nContent-Length: 0\r\n\r\n".encode()
        async with raw_server(answer, host="127.0.0.2") as port:
            steps = [{"name": "1", "url": "/"}]
            proxy = f"127.0.0.2:{port}"
            result = await by_plan("scenario", "http://a.example/", ["127.0.0.2"], steps=steps, proxy=proxy)
        assert refused(result), (where, result)


async def test_the_responder_that_a_certificate_names_is_looked_at_like_any(tmp_path: Path) -> None:
    """A server that means harm shows a certificate whose responder is where a cloud keeps its credentials."""
    for number, where in enumerate(("169.254.169.254", "127.0.0.1:1", "[fd00:ec2::254]")):
        authority = Authority(tmp_path / str(number), url=f"http://{where}")
        pem = authority.issue("portal").pem
        issuer = authority.issuing.read_text()
        result = await by_plan("ocsp", "a.example:443", certificate=pem, issuer=issuer)
        assert refused(result), (where, result)
