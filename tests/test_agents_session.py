"""The HTTP session against servers that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from agents.session import NoAnswer, Session

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request on each connection as the script of that connection says; b"" closes it."""

    def __init__(self) -> None:
        self.scripts: list[list[bytes]] = []
        self.connections = 0
        self.requests: list[bytes] = []

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/base"

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[self.connections]
        self.connections += 1
        try:
            for answer in script:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    yield server
    await server.stop()


@pytest.fixture
async def session(server: Server) -> AsyncIterator[Session]:
    session = Session(await server.start(), None, {"Authorization": "Bearer a.b"})
    yield session
    await session.close()


async def test_requests_share_one_connection(server: Server, session: Session) -> None:
    server.scripts = [[OK, OK, OK]]
    for _ in range(3):
        assert (await session.request("POST", "/x", {}, b"body")).body == b"ok"
    assert server.connections == 1
    assert server.requests[0].startswith(b"POST /base/x HTTP/1.1\r\n")
    assert b"Bearer a.b" in server.requests[0]


async def test_requests_at_the_same_time_wait_for_each_other(server: Server, session: Session) -> None:
    server.scripts = [[OK] * 10]
    answers = await asyncio.gather(*(session.request("GET", f"/{i}") for i in range(10)))
    assert [answer.status for answer in answers] == [200] * 10
    assert server.connections == 1


async def test_a_kept_connection_that_the_server_closed_is_replaced_without_a_word(
    server: Server, session: Session
) -> None:
    server.scripts = [[OK, b""], [OK]]
    await session.request("GET", "/1")
    assert (await session.request("GET", "/2")).status == 200
    assert server.connections == 2


async def test_a_server_that_wants_the_connection_closed_gets_a_new_one_next_time(
    server: Server, session: Session
) -> None:
    server.scripts = [[OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")], [OK]]
    await session.request("GET", "/1")
    await session.request("GET", "/2")
    assert server.connections == 2


async def test_chunked_answers_and_those_without_a_body_are_read(server: Server, session: Session) -> None:
    server.scripts = [
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nNhip-Time: 5\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        ]
    ]
    assert (await session.request("GET", "/1")).body == b"abc"
    assert (await session.request("POST", "/2", {}, b"x")).headers["nhip-time"] == "5"
    assert (await session.request("GET", "/3")).status == 304
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"]
)
async def test_no_answer_or_half_of_one_is_no_answer(server: Server, session: Session, answer: bytes) -> None:
    server.scripts = [[answer], [OK]]
    with pytest.raises(NoAnswer):
        await session.request("GET", "/1")
    assert (await session.request("GET", "/2")).status == 200


async def test_an_answer_that_never_ends_is_cut_off(
    server: Server, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.session.MAX_ANSWER", 100_000)
    server.scripts = [[b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000]]
    with pytest.raises(NoAnswer, match="more than"):
        await session.request("GET", "/1")


async def test_a_server_that_says_nothing_is_given_up(
    server: Server, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.session._ANSWER_S", 0.05)
    server.scripts = [[b"HTTP/1.1 200 OK\r\n", b""]]
    with pytest.raises(NoAnswer, match="Timeout"):
        await session.request("GET", "/1")


async def test_nobody_there_is_no_answer() -> None:
    with pytest.raises(NoAnswer, match="Refused"):
        await Session("http://127.0.0.1:1", None).request("GET", "/")
