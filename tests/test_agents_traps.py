"""Traps of net-snmp's own sender and of any bytes: what they mean."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.listen.kinds import LONGEST, Notice
from agents.snmp.notifications import notice_of, oid_of_v1
from agents.snmp.traps import MAX_BYTES, Datagram, Engines, Meaning, User, read
from core.told import LINK_DOWN, LINK_UP, POWER_BACK, POWER_LOST, RESTARTED, TRAP

needs_snmptrap = pytest.mark.skipif(not shutil.which("snmptrap"), reason="snmptrap is not installed")
LINK = "1.3.6.1.6.3.1.1.5.3"
LINK_TRAP = (
    "303e020101040175a736020425619d950201000201003028300d06082b0601020101030043010130"
    "17060a2b06010603010104010006092b0601060301010503"
)
"""linkDown over version 2c, as snmptrap sends it."""
NOC = User("noc", "sha256", "authentic1", "aes", "privately1")
AS_NOC = ("-v3", "-l", "authPriv", "-u", "noc", "-a", "SHA-256", "-A", "authentic1", "-x", "AES", "-X")
GOOD = (*AS_NOC, "privately1")

Sender = Callable[..., bytes]


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Sender]:
    """Has snmptrap send something, and returns the datagram that came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(60)
        port = here.getsockname()[1]

        def send(options: tuple[str, ...], *what: str) -> bytes:
            environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
            command = ["snmptrap", *options, f"127.0.0.1:{port}", *what]
            subprocess.run(command, check=True, env=environment, capture_output=True)
            return here.recv(65_535)

        yield send


@needs_snmptrap
def test_traps_of_versions_1_and_2c(sent: Sender) -> None:
    engines = Engines()
    interface = ("1.3.6.1.2.1.2.2.1.1.3", "i", "3", "1.3.6.1.2.1.2.2.1.2.3", "s", "ether3")
    down = sent(("-v2c", "-c", "noc"), "", LINK, *interface)
    assert read(Datagram(down), engines) == Meaning(LINK_DOWN, "link down: ether3")
    apc = ("1.3.6.1.4.1.318", "127.0.0.1", "6", "5", "1", "1.3.6.1.4.1.318.2.3.3.0", "s", "UPS: On battery")
    lost = sent(("-v1", "-c", "noc"), *apc)
    assert read(Datagram(lost), engines) == Meaning(POWER_LOST, "UPS on battery: UPS: On battery")
    cold = sent(("-v1", "-c", "noc"), "1.3.6.1.4.1.9", "127.0.0.1", "0", "0", "1")
    assert read(Datagram(cold), engines) == Meaning(RESTARTED, "cold start")
    assert read(Datagram(down, communities=["noc"]), engines).kind == LINK_DOWN
    assert read(Datagram(down, communities=["other"]), engines) == Meaning(why="the community is not taken")


@needs_snmptrap
@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ("SHA", "sha"),
        ("SHA-224", "sha224"),
        ("SHA-256", "sha256"),
        ("SHA-384", "sha384"),
        ("SHA-512", "sha512"),
    ],
)
def test_version_3_of_a_sender_that_nobody_knew(sent: Sender, auth: str, key: str) -> None:
    user = User("noc", key, "authentic1", "aes", "privately1")  # type: ignore[arg-type]
    options = tuple(auth if each == "SHA-256" else each for each in GOOD)
    for _ in range(2):
        body = sent(options, "", "1.3.6.1.2.1.33.2.1")
        assert read(Datagram(body, users=[user]), Engines()) == Meaning(POWER_LOST, "UPS on battery")


@needs_snmptrap
def test_version_3_is_taken_with_the_right_keys_only(sent: Sender) -> None:
    body, engines = sent(GOOD, "", LINK), Engines()

    def why(*users: User) -> str:
        return read(Datagram(body, users=list(users)), engines).why

    assert why() == "user 'noc' is not known"
    assert why(User("noc", "sha256", "authentic2", "aes", "privately1")) == "user 'noc' has another key"
    assert why(User("noc", "sha256", "authentic1", "aes", "privately2")).startswith("user 'noc' encrypts")
    assert why(User("noc", "sha256", "authentic1")).startswith("user 'noc' sends with another level")
    assert why(User("noc")).startswith("user 'noc' sends with another level")
    assert why(NOC) == ""
    flipped = bytearray(body)
    flipped[-1] ^= 1
    assert read(Datagram(bytes(flipped), users=[NOC]), engines).why == "user 'noc' has another key"


@needs_snmptrap
def test_one_who_claims_a_user_without_proving_it_is_refused(sent: Sender) -> None:
    body = sent(("-v3", "-l", "noAuthNoPriv", "-u", "noc"), "", LINK)
    assert read(Datagram(body, users=[NOC]), Engines()).why.startswith("user 'noc' sends with another level")
    assert read(Datagram(body, users=[User("noc")]), Engines()).kind == LINK_DOWN


