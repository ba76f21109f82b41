"""Syslog: what a message says, whatever bytes it is made of; and messages out of a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.listen.kinds import LONGEST, Notice, notice_of
from agents.syslog import MAX_BYTES, Frames, Malformed, Message, parse
from core.told import CONFIGURED, LINK_DOWN, LINK_UP, POWER_BACK, POWER_LOST, RESTARTED, SYSLOG


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed",
            Message(4, 2, "2003-10-11T22:14:15.003Z", "mymachine.example.com", "su", "'su root' failed"),
        ),
        (
            b'<165>1 - - - - - [exampleSDID@32473 iut="3" x="a\\"]b"][more@1] An event',
            Message(20, 5, "", "", "", "An event"),
        ),
        (b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - -", None),
        (
            b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
            Message(4, 2, "Oct 11 22:14:15", "mymachine", "su", "'su root' failed"),
        ),
        (
            b"<189>45: *Mar  1 00:01:02.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down",
            Message(
                23,
                5,
                "Mar  1 00:01:02.123",
                "",
                "",
                "%LINK-3-UPDOWN: Interface Gi0/1, changed state to down",
            ),
        ),
        (
            b"<188>Jan  2 03:04:05 2024 Huawei %%01IFNET/4/IF_STATE(l)[5]:Interface GE0/0/1 has turned into DOWN state.",
            Message(
                23,
                4,
                "Jan  2 03:04:05 2024",
                "Huawei",
                "",
                "%%01IFNET/4/IF_STATE(l)[5]:Interface GE0/0/1 has turned into DOWN state.",
            ),
        ),
        (
            "<30>Jan  2 03:04:05 tp-ubnd dhcpd[12]: máy của Lan".encode(),
            Message(3, 6, "Jan  2 03:04:05", "tp-ubnd", "dhcpd", "máy của Lan"),
        ),
        (b"interface,info ether1 link down", Message(1, 5, "", "", "", "interface,info ether1 link down")),
        (
            b"<14>2024-01-02T03:04:05+07:00 sw1 mgr: port 5 is now off-line\n",
            Message(1, 6, "2024-01-02T03:04:05+07:00", "sw1", "mgr", "port 5 is now off-line"),
        ),
    ],
)
def test_messages_as_devices_write_them(data: bytes, message: Message | None) -> None:
    found = parse(data)
    if message is None:
        assert found == Message(20, 5, "2003-08-24T05:14:15.000003-07:00", "192.0.2.1", "myproc", "")
    else:
        # One line, single blanks: what a page shows.
        assert found == message._replace(time=" ".join(message.time.split()))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<13>", "empty"),
        (b"<13>\n\0", "empty"),
        (b"<192>hello", "priority 192 is over 191"),
        (bytes(range(256)), "binary"),
    ],
)
def test_what_is_no_message_says_why(data: bytes, why: str) -> None:
    assert parse(data) == Malformed(why)


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    for each in (data, b"<13>" + data, b"<13>1 - - - - - " + data, b"<13>Jan  1 00:00:00 " + data):
        found = parse(each)
        if isinstance(found, Message):
            assert 0 <= found.facility <= 23
            assert 0 <= found.severity <= 7
            assert all(part.isprintable() for part in found[2:])
            notice = notice_of(found)
            assert notice is None or len(notice.text) <= LONGEST


def test_a_huge_message_is_cut_and_not_slow() -> None:
    found = parse(b"<13>1 - - - - - " + b'[a x="' * 200_000)
    assert isinstance(found, Message)
    assert len(found.text) <= MAX_BYTES


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down", LINK_DOWN),
        (
            "%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1, changed state to up",
            LINK_UP,
        ),
        ("%LINK-5-CHANGED: Interface Gi0/2, changed state to administratively down", LINK_DOWN),
        ("interface,info ether1 link down", LINK_DOWN),
        ("interface,info ether1 link up (speed 1G, full duplex)", LINK_UP),
        ("%%01IFNET/4/IF_STATE(l)[5]:Interface GE0/0/1 has turned into UP state.", LINK_UP),
        ("%%10IFNET/3/PHY_UPDOWN: Physical state on the interface GE1/0/1 changed to down.", LINK_DOWN),
        (
            "mib2d[1]: SNMP_TRAP_LINK_DOWN: ifIndex 503, ifAdminStatus up(1), ifOperStatus down(2)",
            LINK_DOWN,
        ),
        ("e1000e: eth0 NIC Link is Down", LINK_DOWN),
        ("port 5 is now off-line", LINK_DOWN),
        ("UPS: On battery power in response to an input power problem.", POWER_LOST),
        ("UPS: No longer on battery power.", POWER_BACK),
        ("UPS ups@localhost on battery", POWER_LOST),
        ("UPS ups@localhost on line power", POWER_BACK),
        ("Running on UPS batteries.", POWER_LOST),
        ("Mains returned. No longer on UPS batteries.", POWER_BACK),
        ("%SYS-5-RESTART: System restarted --", RESTARTED),
        ("system,info router rebooted", RESTARTED),
        ("%SYS-5-CONFIG_I: Configured from console by an on vty0 (10.0.0.9)", CONFIGURED),
        ("%%10CFGMAN/5/CFGMAN_CFGCHANGED: -EventIndex=[4]-CommandSource=[2]", CONFIGURED),
        ("%%01CFM/4/CFG_CHANGE(l)[12]:The configuration was changed.", CONFIGURED),
        ("mgd[42]: UI_COMMIT: User 'an' requested 'commit' operation", CONFIGURED),
        ("system,info filter rule changed by an", CONFIGURED),
        ("system,info address added by winbox:an@10.0.0.9 (/ip address add)", CONFIGURED),
    ],
)
def test_links_and_power_are_known_in_the_words_of_many_vendors(text: str, kind: str) -> None:
    assert notice_of(Message(23, 6, "", "", "", text)) == Notice(kind, text)


def test_other_messages_are_told_from_warning_on_and_only_counted_below() -> None:
    assert notice_of(Message(3, 4, "", "", "kernel", "disk is slow")) == Notice(
        SYSLOG, "warning: kernel: disk is slow"
    )
    assert notice_of(Message(3, 5, "", "", "sshd", "user admin logged in")) is None


def test_a_stream_may_mix_counted_messages_and_lines() -> None:
    frames = Frames()
    assert frames.feed(b"11 <13>one\ntwo<13>a li") == [b"<13>one\ntwo"]
    assert frames.feed(b"ne\r\n\n5 ") == [b"<13>a line"]
    assert frames.feed(b"<13>x123: Mar 1\n") == [b"<13>x", b"123: Mar 1"]
    assert frames.feed(b"<13>rest") == []
    assert frames.end() == [b"<13>rest"]


def test_too_long_a_message_is_cut_and_the_next_one_is_found() -> None:
    frames = Frames(8)
    assert frames.feed(b"12 <13>12345678<13>next\n") == [b"<13>1234", b"<13>next"]
    assert frames.feed(b"<13>" + b"x" * 50) == [b"<13>xxxx"]
    assert frames.feed(b"x" * 50 + b"\n<1>ok\n") == [b"<1>ok"]
    assert frames.end() == []


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=30), st.integers(1, 40))
def test_how_a_stream_is_cut_does_not_matter_and_it_holds_little(pieces: list[bytes], size: int) -> None:
    stream = b"".join(pieces)
    whole, cut = Frames(64), Frames(64)
    expected = whole.feed(stream) + whole.end()
    found: list[bytes] = []
    for at in range(0, len(stream), size):
        found += cut.feed(stream[at : at + size])
        assert len(cut._held) <= 64 + size + 8
    assert found + cut.end() == expected
    assert all(len(each) <= 64 for each in expected)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=12))
def test_counted_messages_come_out_as_they_went_in(bodies: list[bytes]) -> None:
    messages = [b"<13>" + body for body in bodies]
    stream = b"".join(b"%d %s" % (len(message), message) for message in messages)
    assert Frames().feed(stream) == messages
