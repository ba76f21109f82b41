"""An identity provider, as far as a browser sees it, and the portal that sends people there.

GET  /.well-known/openid-configuration   OpenID Connect Discovery 1.0, section 4
GET  /jwks                               its public key (RFC 7517)
GET  /authorize                          the sign-in form, for a client that it knows; 400 for others
POST /authorize                          302 back to the client with a code
POST /token                              an id token for the code, once (ES256)
GET  /cong/dang-nhap                     the portal: 302 to /authorize
"""

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from core.clock import SystemClock
from lab.eoffice import pages

CLIENT = "cong-dvc"
_KEY_ID = "lab-1"
_BYTES = 32
_LASTS_S = 300
_MOST_CODES = 1_000
Handler = Callable[[Request], Awaitable[Response]]


class Identity:
    """`knows` tells whether a user has this password."""

    def __init__(self, knows: Callable[[object, object], bool]) -> None:
        self._knows = knows
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._codes: dict[str, tuple[str, str, str]] = {}
        """User, nonce and redirect by the code that was given for them."""
        self._clock = SystemClock()

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        yield "/.well-known/openid-configuration", "GET", self._discovery
        yield "/jwks", "GET", self._keys
        yield "/authorize", "GET", self._authorise
        yield "/authorize", "POST", self._agree
        yield "/token", "POST", self._token
        yield "/cong/dang-nhap", "GET", self._portal

    async def _discovery(self, request: Request) -> Response:
        issuer = _issuer(request)
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "scopes_supported": ["openid"],
            }
        )

    async def _keys(self, _request: Request) -> Response:
        numbers = self._key.public_key().public_numbers()
        x, y = (_base64(each.to_bytes(_BYTES, "big")) for each in (numbers.x, numbers.y))
        key = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": _KEY_ID, "x": x, "y": y}
        return JSONResponse({"keys": [key]})

    async def _authorise(self, request: Request) -> Response:
        wrong = _refusal(request)
        if wrong:
            return HTMLResponse(pages.fault(400, wrong), 400)
        return HTMLResponse(pages.sign_in("", f"/authorize?{request.url.query}"))

    async def _agree(self, request: Request) -> Response:
        wrong, form, asked = _refusal(request), await request.form(), request.query_params
        if wrong:
            return HTMLResponse(pages.fault(400, wrong), 400)
        if not self._knows(form.get("user"), form.get("password")):
            return HTMLResponse(pages.sign_in("", f"/authorize?{request.url.query}", refused=True), 401)
        code = secrets.token_urlsafe(24)
        self._codes[code] = (str(form["user"]), asked.get("nonce", ""), asked["redirect_uri"])
        if len(self._codes) > _MOST_CODES:
            del self._codes[next(iter(self._codes))]
        back = urlencode({"code": code, "state": asked.get("state", "")})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        user, nonce, redirect = self._codes.pop(str(form.get("code")), ("", "", ""))
        if not user or form.get("grant_type") != "authorization_code" or form.get("redirect_uri") != redirect:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = self._clock.now() // 1000
        claims = {"iss": _issuer(request), "sub": user, "aud": CLIENT, "iat": now, "exp": now + _LASTS_S}
        token = self._signed(claims | {"nonce": nonce})
        return JSONResponse(
            {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "id_token": token}
        )

    def _signed(self, claims: dict[str, object]) -> str:
        """A JWT (RFC 7519), signed as RFC 7518, section 3.4 has it: r and s of 32 bytes each."""
        head = {"alg": "ES256", "kid": _KEY_ID, "typ": "JWT"}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_base64(r.to_bytes(_BYTES, 'big') + s.to_bytes(_BYTES, 'big'))}"

    async def _portal(self, request: Request) -> Response:
        here = _issuer(request)
        asked = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": f"{here}/cong/tro-lai",
            "scope": "openid",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
        }
        return RedirectResponse(f"{here}/authorize?{urlencode(asked)}", 302)


def _refusal(request: Request) -> str:
    """Why an authorisation request is none (OpenID Connect Core 1.0, section 3.1.2.1); empty when it is one."""
    asked = request.query_params
    if asked.get("client_id") != CLIENT:
        return "invalid_client"
    if asked.get("redirect_uri") != f"{_issuer(request)}/cong/tro-lai":
        return "invalid_redirect_uri"
    if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
        return "invalid_request"
    return ""


def _issuer(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
