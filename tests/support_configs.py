"""Configurations of one commune's router, as its agent would have sent them."""

from core.wire import Document
from inventory.configs.reads import Configs
from inventory.configs.store import store_config
from inventory.state import State

ADDRESS = "10.33.83.1"
OLD = """\
version 15.1
service password-encryption
hostname xa-mot
!
ip ssh version 2
ip http server
snmp-server community •••(default) RO
!
interface Vlan1
 description LAN của <b>UBND xã</b> & "hội trường"
 ip address 10.2.2.1 255.255.255.0
!
ntp server 10.0.0.1
logging host 10.0.0.2
line vty 0 4
 transport input telnet ssh
!
end
"""
NEW = OLD.replace(" RO\n", " RO 10\n").replace("10.2.2.1 255.255.255.0", "10.2.2.1 255.255.254.0")


def keep(state: State, at: int, unit: str = "11983", text: str = OLD, **more: object) -> int:
    """The id of the device."""
    body = {"address": ADDRESS, "vendor": "cisco", "running": text, "startup": "", "saved": True, **more}
    with state.write() as connection:
        store_config(connection, unit=unit, document=Document("config", at, body), received_at=at)
    address = body["address"]
    return next(each.id for each in Configs(state).of_unit(unit) if each.address == address)
