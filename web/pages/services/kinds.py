"""What a new check of each kind begins with, and an example of its parameters. `docs/probes.md` has all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

ACCOUNT = '{\n  "user": "${secret:…}",\n  "password": "${secret:…}"\n}'
SIGN_IN = """{
  "proxy": "{proxy}",
  "steps": [
    {"name": "Mở trang", "url": "/", "save": {"csrf": {"css": "input[name=_csrf]", "attr": "value"}}, "expect": {"status": [200]}},
    {"name": "Đăng nhập", "method": "POST", "url": "/login", "form": {"_csrf": "{csrf}"}, "expect": {"status": [200]}}
  ]
}"""


@dataclass(frozen=True, slots=True)
class Kind:
    """`example`: parameters, to show beside the form."""

    target: str
    params: str = ""
    example: str = ""
    interval_s: float = 60
    timeout_s: float = 15


KINDS: Mapping[str, Kind] = {
    "scenario": Kind("{address}", SIGN_IN, interval_s=300, timeout_s=60),
    "http": Kind(
        "{address}",
        '{\n  "proxy": "{proxy}"\n}',
        '{"expect_status": [200], "body_contains": "…", "max_total_ms": 3000}',
    ),
    "tls": Kind("{endpoint}", interval_s=3600),
    "dns": Kind("{host}@{resolver}", "", '{"expect": ["203.0.113.10"]}', timeout_s=5),
    "smtp": Kind("{host}:587"),
    "imap": Kind("{host}:993", ACCOUNT, interval_s=300, timeout_s=30),
    "ntp": Kind("{host}", timeout_s=5),
    "rtsp": Kind("rtsp://{stream}", ACCOUNT, interval_s=300, timeout_s=20),
    "onvif": Kind("http://{camera}/onvif/device_service", ACCOUNT, interval_s=300),
    "timestamp": Kind("{address}", interval_s=300),
    "ocsp": Kind("{address}", interval_s=300),
    "crl": Kind("{address}", interval_s=300),
    "tcp": Kind("{endpoint}", timeout_s=5),
    "icmp": Kind("{host}", timeout_s=5),
}
