"""The lab's services as the registry has them: what the e-office offers, and how each unit looks at it. Pure.

Checks are made oftener than a province would, so that a fault of the lab is told soon. The province's own services lie
beyond the lab and are left out of it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inventory.changes import Value
from lab.eoffice.app import ACCOUNTS
from lab.eoffice.pages import INCOMING, SIGN_IN
from lab.wan.office_plan import DOCUMENTS, EXCHANGE, IDENTITY, SERVER
from lab.wan.plan import Layout

LOOK_MS, TIMEOUT_MS = 20_000, 5_000
"""Of every check."""
QLVB, SSO, LGSP = "qlvb", "dang-nhap", "lgsp"
SERVICES = (QLVB, SSO, LGSP)
USER, PASSWORD = "lab-user", "lab-password"
PARTNER_CERT, PARTNER_KEY = "lab-lgsp-cert", "lab-lgsp-key"
"""Names of secrets."""
_HEALTH = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<h:Health xmlns:h="urn:lab:lgsp"/></s:Body></s:Envelope>'
)


def services() -> list[Mapping[str, Value]]:
    """Rows of the registry, as all that follow."""
    found = [
        (QLVB, "Quản lý văn bản và điều hành", f"https://{DOCUMENTS}/"),
        (SSO, "Đăng nhập một lần", f"https://{IDENTITY}/"),
        (LGSP, "Trục liên thông văn bản", f"https://{EXCHANGE}/lgsp/suc-khoe"),
    ]
    return [
        {"code": code, "name": name, "address": address, "objective_percent": 99.5, "slow_ms": 2_000}
        for code, name, address in found
    ]


def service_checks(layout: Layout, ca: Path) -> list[Mapping[str, Value]]:
    """`ca` is the root that all machines trust."""
    trust = {"ca_file": str(ca)}
    record = {"expect": [str(layout.server(SERVER).address)]}
    partner = {"client_cert": _secret(PARTNER_CERT), "client_key": _secret(PARTNER_KEY)}
    health = {
        "method": "POST",
        "body": _HEALTH,
        "headers": {"Content-Type": "text/xml"},
        "body_contains": "<status>UP</status>",
    }
    found: list[tuple[str, str, str, str, Mapping[str, object]]] = [
        *((code, "Tên miền", "dns", "{host}@{resolver}", record) for code in SERVICES),
        (QLVB, "Trang chủ", "http", "{address}", {**trust, "body_contains": SIGN_IN}),
        (QLVB, "Đăng nhập", "scenario", "{address}", {**trust, "steps": _visit()}),
        (SSO, "Khoá công khai", "http", "{address}jwks", {**trust, "body_contains": "kty"}),
        (SSO, "Đăng nhập", "scenario", "{address}", {**trust, "steps": _door()}),
        (LGSP, "Chứng thư", "tls", "{endpoint}", trust),
        (LGSP, "Trạng thái", "http", "{address}", {**trust, **partner, **health}),
    ]
    return [
        {
            "service": service,
            "name": name,
            "kind": kind,
            "target": target,
            "params": params,
            "interval_ms": LOOK_MS,
            "timeout_ms": TIMEOUT_MS,
        }
        for service, name, kind, target, params in found
    ]


def secrets(certificate: str, key: str) -> Mapping[str, str]:
    """By name: the watch account, and who we are to the exchange, as PEM texts."""
    user, password = next(iter(ACCOUNTS.items()))
    return {USER: user, PASSWORD: password, PARTNER_CERT: certificate, PARTNER_KEY: key}


def _secret(name: str) -> str:
    return f"${{secret:{name}}}"


def _visit() -> Sequence[Mapping[str, object]]:
    """As an official does each morning."""
    account = {"user": _secret(USER), "password": _secret(PASSWORD), "csrf": "{csrf}"}
    return [
        {"name": "Mở", "url": "/dang-nhap", "save": {"csrf": {"css": "input[name=csrf]"}}},
        {"name": "Đăng nhập", "url": "/dang-nhap", "form": account, "expect": {"url": "/van-ban"}},
        {"name": "Danh sách", "url": "/van-ban", "expect": {"text": INCOMING[0].number}},
        {"name": "Đăng xuất", "submit": "#sign-out"},
    ]


def _door() -> Sequence[Mapping[str, object]]:
    """From the discovery document to the keys, and from the portal to the provider's door."""
    return [
        {
            "name": "Khai báo",
            "url": "/.well-known/openid-configuration",
            "save": {"keys": {"jsonpath": "$.jwks_uri"}},
        },
        {"name": "Khoá công khai", "url": "{keys}", "expect": {"text": "kty"}},
        {
            "name": "Cổng",
            "url": "/cong/dang-nhap",
            "follow": False,
            "expect": {"status": 302, "header": {"location": "/authorize?"}},
        },
    ]
