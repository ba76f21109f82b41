"""The document exchange (trục liên thông, LGSP): its health over SOAP 1.1, told to who shows a client certificate.

What the certificate is, the web server in front verifies and says in two headers, which it takes from nobody else.
"""

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

VERIFIED, SUBJECT = "X-Client-Verify", "X-Client-Subject"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OURS = "urn:lab:lgsp"
_MOST_BYTES = 64 << 10


async def health(request: Request) -> Response:
    """200 with `<status>UP</status>`; a fault with 403 without a good certificate, with 500 for what is no SOAP."""
    if request.headers.get(VERIFIED) != "SUCCESS":
        return _fault(403, "Client", "a client certificate is needed")
    asked = await request.body()
    if not _asks_for_health(asked):
        return _fault(500, "Client", "not a request for health")
    partner = escape(request.headers.get(SUBJECT, ""))
    return _answer(
        200,
        f'<h:HealthResponse xmlns:h="{OURS}"><status>UP</status><partner>{partner}</partner></h:HealthResponse>',
    )


def _asks_for_health(body: bytes) -> bool:
    if len(body) > _MOST_BYTES or b"<!DOCTYPE" in body:
        return False
    try:
        return ET.fromstring(body).find(f"{{{_SOAP}}}Body/{{{OURS}}}Health") is not None
    except ET.ParseError:
        return False


def _fault(status: int, whose: str, what: str) -> Response:
    return _answer(
        status, f"<s:Fault><faultcode>s:{whose}</faultcode><faultstring>{what}</faultstring></s:Fault>"
    )


def _answer(status: int, body: str) -> Response:
    text = f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
    return Response(text, status, media_type="text/xml")
