"""Inventories as agents send them: what is taken, what is left out with its path, what is refused."""

import contextlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.compress import TooLarge
from core.errors import BadInput
from core.inventory_agents import Ask, answer, read, unpacked
from inventory.formats import Inventory, read_inventory
from inventory.formats.habits import moment
from inventory.formats.json_documents import duplicate_keys
from inventory.formats.sections import SECTIONS, checked, steady

FUSION = """<?xml version="1.0" encoding="UTF-8"?>
<REQUEST><CONTENT>
  <ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>xa-lam-son</KEYVALUE></ACCOUNTINFO>
  <BIOS><SSN>SN-0042</SSN><SMANUFACTURER>Dell Inc.</SMANUFACTURER><BDATE>03/21/2019</BDATE></BIOS>
  <HARDWARE><NAME>PC-VANTHU</NAME><MEMORY>8192</MEMORY><OSNAME>Windows 10 Pro</OSNAME><OSVERSION>10.0.19045</OSVERSION>
    <USERID>vanthu/ketoan</USERID><CHECKSUM>131071</CHECKSUM><UUID>4C4C4544-0042</UUID></HARDWARE>
  <NETWORKS><DESCRIPTION>Ethernet</DESCRIPTION><MACADDR>00:11:22:33:44:55</MACADDR><STATUS>Up</STATUS><VIRTUALDEV>0</VIRTUALDEV></NETWORKS>
  <NETWORKS><DESCRIPTION>lo</DESCRIPTION><TYPE>Local</TYPE><VIRTUALDEV>1</VIRTUALDEV></NETWORKS>
  <STORAGES><NAME>sda</NAME><SERIALNUMBER>WD-77</SERIALNUMBER><DISKSIZE>500107</DISKSIZE></STORAGES>
  <SOFTWARES><NAME>Bộ gõ UniKey</NAME><VERSION>4.3</VERSION><INSTALLDATE>25/03/2022</INSTALLDATE></SOFTWARES>
  <LOCAL_GROUPS><NAME>quản trị</NAME><MEMBER>an</MEMBER></LOCAL_GROUPS>
  <VERSIONCLIENT>FusionInventory-Agent_v2.6-3</VERSIONCLIENT>
</CONTENT><DEVICEID>pc-vanthu-2026-01-02-03-04-05</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"""


def glpi(**content: object) -> bytes:
    return json.dumps(
        {"deviceid": "pc-1", "content": {"versionclient": "GLPI-Agent_v1.11", **content}}
    ).encode()


def fusion() -> Inventory:
    return read_inventory(FUSION.encode())


def faults(found: Inventory) -> list[tuple[str, str]]:
    return [tuple(fault) for fault in found.faults]


def test_xml_of_fusioninventory_becomes_the_words_of_the_json_format() -> None:
    found = fusion()
    assert (found.device_id, found.client, found.tag) == (
        "pc-vanthu-2026-01-02-03-04-05",
        "FusionInventory-Agent_v2.6-3",
        "xa-lam-son",
    )
    assert found.content["networks"] == [
        {"description": "Ethernet", "mac": "00:11:22:33:44:55", "status": "up", "virtualdev": False},
        {"description": "lo", "type": "loopback", "virtualdev": True},
    ]
    assert found.content["storages"] == [{"name": "sda", "serial": "WD-77", "disksize": 500107}]
    assert found.content["softwares"] == [
        {"name": "Bộ gõ UniKey", "version": "4.3", "install_date": "2022-03-25"}
    ]
    assert found.content["local_groups"] == [{"name": "quản trị", "members": ["an"]}]
    assert found.faults == ()


def test_what_older_agents_say_of_the_system_in_hardware_goes_to_where_it_belongs() -> None:
    content = fusion().content
    assert content["hardware"] == {"name": "PC-VANTHU", "memory": 8192, "uuid": "4C4C4544-0042"}
    assert content["operatingsystem"] == {"full_name": "Windows 10 Pro", "version": "10.0.19045"}
    assert content["users"] == [{"login": "vanthu"}, {"login": "ketoan"}]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2025/04/20 00:00:00", "2025-04-20"),
        ("2025/04/20 07:30:00", "2025-04-20 07:30:00"),
        ("25/03/2022", "2022-03-25"),
        ("03/21/2019", "2019-03-21"),
        ("Tue May 20", "Tue May 20"),
    ],
)
def test_days_are_read_as_they_are_written_in_the_field(text: str, iso: str) -> None:
    assert moment(text) == iso


