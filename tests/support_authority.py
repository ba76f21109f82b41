"""The lab's authority with its responders, served for a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from support_probes import website

from agents.pki.__main__ import verdict
from agents.pki.orders import Order
from lab.eoffice.authority import Authority
from lab.eoffice.responders import Responders


@asynccontextmanager
async def responders(folder: Path, *, tsa_rsa: bool = True) -> AsyncIterator[Responders]:
    """OCSP, TSA and CRL over HTTP at `authority.url`, which is in all that is issued while they are served."""
    served = Responders(Authority(folder), tsa_rsa=tsa_rsa)
    async with website(served.app) as port:
        served.authority.url = f"http://127.0.0.1:{port}"
        yield served


async def in_process(_module: str, *, given: BinaryIO) -> bytes:
    """What the child that verifies says, without a child."""
    order = msgspec.json.decode(given.readline(), type=Order)
    return msgspec.json.encode(verdict(order, given.read()))