@needs_snmptrap
def test_a_recorded_trap_is_refused_when_it_is_sent_again_later(sent: Sender) -> None:
    engines = Engines()

    def why(boots: int, seconds: int) -> str:
        body = sent((*GOOD, "-e", "0x80001f8880010203", "-Z", f"{boots},{seconds}"), "", LINK)
        return read(Datagram(body, users=[NOC]), engines).why

    assert [why(3, 1_000), why(3, 900), why(3, 2_000)] == ["", "", ""]
    assert [why(3, 1_800), why(2, 9_000)] == ["sent long ago, or once more"] * 2
    assert why(4, 1) == ""


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_a_trap_or_a_reason(data: bytes, at: int, value: int) -> None:
    good = bytes.fromhex(LINK_TRAP)
    assert read(Datagram(good), Engines()).kind == LINK_DOWN
    hurt = bytearray(good)
    hurt[at % len(hurt)] = value
    for body in (data, good[: at % len(good)], bytes(hurt), good + data):
        found = read(Datagram(body, users=[NOC]), Engines())
        assert bool(found.kind) != bool(found.why)


def test_nested_and_huge_datagrams_are_refused_at_once() -> None:
    for body in (b"\x30\x80" * 4_000, b"\x30\x82\xff\xff" * 2_000, b"x" * (MAX_BYTES + 1)):
        assert read(Datagram(body), Engines()).why


UPS, APC, EATON = (1, 3, 6, 1, 2, 1, 33, 2), (1, 3, 6, 1, 4, 1, 318), (1, 3, 6, 1, 4, 1, 534, 1)
ALARM, ON_BATTERY, LOW_BATTERY = (
    (1, 3, 6, 1, 2, 1, 33, 1, 6, 2, 1, 2, 7),
    (1, 3, 6, 1, 2, 1, 33, 1, 6, 3, 2),
    (1, 3, 6, 1, 2, 1, 33, 1, 6, 3, 3),
)


@pytest.mark.parametrize(
    ("oid", "varbinds", "kind"),
    [
        ((*UPS, 1), [], POWER_LOST),
        ((*UPS, 0, 1), [], POWER_LOST),
        ((*UPS, 3), [(ALARM, ON_BATTERY)], POWER_LOST),
        ((*UPS, 4), [(ALARM, ON_BATTERY)], POWER_BACK),
        ((*UPS, 3), [(ALARM, LOW_BATTERY)], TRAP),
        ((*APC, 0, 5), [], POWER_LOST),
        ((*APC, 0, 9), [], POWER_BACK),
        ((*EATON, 0, 0, 0, 3), [], POWER_LOST),
        ((*EATON, 11, 4, 1, 0, 3), [], POWER_LOST),
        ((*EATON, 11, 4, 2, 0, 5), [], POWER_BACK),
        ((1, 3, 6, 1, 6, 3, 1, 1, 5, 2), [], RESTARTED),
        ((1, 3, 6, 1, 6, 3, 1, 1, 5, 4), [], LINK_UP),
        ((1, 3, 6, 1, 6, 3, 1, 1, 5, 5), [], TRAP),
        ((1, 3, 6, 1, 4, 1, 14_988, 9), [], TRAP),
        ((), [], TRAP),
    ],
)
def test_what_traps_of_power_and_links_mean(
    oid: tuple[int, ...], varbinds: list[tuple[tuple[int, ...], bytes]], kind: str
) -> None:
    assert notice_of(oid, varbinds).kind == kind


def test_a_link_trap_says_which_interface_and_whether_a_person_did_it() -> None:
    column = (1, 3, 6, 1, 2, 1, 2, 2, 1)
    name = ((1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 4), b"ge-0/0/4")
    alias = ((1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18, 4), "Đường ra tỉnh".encode())
    down = (1, 3, 6, 1, 6, 3, 1, 1, 5, 3)
    assert notice_of(down, [((*column, 1, 4), 4)]) == Notice(LINK_DOWN, "link down: interface 4")
    assert notice_of(down, [name, alias]) == Notice(LINK_DOWN, "link down: ge-0/0/4 (Đường ra tỉnh)")
    assert notice_of(down, [name, ((*column, 7, 4), 2)]).text == "link down: ge-0/0/4, switched off"
    assert notice_of(down, []).text == "link down: an interface"


values = (
    st.none() | st.integers() | st.binary(max_size=300) | st.lists(st.integers(0, 99), max_size=9).map(tuple)
)
oids = st.lists(st.integers(0, 500), max_size=14).map(tuple)


@given(oids, st.lists(st.tuples(oids, values), max_size=9))
def test_a_trap_with_any_variables_means_something_short(
    oid: tuple[int, ...], varbinds: list[tuple[tuple[int, ...], bytes]]
) -> None:
    found = notice_of(oid, varbinds)
    assert found.kind
    assert len(found.text) <= LONGEST
    assert found.text.isprintable()
    assert oid_of_v1(oid, 6, 5) == (*oid, 0, 5)