def test_one_bad_field_costs_itself_and_says_where() -> None:
    found = read_inventory(glpi(cpus=[{"name": "i5", "speed": "fast"}, {"name": "i7", "speed": "2400"}]))
    assert found.content["cpus"] == [{"name": "i5"}, {"name": "i7", "speed": 2400}]
    assert faults(found) == [("$.content.cpus[0].speed", "not a whole number")]


def test_a_section_of_the_wrong_shape_costs_itself_and_says_where() -> None:
    found = read_inventory(glpi(bios=[1, 2], hardware={"name": "pc"}, softwares=["a", {"name": "b"}]))
    assert found.content == {"hardware": {"name": "pc"}, "softwares": [{"name": "b"}]}
    assert faults(found) == [
        ("$.content.bios", "not an object"),
        ("$.content.softwares[0]", "not an object"),
    ]


def test_sections_that_are_not_known_are_kept_as_they_came() -> None:
    assert read_inventory(glpi(novel=[{"a": {"b": 1}}])).content["novel"] == [{"a": {"b": 1}}]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (b'{"content": {}}', "$.deviceid"),
        (b'{"deviceid": 5, "content": {}}', "$.deviceid"),
        (b'{"deviceid": "a", "content": []}', "$.content"),
        (b'{"deviceid": "a", "content": {}}', "$.content"),
        (b'{"deviceid": "", "content": {"bios": {"ssn": "1"}}}', "$.deviceid"),
        (b'{"deviceid": "a", "itemtype": "Toaster", "content": {"bios": {"ssn": "1"}}}', "$.itemtype"),
        (b'{"deviceid": "a", "content": ', "$"),
        (b'{"a":' * 5_000, "$"),
        (b"<REQUEST><QUERY>SNMPQUERY</QUERY></REQUEST>", "/REQUEST/QUERY"),
        (b"<REQUEST><QUERY>INVENTORY</QUERY><CONTENT>x</CONTENT></REQUEST>", "/REQUEST/CONTENT"),
        (b"<REQUEST><A></REQUEST>", "line 1, column 14"),
        (b"<a>" * 20 + b"</a>" * 20, "/REQUEST"),
    ],
)
def test_what_is_no_inventory_is_refused_with_the_place_of_what_is_wrong(document: bytes, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_inventory(document)
    assert refused.value.where == where


LAUGHS = """<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<REQUEST><CONTENT><BIOS><SSN>&b;</SSN></BIOS></CONTENT><QUERY>INVENTORY</QUERY></REQUEST>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<REQUEST><CONTENT><BIOS><SSN>&a;</SSN></BIOS></CONTENT><QUERY>INVENTORY</QUERY></REQUEST>"""


@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE])
def test_xml_that_declares_entities_is_refused(document: str) -> None:
    with pytest.raises(BadInput, match="declarations and entities are not taken"):
        read_inventory(document.encode())


def test_bytes_of_an_old_windows_in_a_document_of_utf_8_cost_no_letter() -> None:
    mixed = FUSION.encode().replace(b"<NAME>PC-VANTHU</NAME>", b"<NAME>caf\xe9</NAME>")
    found = read_inventory(mixed)
    assert found.content["hardware"]["name"] == "café"
    assert found.content["softwares"][0]["name"] == "Bộ gõ UniKey"
    assert faults(found) == [("$", "not UTF-8")]


def test_control_characters_in_names_of_software_are_left_out() -> None:
    found = read_inventory(FUSION.replace("UniKey", "Uni\x01\x1bKey").encode())
    assert found.content["softwares"][0]["name"] == "Bộ gõ UniKey"
    assert read_inventory(glpi(bios={"ssn": "a\x00\u202eb"})).content["bios"]["ssn"] == "ab"


def test_a_hundred_thousand_packages_are_cut_at_the_bound_and_that_is_told() -> None:
    found = read_inventory(glpi(softwares=[{"name": f"p{n}"} for n in range(100_000)]))
    assert len(found.content["softwares"]) == 20_000
    assert faults(found) == [("$.content.softwares", "100000 entries, 20000 are kept")]


def test_a_key_that_is_there_twice_is_told() -> None:
    assert duplicate_keys(b'{"deviceid": "a", "deviceid": "b", "content": {"x": 1}}') == [
        ("$..deviceid", "key is there twice")
    ]
    assert duplicate_keys(b'{"deviceid": "a", "content": {"x": 1}}') == []


def test_what_moves_by_itself_is_no_part_of_what_stays() -> None:
    content = {
        "drives": [{"letter": "C:", "total": 500, "free": 1}],
        "processes": [{"pid": 1}],
        "bios": {"ssn": "1"},
    }
    assert steady(content) == {"drives": [{"letter": "C:", "total": 500}], "bios": {"ssn": "1"}}


