"""Signs: what agents tell of one machine in their own ways is equal, and what says nothing is no sign."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.identity import forms
from inventory.signs import Signs, read

DEVICE = "pc01-2024-01-02-03-04-05"


def of(**content: Any) -> Signs:
    return read({"deviceid": DEVICE, "content": content})


def adapter(mac: str, kind: str = "ethernet", **more: object) -> dict[str, object]:
    return {"mac": mac, "type": kind, **more}


@pytest.mark.parametrize(
    "junk",
    [
        "To be filled by O.E.M.", "TO BE FILLED BY O.E.M", "Default string", "System Serial Number", "0123456789", "None", "",
        "   ", "00000000", "FFFFFFFFFF", "N/A", "12345678", "..", "xxxxxxx",
    ],
)  # fmt: skip
def test_a_serial_that_makers_leave_in_is_none(junk: str) -> None:
    signs = of(
        bios={"ssn": junk, "msn": junk, "assettag": junk},
        storages=[{"serial": junk}],
        memories=[{"serialnumber": junk}],
    )
    assert signs == Signs(agent=DEVICE)


@pytest.mark.parametrize(
    "junk",
    [
        "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009", "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff", "To be filled by O.E.M.", "4BDRGGFE-0046-4710-8047-B2C04F503732",
    ],
)  # fmt: skip
def test_a_uuid_that_makers_leave_in_is_none(junk: str) -> None:
    assert of(hardware={"uuid": junk}).uuid == ""


@pytest.mark.parametrize(
    "mac", ["00:00:00:00:00:00", "02:00:4c:4f:4f:50", "00:05:9A:3C:7A:00", "00-09-0F-AA-00-01", "00:50:56:C0:00:08", "FF:FF:FF:FF:FF:FF", "02:42:ac:11:00:02", "nonsense"]
)  # fmt: skip
def test_an_address_that_many_machines_have_is_none(mac: str) -> None:
    signs = of(networks=[adapter(mac)])
    assert (signs.macs, signs.local_macs) == ((), ())


def test_an_address_that_a_machine_gave_itself_is_kept_apart_and_of_wifi_not_at_all() -> None:
    signs = of(
        networks=[
            adapter("A6:11:22:33:44:55"),
            adapter("DA:A1:19:01:02:03", "wifi"),
            adapter("a4:bb:6d:00:11:22"),
        ]
    )
    assert (signs.macs, signs.local_macs) == (("A4BB6D001122",), ("A61122334455",))


def test_a_guest_of_kvm_is_known_by_the_address_it_was_given() -> None:
    assert of(networks=[adapter("52:54:00:12:34:56")]).macs == ("525400123456",)


def test_virtual_adapters_and_bluetooth_are_left_out() -> None:
    rows = [
        adapter("A4:BB:6D:00:11:22", virtualdev=True),
        adapter("A4:BB:6D:00:11:23", "bluetooth"),
        adapter("A4:BB:6D:00:11:24", "bridge"),
    ]
    assert of(networks=rows).macs == ()


def test_uuids_in_both_byte_orders_are_one() -> None:
    one = of(hardware={"uuid": "4C4C4544-0046-4710-8047-B2C04F503732"})
    other = of(hardware={"uuid": "44454c4c-4600-1047-8047-b2c04f503732"})
    assert one.uuid == other.uuid != ""


def test_a_disk_s_serial_as_windows_7_tells_it_is_the_one_on_the_label() -> None:
    padded = "WD-WCC3F0123456".rjust(20)
    swapped = "".join(f"{ord(padded[i + 1]):02x}{ord(padded[i]):02x}" for i in range(0, 20, 2))
    assert of(storages=[{"serial": swapped}]).disk_serials == ("WDWCC3F0123456",)


def test_sticks_and_discs_are_no_disks() -> None:
    rows = [{"serial": "AA11BB22CC", "interface": "USB"}, {"serial": "AA11BB22CD", "type": "DVD Writer"}]
    assert of(storages=rows).disk_serials == ()


def test_hostnames_are_as_netbios_has_them() -> None:
    assert of(hardware={"name": "van-thu-so-noi-vu.hungyen.local"}).hostname == "VAN-THU-SO-NOI-"
    assert of(hardware={"name": "VAN-THU-SO-NOI-"}).hostname == "VAN-THU-SO-NOI-"
    assert of(hardware={"name": "pc1.hungyen.local"}).domain == "HUNGYEN"
    assert of(hardware={"name": "pc1", "workgroup": "WORKGROUP"}).domain == ""


def test_dots_slashes_and_blanks_in_a_serial_do_not_matter() -> None:
    one = of(bios={"msn": "/2FAGP34/CN124536460043/", "ssn": "2FAGP34 "})
    other = of(bios={"msn": ".2FAGP34.CN124536460043.", "ssn": "2fagp34"})
    assert (one.board_serial, one.chassis_serial) == (other.board_serial, other.chassis_serial)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [adapter("A4:BB:6D:00:11:22"), adapter("A4:BB:6D:00:11:23")]
    assert of(networks=rows).key("1") == of(networks=rows[::-1]).key("1")


def test_the_same_signs_in_another_unit_have_another_key() -> None:
    assert Signs(uuid="A").key("1") != Signs(uuid="A").key("2")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "ssn",
        "msn",
        "uuid",
        "name",
        "mac",
        "serial",
        "serialnumber",
        "type",
        "workgroup",
        "virtualdev",
        "assettag",
    ]
)


@given(
    st.dictionaries(
        st.sampled_from(["bios", "hardware", "networks", "storages", "memories"]),
        JSON | st.dictionaries(NAMES, JSON) | st.lists(st.dictionaries(NAMES, JSON)),
    )
    | JSON,
    JSON,
)
def test_whatever_shape_a_document_has_it_is_read(content: object, device_id: object) -> None:
    assert read({"deviceid": device_id, "content": content}).key("11950")


@given(st.uuids().map(str))
def test_a_uuid_s_form_is_that_of_its_swapped_self(told: str) -> None:
    form = forms.uuid(told)
    assert forms.uuid(form) == form
