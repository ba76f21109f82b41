"""What inventory agents of many makes and ages write, each habit in a document of our own; and each way in which one is refused."""

import contextlib
import json
import time
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_inventories import PLAIN, QUOTED, as_json, as_xml, whole

from core.errors import BadInput
from inventory.formats import Inventory, read_inventory
from inventory.formats.json_documents import duplicate_keys
from inventory.formats.sections import SECTIONS
from inventory.formats.xml_documents import read_xml

# What an old agent says there of the system goes elsewhere when it comes as XML, where that is not told.
MOVED_IN_XML = {"hardware"}


def of_json(**content: Any) -> Inventory:
    return read_inventory(as_json(content))


def of_xml(**content: Any) -> Inventory:
    return read_inventory(as_xml(content))


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_every_field_of_a_section_is_taken_as_it_should_be(name: str) -> None:
    found = of_json(**{name: whole(PLAIN)[name]})
    assert found.content == {name: whole(PLAIN)[name]}
    assert found.faults == ()


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_every_field_of_a_section_is_understood_where_all_is_in_quotes(name: str) -> None:
    found = of_json(**{name: whole(QUOTED)[name]})
    assert found.content == {name: whole(PLAIN)[name]}
    assert found.faults == ()


@pytest.mark.parametrize("name", sorted(set(SECTIONS) - MOVED_IN_XML))
def test_every_field_of_a_section_is_understood_in_xml(name: str) -> None:
    found = of_xml(**{name: whole(PLAIN)[name]})
    row, wanted = (
        value if isinstance(value, dict) else value[0] for value in (found.content[name], whole(PLAIN)[name])
    )
    assert set(row) == set(wanted)
    others = {field for field, kind in SECTIONS[name].fields.items() if kind == "other"}
    # States and kinds of networks are in small letters there.
    others |= {"status", "type"} if name == "networks" else set()
    assert {f: v for f, v in row.items() if f not in others} == {
        f: v for f, v in wanted.items() if f not in others
    }
    assert found.faults == ()


def test_the_whole_of_it_is_one_inventory() -> None:
    assert set(read_inventory(as_json(whole(PLAIN))).content) == set(SECTIONS)


@pytest.mark.parametrize(
    ("section", "field", "said", "kept"),
    [
        ("batteries", "voltage", "3.9V", 3_900),
        ("batteries", "voltage", "8.25 V", 8_250),
        ("batteries", "voltage", "10800", 10_800),
        ("batteries", "capacity", "41.2345 Wh", 41_234),
        ("batteries", "power_max", "50 W", 50),
        ("virtualmachines", "memory", "6000MB", 6_000),
        ("memories", "capacity", "8 GB", 8_192),
        ("cpus", "speed", "2.4GHz", 2_400),
        ("drives", "free", "12.6", 13),
        ("storages", "disksize", 500_107.0, 500_107),
    ],
)  # fmt: skip
def test_a_number_with_its_unit_is_a_number(section: str, field: str, said: object, kept: int) -> None:
    found = of_json(**{section: [{field: said}]})
    assert found.content == {section: [{field: kept}]}
    assert found.faults == ()


@pytest.mark.parametrize(
    "said", ["fast", "5 apples", "1e400", "", " ", "٣", "8 GB 2", None, [], {}, True, "0x10"]
)
def test_what_is_no_number_is_left_out_and_nothing_else_is(said: object) -> None:
    found = of_json(memories=[{"capacity": said, "type": "DDR4"}])
    assert found.content == {"memories": [{"type": "DDR4"}]} or found.content["memories"][0]["capacity"] == 3
    assert all(fault.where == "$.content.memories[0].capacity" for fault in found.faults)


@pytest.mark.parametrize(
    ("said", "kept"), [("yes", True), ("No", False), (0, False), (1, True), ("TRUE", True)]
)
def test_yes_and_no_are_known_in_all_ways_of_writing(said: object, kept: bool) -> None:
    assert of_json(antivirus=[{"enabled": said}]).content["antivirus"] == [{"enabled": kept}]


def test_phones_tell_their_user_and_their_last_start_in_words_of_their_own() -> None:
    found = of_xml(
        user={"LOGIN": "canbo"}, operatingsystem={"NAME": "Android", "BOOT_DATE": "2026-05-31 14:00:00"}
    )
    assert found.content["users"] == [{"login": "canbo"}]
    assert found.content["operatingsystem"] == {"name": "Android", "boot_time": "2026-05-31 14:00:00"}


def test_one_entry_of_what_is_a_list_is_a_list() -> None:
    found = of_xml(cameras={"RESOLUTION": "7000x5000"}, databases_services={"DATABASES": {"NAME": "motcua"}})
    assert found.content["cameras"] == [{"resolution": ["7000x5000"]}]
    assert found.content["databases_services"] == [{"databases": [{"name": "motcua"}]}]


