"""A small real e-office site with TLS of its own CA: what `make run` and tests watch as a service.

`/` the one-stop desk's front page, `/slow` the same after a second, `/broken` a 503. The CA is written beside the
certificate so that checks can trust exactly it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

VALID_FOR = timedelta(days=398)
RENEWED_AFTER = timedelta(days=330)
MARK = "Một cửa điện tử"
PAGE = f"""<!doctype html><html lang="vi"><meta charset="utf-8"><title>{MARK}</title>
<h1>{MARK}</h1><p>Trang thử nghiệm của Nhịp: tiếp nhận và trả kết quả.</p></html>"""


def make_certificate(folder: Path, *names: str) -> Path:
    """A certificate for `names` and its CA in `folder` (`ca.pem`, `cert.pem`, `key.pem`); gives the CA's path."""
    ca = folder / "ca.pem"
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is valid from when it is made
    if not ca.exists() or now.timestamp() - ca.stat().st_mtime > RENEWED_AFTER.total_seconds():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority = trustme.CA(organization_name="Nhịp lab")
        certificate = authority.issue_cert(*names, not_after=now + VALID_FOR)
        key = folder / "key.pem"
        key.touch(mode=0o600)
        certificate.private_key_pem.write_to_path(str(key))
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        (folder / "cert.pem").write_bytes(chain)
        authority.cert_pem.write_to_path(str(ca))
    return ca


async def _page(_request: Request) -> Response:
    return HTMLResponse(PAGE)


async def _slow(_request: Request) -> Response:
    await asyncio.sleep(1)
    return HTMLResponse(PAGE)


async def _broken(_request: Request) -> Response:
    return HTMLResponse("<h1>503</h1>", status_code=503)


def server(folder: Path, host: str, port: int) -> uvicorn.Server:
    """The site, ready to `run()`; its certificate is made on first use."""
    make_certificate(folder, host, "localhost")
    app = Starlette(routes=[Route("/", _page), Route("/slow", _slow), Route("/broken", _broken)])
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=str(folder / "cert.pem"),
        ssl_keyfile=str(folder / "key.pem"),
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
