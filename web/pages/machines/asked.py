"""What was asked of one device, for its page: facts with their newest figures, ports, and whether its configuration is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.configs.reads import Configs
from inventory.devices import Device, versions
from web.auth.roles import Role, User
from web.context import Context
from web.i18n import Speaker
from web.interfaces import Ports, ports_of
from web.pages.devices import asked_facts
from web.pages.hosts import Revision, facts, revisions

VERSIONS = 20
"""Of a document that a page compares, each with the one before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`lines`: (translated title, texts). `ports` is None where it tells of none; `configured` False where nobody may know."""

    device: Device
    lines: Sequence[tuple[str, Sequence[str]]]
    ports: Ports | None
    changes: Sequence[Revision]
    configured: bool


def asked_of(context: Context, spoken: Speaker, devices: Sequence[Device], user: User | None) -> list[Asked]:
    """Of the devices of one unit that are one device."""
    checks = context.views.checks(devices[0].unit) if devices else []
    asking = {
        each.check.target: each for each in checks if each.check.kind == "snmp" and each.vantage == each.about
    }
    ports = {each.device.id: each for each in ports_of(devices, checks)}
    technician = user is not None and user.may(Role.TECHNICIAN)
    return [
        Asked(
            each,
            asked_facts(spoken, each, asking.get(each.address)) if each.address else facts(spoken, each.body),
            ports.get(each.id),
            revisions(versions(context.state, each.id, VERSIONS)),
            technician and Configs(context.state).device(each.id) is not None,
        )
        for each in devices
    ]
