"""The e-office as people reach it: Debian's nginx with TLS in front of the application.

    folder/nginx.conf     what nginx is told
    folder/served.pem     the certificate and its key; another one is served from the next handshake on
    folder/clients.pem    the authority whose client certificates are verified, and told to the application

nginx runs in the foreground and is ended by its pid. It takes a certificate of whoever has one; whether one is needed is for
the application to say.
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.eoffice.authority import Authority, Issued
from lab.eoffice.exchange import SUBJECT, VERIFIED

STARTS_WITHIN_S, ENDS_WITHIN_S = 60.0, 30.0
_SETTINGS = """\
daemon off;
worker_processes 1;
{user}pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    server_tokens off;
    # By way of a variable nginx reads the file at each handshake, so another certificate needs no reload.
    map "" $served {{ default {folder}/served.pem; }}
    upstream application {{ server 127.0.0.1:{application}; keepalive 16; }}
    server {{
        listen {address}:{port} ssl;
        server_name _;
        ssl_certificate $served;
        ssl_certificate_key $served;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_client_certificate {folder}/clients.pem;
        ssl_verify_client optional;
        ssl_verify_depth 2;
        location / {{
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header {verified} $ssl_client_verify;
            proxy_set_header {subject} $ssl_client_s_dn;
            proxy_connect_timeout 5s;
            proxy_read_timeout 60s;
        }}
    }}
{more}}}
"""
_PLAIN = """\
    server {{
        listen {address}:{port};
        server_name _;
        return 301 https://$host$request_uri;
    }}
"""


class Front:
    """nginx in `folder`, on `address`; the application listens on a port of loopback."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        issuers = authority.issuing.read_bytes() + authority.root.read_bytes()
        (folder / "clients.pem").write_bytes(issuers)

    def serve(self, certificate: Issued) -> None:
        """This certificate, with its chain, from the next handshake on."""
        fresh = self.folder / "served.new"
        fresh.touch(0o600)
        fresh.write_bytes(certificate.file.read_bytes())
        fresh.replace(self.folder / "served.pem")

    def command(
        self, address: str, port: int, application: int, *, redirected: int | None = None
    ) -> list[str]:
        """Write what nginx is told, and give the command that starts it; `redirected` is a port that sends people to TLS."""
        # A worker of another user could not reach into a folder that is ours alone.
        user = "user root;\n" if os.geteuid() == 0 else ""
        more = _PLAIN.format(address=address, port=redirected) if redirected else ""
        settings = self.folder / "nginx.conf"
        settings.write_text(
            _SETTINGS.format(
                user=user,
                folder=self.folder,
                address=address,
                port=port,
                application=application,
                verified=VERIFIED,
                subject=SUBJECT,
                more=more,
            )
        )
        # What it says before it has read its settings must not go to the machine's own log either.
        return [nginx(), "-e", "stderr", "-p", str(self.folder), "-c", str(settings)]


class Running:
    """A front that serves, at `url`."""

    def __init__(self, front: Front, process: subprocess.Popen[bytes], port: int) -> None:
        self.front, self.port = front, port
        self.url = f"https://127.0.0.1:{port}"
        self._process = process

    def freeze(self) -> None:
        """Connections are still taken, by the kernel, and nothing is ever said on them: half open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        signal_all(self._process.pid, number)


@contextmanager
def fronted(
    folder: Path, authority: Authority, application: int, *, hosts: Sequence[str] = ("localhost", "127.0.0.1")
) -> Iterator[Running]:
    """nginx on a free port of 127.0.0.1 for as long as the block lasts, before the application at that port.

    Raises:
        RuntimeError: it did not start; with its words.
    """
    front = Front(folder, authority)
    front.serve(authority.issue("office", hosts=hosts))
    # nginx takes over a socket that listens already, as it does from the one before it when it is upgraded.
    with (
        socket.create_server(("127.0.0.1", 0), backlog=511) as listening,
        (folder / "nginx.log").open("wb") as log,
    ):
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            front.command("127.0.0.1", port, application),
            stdin=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, "NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
        )
    try:
        _wait_until_served(process, port, folder / "nginx.log")
        yield Running(front, process, port)
    finally:
        if process.poll() is None:
            signal_all(process.pid, signal.SIGCONT)
            process.terminate()
        process.wait(ENDS_WITHIN_S)


def _wait_until_served(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it takes a handshake: the socket listens before nginx is there, so a connection alone says nothing."""
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), STARTS_WITHIN_S) as plain,
            anyone.wrap_socket(plain),
        ):
            pass
    except OSError as error:
        process.kill()
        process.wait()
        raise RuntimeError(f"nginx did not start: {error}; {log.read_text()}") from error


def signal_all(master: int, number: signal.Signals) -> None:
    """To nginx's first process and those that it started."""
    children = Path(f"/proc/{master}/task/{master}/children")
    for pid in [master, *(int(text) for text in children.read_text().split())]:
        os.kill(pid, number)


def nginx() -> str:
    """Where Debian puts it is not on everybody's path."""
    return shutil.which("nginx") or "/usr/sbin/nginx"