def test_every_field_that_moves_is_a_field_of_its_section() -> None:
    assert {
        f"{name}.{field}"
        for name, section in SECTIONS.items()
        for field in section.moves - set(section.fields)
    } == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from(sorted(SECTIONS)) | st.text(max_size=8)
FIELDS = st.sampled_from(sorted({field for section in SECTIONS.values() for field in section.fields}))


@given(
    st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(FIELDS, JSON, max_size=4), max_size=3), max_size=5)
)
def test_any_content_is_taken_or_told_and_taking_it_again_changes_nothing(content: dict[str, object]) -> None:
    once, _ = checked(content)
    again, told = checked(once)
    assert (again, told) == (once, ())
    json.dumps(once, allow_nan=False).encode()


@given(
    st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"<REQUEST>{text}</REQUEST>".encode())
)
def test_any_bytes_are_an_inventory_or_are_refused(plain: bytes) -> None:
    with contextlib.suppress(BadInput):
        read_inventory(plain)


@given(st.binary(max_size=300))
def test_any_body_is_unpacked_and_known_or_refused(body: bytes) -> None:
    try:
        plain, packing = unpacked(body, 1_000)
        read(plain, packing)
    except BadInput:
        pass


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    with pytest.raises(TooLarge):
        unpacked(zlib.compress(b"<a>" * 10_000_000), 1 << 20)


@pytest.mark.parametrize(
    ("plain", "kind", "form"),
    [
        (b"<REQUEST><DEVICEID>a</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>", "prolog", "xml"),
        (FUSION.encode(), "inventory", "xml"),
        (b"<REQUEST><QUERY>SNMPQUERY</QUERY></REQUEST>", "other", "xml"),
        (b'{"action":"contact","deviceid":"a"}', "contact", "json"),
        (glpi(), "inventory", "json"),
        (b'{"action":"register","deviceid":"a"}', "other", "json"),
    ],
)
def test_what_an_agent_asks_is_seen_without_reading_its_inventory(plain: bytes, kind: str, form: str) -> None:
    ask = read(plain)
    assert (ask.kind, ask.form) == (kind, form)


def test_agents_are_answered_packed_as_they_asked() -> None:
    asked = unpacked(zlib.compress(b"<REQUEST><QUERY>PROLOG</QUERY></REQUEST>"))
    said = answer(read(*asked))
    assert said.content_type == "application/x-compress-zlib"
    assert b"<RESPONSE>SEND</RESPONSE><PROLOG_FREQ>24</PROLOG_FREQ>" in zlib.decompress(said.body)


def test_a_glpi_agent_that_makes_contact_is_told_to_send_its_inventory() -> None:
    said = json.loads(answer(Ask("contact", "json", "plain")).body)
    assert said["status"] == "ok"
    assert said["expiration"] > 0
    assert "inventory" in said["tasks"]
    assert "inventory" not in said["disabled"]


def test_the_first_prolog_of_a_glpi_agent_is_heard_as_contact() -> None:
    """As GLPI Agent 1.12 begins with a server that it does not know; it then goes on in JSON, else in XML for good."""
    prolog = b"<REQUEST><DEVICEID>a</DEVICEID><QUERY>PROLOG</QUERY><TOKEN>12345678</TOKEN></REQUEST>"
    headers = [
        (b"user-agent", b"GLPI-Agent_v1.12"),
        (b"glpi-agent-id", b"62dc5b0d-e0fc-4b4b-8b3d-6e1e0f2e3bdc"),
    ]
    asked = read(prolog, "zlib", headers)
    assert asked == Ask("contact", "json", "zlib", "a")
    said = answer(asked)
    assert said.content_type == "application/x-compress-zlib"
    assert json.loads(zlib.decompress(said.body))["expiration"] > 0
    assert read(prolog, "zlib", headers[:1]) == Ask("prolog", "xml", "zlib", "a")


ODD = st.text(st.sampled_from("aĐ ế\"\\{}:\x7f\x85\xa0\u00ad\u1680\u2003\u2013\u2028\u202e\u2066\u3000\ufeff\t\n\x00®") | st.characters(codec="utf-8"), min_size=1, max_size=6)  # fmt: skip


@given(
    st.lists(
        st.fixed_dictionaries({"name": ODD}, optional={"version": ODD, "no_remove": st.booleans()}),
        max_size=4,
    )
)
def test_what_is_seen_at_once_to_be_plain_is_what_a_look_at_each_field_leaves_as_it_is(
    rows: list[dict[str, object]],
) -> None:
    at_once, _ = checked({"softwares": rows})
    one_by_one, _ = checked({"softwares": [*rows, {"name": 5}]})
    assert one_by_one["softwares"] == [*at_once["softwares"], {"name": "5"}]
