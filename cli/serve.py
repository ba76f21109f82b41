"""`nhip serve`: the centre with its pages, and beside it the centre's own vantage, an ordinary agent."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from cryptography import x509

from cli.child import kept_running
from cli.data import DEFAULT_DATA, DataDir, is_enrolled, open_state
from collector.agents import Agents
from core.clock import SystemClock
from core.errors import BadInput
from inventory.registry import PROVINCE
from web.main import build
from web.server import Server

LOOPBACK = ("127.0.0.1", "::1", "localhost")
Port = Annotated[int, typer.Option(help="TCP port of pages, API and agents.", min=1, max=65535)]


def serve(
    data: DataDir = DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = 8080,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.", exists=True)] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.", exists=True)] = None,
    ca: Annotated[
        Path | None, typer.Option(help="CA file with which the own agent trusts --tls-cert.", exists=True)
    ] = None,
    agent: Annotated[bool, typer.Option(help="Start the centre's own agent too.")] = True,
    own_url: Annotated[
        str,
        typer.Option(help="Where the own agent reaches this centre; by default by the certificate's name."),
    ] = "",
    behind_proxy: Annotated[
        bool, typer.Option(help="TLS ends in a reverse proxy on this machine, in front of us.")
    ] = False,
) -> None:
    """Run the centre: takes reports in, judges, alerts, and serves pages and API. Ends on Ctrl-C.

    Example: nhip serve --data /var/lib/nhip --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
    """
    if (tls_cert is None) != (tls_key is None):
        raise BadInput("--tls-cert and --tls-key belong together", where="nhip serve")
    if host not in LOOPBACK and tls_cert is None:
        raise BadInput(
            f"without TLS the centre listens on loopback only, not on {host}",
            where="nhip serve",
            todo="Give --tls-cert and --tls-key, or put a reverse proxy on this machine in front",
        )
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    secure = tls_cert is not None or behind_proxy
    token = _token_for_own_agent(data) if agent else None
    config = uvicorn.Config(
        build(data, secure=secure),
        host=host,
        port=port,
        ssl_certfile=str(tls_cert) if tls_cert else None,
        ssl_keyfile=str(tls_key) if tls_key else None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_ping_interval=None,
        timeout_graceful_shutdown=3,
        proxy_headers=behind_proxy,
    )
    url = own_url or (f"https://{_name_in(tls_cert)}:{port}" if tls_cert else f"http://127.0.0.1:{port}")
    asyncio.run(_serve(_Server(config), _own_agent(data / "agent", url, token, ca) if agent else None))


def _name_in(certificate: Path) -> str:
    """The first host name that the certificate is for, for an agent that will insist on it."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise BadInput(f"no certificate with a name in it: {error}", where=str(certificate)) from error
    for name in names.get_values_for_type(x509.DNSName):
        if not name.startswith("*"):
            return name
    raise BadInput(
        "the certificate names no single host", where=str(certificate), todo="Give --own-url, or --no-agent"
    )


def _token_for_own_agent(data: Path) -> str | None:
    """A join token when the centre's own agent is not enrolled yet."""
    if is_enrolled(data / "agent"):
        return None
    with open_state(data) as state:
        return Agents(state, SystemClock()).create_token(PROVINCE)


class _Server(Server):
    """Says on standard output when it is ready, for people and for whoever started it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask the server to end, and no more: uvicorn would raise the signal again, before our agent is ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"Nhịp is ready on port {self.config.port}", flush=True)
            self.ready.set()


async def _serve(server: _Server, own: AbstractAsyncContextManager[None] | None) -> None:
    serving = asyncio.create_task(server.serve())
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    async with own if own and server.started else nullcontext():
        await serving
    if not server.started:
        raise SystemExit(1)


def _own_agent(
    folder: Path, url: str, token: str | None, ca: Path | None
) -> AbstractAsyncContextManager[None]:
    """The agent process at the centre: enrolled at the first start, then kept running."""
    agent = [sys.executable, "-m", "agents"]
    where = ["--dir", str(folder), "--url", url]
    trust = ["--ca", str(ca)] if ca else []
    first = [*agent, "enrol", *where, "--token", token, *trust] if token is not None else None
    return kept_running([*agent, "run", *where], first=first)
