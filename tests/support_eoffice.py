"""The lab's e-office for a test: the application, nginx before it, the authority of its certificates."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support_probes import website

from lab.eoffice.app import ACCOUNTS, Office
from lab.eoffice.authority import Authority
from lab.eoffice.manners import Manners, Switch
from lab.eoffice.resolver import unbound
from lab.eoffice.site import Running, fronted, nginx

USER, PASSWORD = next(iter(ACCOUNTS.items()))
needs_nginx = pytest.mark.skipif(not shutil.which(nginx()), reason="needs nginx (Debian)")
needs_unbound = pytest.mark.skipif(not shutil.which(unbound()), reason="needs unbound (Debian)")


@dataclass(frozen=True)
class EOffice:
    front: Running
    authority: Authority
    office: Office
    switch: Switch

    @property
    def url(self) -> str:
        return self.front.url

    @property
    def host(self) -> str:
        """`address:port` of its TLS."""
        return f"127.0.0.1:{self.front.port}"

    @property
    def ca_file(self) -> str:
        return str(self.authority.root)

    def behave(self, **manners: object) -> None:
        """From the next request on; without any: well."""
        self.switch.set(Manners(**manners))  # type: ignore[arg-type]


@asynccontextmanager
async def eoffice(folder: Path) -> AsyncIterator[EOffice]:
    """The e-office at `.url`, behind nginx with a good certificate, for as long as the block lasts."""
    authority, switch = Authority(folder / "ca"), Switch(folder / "manners.json")
    office = Office(switch)
    async with website(office.app) as port:
        with fronted(folder / "front", authority, port) as front:
            yield EOffice(front, authority, office, switch)