def test_an_object_where_a_list_belongs_is_a_list_of_it_and_a_list_of_one_is_the_one() -> None:
    found = of_json(softwares={"name": "UniKey"}, bios=[{"ssn": "SN1"}])
    assert found.content == {"softwares": [{"name": "UniKey"}], "bios": {"ssn": "SN1"}}


def test_a_sign_too_much_between_elements_costs_nothing() -> None:
    plain = as_xml({"batteries": {"VOLTAGE": "12000"}}).replace(b"</VOLTAGE>", b"</VOLTAGE>>")
    assert read_inventory(plain).content == {"batteries": [{"voltage": 12_000}]}


def test_sections_of_cdata_comments_and_instructions_are_read_over() -> None:
    plain = as_xml({"bios": {"SSN": "@"}}).replace(b"@", b"<!-- a --><?php b ?><![CDATA[SN<1>]]>")
    assert read_inventory(plain).content == {"bios": {"ssn": "SN<1>"}}


def test_a_mark_of_byte_order_before_json_or_xml_is_no_fault() -> None:
    for plain in (as_json({"bios": {"ssn": "1"}}), as_xml({"bios": {"ssn": "1"}})):
        found = read_inventory(b"\xef\xbb\xbf" + plain)
        assert (found.content, found.faults) == ({"bios": {"ssn": "1"}}, ())


def test_a_tag_may_be_a_number_or_nothing() -> None:
    content = {"bios": {"ssn": "1"}}
    assert [read_inventory(as_json(content, tag=tag)).tag for tag in (33, None, "lam-son")] == [
        "33",
        "",
        "lam-son",
    ]


@pytest.mark.parametrize("name", ["windows-1258", "ISO-8859-1", "cp437", "us-ascii"])
def test_an_old_encoding_that_is_declared_is_read(name: str) -> None:
    plain = as_xml({"bios": {"SSN": "SN-1"}}).decode().encode(name)
    found = read_inventory(f'<?xml version="1.0" encoding="{name}"?>'.encode() + plain)
    assert (found.content, found.faults) == ({"bios": {"ssn": "SN-1"}}, ())


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "unicode_escape", "utf-7", "zlib", "undefined", "nothing"]
)
def test_an_encoding_that_no_agent_uses_is_not_believed(name: str) -> None:
    plain = as_xml({"bios": {"SSN": "mã +AGEA- \\u0041 " + "é" * 200_000}})
    began = time.process_time()
    found = read_inventory(f'<?xml version="1.0" encoding="{name}"?>'.encode() + plain)
    assert found.content["bios"]["ssn"].startswith("mã +AGEA- \\u0041 é")
    assert time.process_time() - began < 5  # punycode alone would take minutes


REFUSED_JSON = [
    (b"", "$", "neither JSON nor XML"),
    (b"[]", "$", "neither JSON nor XML"),
    (b"\x00\x01\x02", "$", "UTF-16"),
    ('{"deviceid": "a"}'.encode("utf-16"), "$", "UTF-16"),
    ('{"deviceid": "a"}'.encode("utf-16-le"), "$", "UTF-16"),
    (b"{}", "$.deviceid", "is missing"),
    (b'{"deviceid": "a"}', "$.content", "is missing"),
    (b'{"deviceid": null, "content": {}}', "$.deviceid", "Expected `str`"),
    (b'{"deviceid": "a", "content": "x"}', "$.content", "Expected `object`"),
    (b'{"deviceid": "a", "content": {}, "partial": "yes"}', "$.partial", "Expected `bool`"),
    (b'{"deviceid": "a", "content": {}, "itemtype": 5}', "$.itemtype", "Expected `str`"),
    (b'{"deviceid": "a", "content": {}, "tag": []}', "$.tag", "got `array`"),
    (as_json({"bios": {"ssn": "1"}}, itemtype="Toaster"), "$.itemtype", "'Toaster' is not known"),
    (as_json({"bios": {"ssn": "1"}}, deviceid="a" * 256), "$.deviceid", "name too long"),
    (as_json({"bios": {"ssn": "1"}}, deviceid=" "), "$.deviceid", "no name of the agent"),
    (as_json({"bios": {}, "softwares": None}), "$.content", "nothing in it"),
    (as_json({"bios": {"ssn": "1"}})[:-4], "$", "not JSON"),
    (as_json({"bios": {"ssn": "1"}}) + b"}", "$", "byte"),
    (b'{"deviceid": "a\xff", "content": 1}', "$.content", "Expected `object`"),
    (b'{"deviceid": "\xff', "$", "not JSON"),
    (b'{"deviceid": "a", "content": ' + b'{"a":' * 100_000, "$", "not JSON"),
    (b'{"deviceid": "a", "content": {"x": ' + b"9" * 5_000 + b"}}", "$.content[...]", "out of range"),
]  # fmt: skip
REFUSED_XML = [
    (b"<", "line 1, column 0", "not XML"),
    (b"<REQUEST/>", "/REQUEST", "not a request"),
    (b"<OTHER><QUERY>INVENTORY</QUERY></OTHER>", "/REQUEST", "not a request"),
    (b"<REQUEST><QUERY>NETDISCOVERY</QUERY></REQUEST>", "/REQUEST/QUERY", "no inventory"),
    (b"<REQUEST><CONTENT/></REQUEST>", "/REQUEST/QUERY", "no inventory"),
    (b"<REQUEST><QUERY>INVENTORY</QUERY></REQUEST>", "/REQUEST/CONTENT", "no content"),
    (as_xml({"bios": {"SSN": "1"}}).replace(b"pc-7", b""), "$.deviceid", "no name of the agent"),
    (as_xml({"bios": {"FOO": "1"}}).replace(b"1", b"&nbsp;"), "line 1, column 29", "undefined entity"),
    (b"<!DOCTYPE html><html></html>", "/", "declarations and entities"),
    (b"<REQUEST><CONTENT>\n<BIOS></CONTENT></REQUEST>", "line 2, column 8", "mismatched tag"),
    (b"<REQUEST>" + b"<A>" * 12 + b"</A>" * 12 + b"</REQUEST>", "/REQUEST" + "/A" * 11, "nested deeper than 12"),
    (b"<REQUEST>" + b"<A/>" * 500_001 + b"</REQUEST>", "/", "more than 500000 elements"),
    (b"<REQUEST " + b" ".join(b"a%d = '1'" % n for n in range(100_001)) + b"/>", "/", "more than 100000 attributes"),
    (b"<!-- --><!DOCTYPE z [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><REQUEST>&a;</REQUEST>", "/", "declarations and entities"),
    (b"<REQUEST><!ENTITY a 'b'></REQUEST>", "line 1, column 11", "not well-formed"),
]  # fmt: skip


