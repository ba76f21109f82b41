"""What a new check of each kind begins with. Its other parameters are in `web.pages.services.fields`."""

from collections.abc import Mapping
from dataclasses import dataclass

SIGN_IN = """{
  "proxy": "{proxy}",
  "steps": [
    {"name": "Mở trang", "url": "/"},
    {"name": "Đăng nhập", "submit": "form", "form": {"username": "", "password": ""}, "expect": {"not_text": "Sai"}},
    {"name": "Trang chính", "url": "/", "expect": {"text": "Đăng xuất"}}
  ]
}"""
"""A form of the page before is sent with all its fields, hidden ones as well; those of `form` are filled in."""


@dataclass(frozen=True, slots=True)
class Kind:
    target: str
    params: str = ""
    interval_s: float = 60
    timeout_s: float = 15


KINDS: Mapping[str, Kind] = {
    "scenario": Kind("{address}", SIGN_IN, interval_s=300, timeout_s=60),
    "http": Kind("{address}", '{\n  "proxy": "{proxy}"\n}'),
    "tls": Kind("{endpoint}", interval_s=3600),
    "dns": Kind("{host}@{resolver}", timeout_s=5),
    "smtp": Kind("{host}:587"),
    "imap": Kind("{host}:993", interval_s=300, timeout_s=30),
    "ntp": Kind("{host}", timeout_s=5),
    "rtsp": Kind("rtsp://{stream}", interval_s=300, timeout_s=20),
    "onvif": Kind("http://{camera}/onvif/device_service", interval_s=300),
    "timestamp": Kind("{address}", interval_s=300),
    "ocsp": Kind("{address}", interval_s=300),
    "crl": Kind("{address}", interval_s=300),
    "tcp": Kind("{endpoint}", timeout_s=5),
    "icmp": Kind("{host}", timeout_s=5),
}
