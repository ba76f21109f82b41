"""Where the e-office is in the province, what its names are, and whose resolver each unit asks. Pure.

Lines of a hub's units are of different providers, so that a provider's fault is not a hub's: the units of the tree, in order,
take the providers in turn.
"""

from collections.abc import Mapping, Sequence

from core.errors import BadInput
from lab.wan.plan import Layout

SERVER = "eoffice"
PROVIDERS = ("VNPT", "Viettel", "FPT")
CENTRE = "centre"
"""Has a resolver of its own, which is no provider's."""
RESOLVERS: Mapping[str, str] = {who: f"dns-{who.lower()}" for who in (CENTRE, *PROVIDERS)}
"""Names of the machines, by whose they are."""
SERVERS = (SERVER, *RESOLVERS.values())
DOCUMENTS, IDENTITY, EXCHANGE = "vanban.lab.example", "dangnhap.lab.example", "lgsp.lab.example"
NAMES = (DOCUMENTS, IDENTITY, EXCHANGE)
OUTSIDE, NOWHERE = "dichvucong.gov.vn", "192.0.2.1"
"""A name of the Internet that every unit asks for, and an address where nobody is."""


def provider_of(layout: Layout, unit: str) -> str:
    """Whose line a unit has; the topmost unit's is nobody's."""
    place = list(layout.sites).index(unit)
    return PROVIDERS[(place - 1) % len(PROVIDERS)] if place else CENTRE


def units_of(layout: Layout, provider: str) -> list[str]:
    """The units whose lines are this provider's, in order."""
    return [code for code in layout.sites if provider_of(layout, code) == provider]


def resolver_of(layout: Layout, who: str) -> str:
    """The address of the resolver of a provider, or of the centre."""
    return str(layout.server(RESOLVERS[who]).address)


def has_office(layout: Layout) -> bool:
    return any(host.name == SERVER for host in layout.top.hosts)


def records(layout: Layout) -> dict[str, Sequence[str]]:
    """What resolvers are told."""
    return {**dict.fromkeys(NAMES, (f"A {layout.server(SERVER).address}",)), OUTSIDE: (f"A {NOWHERE}",)}


def named_provider(text: str) -> str:
    """The provider that is meant, in any case of letters; the centre's resolver is meant by `centre`.

    Raises:
        BadInput: there is none of this name.
    """
    found = next((who for who in RESOLVERS if who.lower() == text.lower()), None)
    if found is None:
        raise BadInput(f"there is no provider {text!r}", todo=f"Use one of {', '.join(RESOLVERS)}")
    return found