@pytest.mark.parametrize(("plain", "where", "what"), [*REFUSED_JSON, *REFUSED_XML])
def test_what_cannot_be_taken_is_refused_with_its_place(plain: bytes, where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_inventory(plain)
    assert refused.value.where == where
    assert what in refused.value.what


def test_a_deep_section_costs_what_is_too_deep_in_it() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    found = of_json(novel=deep, bios={"ssn": "1"})
    assert found.content["bios"] == {"ssn": "1"}
    assert [fault.what for fault in found.faults] == ["nested too deep"]


def test_a_huge_text_is_cut_and_that_is_told_with_its_place() -> None:
    found = of_json(bios={"ssn": "x" * 5_000_000, "msn": "2"})
    assert (len(found.content["bios"]["ssn"]), found.content["bios"]["msn"]) == (4_000, "2")
    assert [tuple(each) for each in found.faults] == [
        ("$.content.bios.ssn", "5000000 characters, 4000 are kept")
    ]


def test_keys_that_are_there_twice_in_a_section_are_told() -> None:
    plain = b'{"deviceid": "a", "content": {"bios": {"ssn": "1", "ssn": "2"}, "bios": {"ssn": "3"}}}'
    assert read_inventory(plain).content == {"bios": {"ssn": "3"}}
    assert [where for where, _ in duplicate_keys(plain)] == ["$..ssn", "$..bios"]


def test_comments_and_quoted_parts_are_read_as_the_rest_is() -> None:
    plain = as_xml({"bios": {"SSN": "a < b"}, "softwares": [{"NAME": "Unikey!"}, {"NAME": "b"}]})
    quoted = plain.replace(b"a &lt; b", b"<![CDATA[a < b]]>").replace(b"<BIOS>", b"<!-- a & b --><BIOS>")
    assert quoted.count(b"<!") == 2
    assert read_inventory(quoted) == read_inventory(plain)
    assert read_inventory(plain).content["bios"] == {"ssn": "a < b"}


WHOLE_JSON, WHOLE_XML = as_json(whole(PLAIN)), as_xml(whole(PLAIN))


@given(st.data())
def test_a_whole_inventory_with_bytes_changed_is_taken_or_refused(data: st.DataObject) -> None:
    plain = bytearray(data.draw(st.sampled_from([WHOLE_JSON, WHOLE_XML])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(plain) - 1))
        end = at + data.draw(st.integers(0, 40))
        plain[at:end] = data.draw(st.binary(max_size=12))
    with contextlib.suppress(BadInput):
        found = read_inventory(bytes(plain))
        json.dumps(found.content, allow_nan=False).encode()


@given(st.text(max_size=60), st.sampled_from(sorted(SECTIONS)))
def test_any_text_in_any_field_of_xml_is_kept_or_left_out(text: str, name: str) -> None:
    field = next(iter(SECTIONS[name].fields))
    with contextlib.suppress(BadInput):
        read_xml(as_xml({name: {field: text.encode("utf-8", "replace").decode()}, "bios": {"SSN": "1"}}))


def test_what_is_read_does_not_depend_on_how_it_was_packed() -> None:
    assert read_inventory(zlib.decompress(zlib.compress(WHOLE_JSON))) == read_inventory(WHOLE_JSON)
