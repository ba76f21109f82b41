"""Configurations without secrets and without what moves: laws, for every vendor."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.config.normal import HIDDEN, HIDDEN_WELL_KNOWN, normal
from agents.config.pager import Pager
from agents.config.vendors import VENDORS, WELL_KNOWN

SIGNS = string.ascii_letters + string.digits + "!#$%&*+,-./:;=?@^_~"
SECRETS = st.text(SIGNS, min_size=8, max_size=24).filter(
    lambda text: text.lower() not in WELL_KNOWN and len(set(text)) > 4
)
CISCO = (
    "enable secret 5 {}",
    "enable password {}",
    "username giamsat privilege 15 password 7 {}",
    "snmp-server community {} RO 10",
    "snmp-server host 10.0.0.9 version 2c {}",
    "snmp-server user a g v3 auth sha {} priv aes 128 {}",
    "tacacs-server key 7 {}",
    " key-string 7 {}",
    "crypto isakmp key {} address 10.0.0.1",
    " ppp chap password 0 {}",
    " ip ospf message-digest-key 1 md5 7 {}",
    " neighbor 10.0.0.1 password 7 {}",
    "ntp authentication-key 1 md5 {} 7",
    " standby 1 authentication md5 key-string {}",
    " wpa-psk ascii 0 {}",
)
VRP = (
    "snmp-agent community read cipher {}",
    "snmp-agent community write {}",
    " local-user giamsat password irreversible-cipher {}",
    " set authentication password cipher {}",
    "radius-server shared-key cipher {}",
    " ospf authentication-mode md5 1 cipher {}",
    "snmp-agent target-host trap address udp-domain 10.0.0.9 params securityname {}",
    "snmp-agent usm-user v3 a g authentication-mode sha {} privacy-mode aes128 {}",
    " pre-shared-key {}",
    " password hash {}",
)
LINES = {
    "cisco": CISCO,
    "zte": CISCO,
    "frr": ("password {}", "enable password {}", " neighbor 10.0.0.1 password {}", "  key-string {}"),
    "huawei": VRP,
    "h3c": VRP,
    "mikrotik": (
        "/ppp secret add name=an password={} profile=x",
        '/ppp secret add name=an password="{}" profile=x',
        "/snmp community set [ find default=yes ] addresses=::/0 name={}",
        "/ip ipsec identity add peer=a secret={}",
        "/interface wireless security-profiles set 0 wpa2-pre-shared-key={} mode=dynamic-keys",
        "/radius add address=10.0.0.1 secret={}",
        '/interface wireguard add private-key="{}"',
    ),
    "juniper": (
        'set system root-authentication encrypted-password "{}"',
        "set snmp community {} authorization read-only",
        'set protocols bgp group a authentication-key "{}"',
        'set security ike policy a pre-shared-key ascii-text "{}"',
        'set system radius-server 10.0.0.1 secret "{}"',
    ),
    "vyos": (
        "set service snmp community {} authorization 'ro'",
        "set system login user an authentication encrypted-password '{}'",
        "set vpn ipsec authentication psk a secret '{}'",
        "set interfaces wireguard wg0 private-key '{}'",
    ),
    "linux": (
        "rocommunity {} 10.0.0.0/8",
        "com2sec readonly default {}",
        'createUser a SHA "{}" AES {}',
        "    wpa-psk {}",
        '          password: "{}"',
        "psk={}",
        "neighbor 10.0.0.1 password {}",
    ),
}
NOISE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@st.composite
def configurations(draw: st.DrawFn, vendor: str) -> tuple[str, list[str]]:
    """Lines with secrets among others, and the secrets."""
    secrets: list[str] = []
    lines: list[str] = []
    for line in draw(st.lists(st.one_of(st.sampled_from(LINES[vendor]), NOISE), max_size=12)):
        found = [draw(SECRETS) for _ in range(line.count("{}"))]
        secrets += found
        lines.append(line.format(*found) if found else line)
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines), secrets


def test_every_vendor_is_among_the_lines() -> None:
    assert set(LINES) == set(VENDORS)


@pytest.mark.parametrize("vendor", VENDORS)
@given(data=st.data())
@settings(max_examples=150)
def test_a_second_time_changes_nothing(vendor: str, data: st.DataObject) -> None:
    text, _ = data.draw(configurations(vendor))
    once = normal(text, VENDORS[vendor])
    assert normal(once, VENDORS[vendor]) == once


@pytest.mark.parametrize("vendor", VENDORS)
@given(data=st.data())
@settings(max_examples=150)
def test_no_secret_is_in_what_comes_out(vendor: str, data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(LINES[vendor]), min_size=1, max_size=8))
    secrets = [data.draw(SECRETS) for line in lines for _ in range(line.count("{}"))]
    text = "\n".join(lines)
    for secret in secrets:
        text = text.replace("{}", secret, 1)
    out = normal(text, VENDORS[vendor])
    assert not [secret for secret in secrets if secret in out]
    assert out.count(HIDDEN) >= len(lines)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_lines_are_as_they_were_but_for_their_secrets(vendor: str) -> None:
    for line in LINES[vendor]:
        out = normal(line.replace("{}", "Rat-bi-mat-9"), VENDORS[vendor])
        wanted = re.sub(r"[\"']?\{\}[\"']?", HIDDEN, line).rstrip()
        # What follows a password to the end of its line goes with it.
        assert wanted.startswith(out.strip("\n")) or out.strip("\n") == wanted


def test_a_secret_that_everybody_knows_is_told_as_such() -> None:
    assert normal("snmp-server community public RO", VENDORS["cisco"]) == (
        f"snmp-server community {HIDDEN_WELL_KNOWN} RO\n"
    )
    assert HIDDEN_WELL_KNOWN in normal("/snmp community set 0 name=public", VENDORS["mikrotik"])


def test_a_private_key_of_several_lines_is_hidden() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAK\nq8+abc=\n-----END RSA PRIVATE KEY-----"
    out = normal(f"a\n{key}\nb", VENDORS["linux"])
    assert "MIIB" not in out
    assert "q8+" not in out
    assert out.startswith("a\n-----BEGIN RSA PRIVATE KEY-----\n")


def test_times_and_counters_are_left_out() -> None:
    def one(moment: str) -> str:
        return (
            f"Building configuration...\n\nCurrent configuration : {len(moment)} bytes\n!\n"
            f"! Last configuration change at {moment} by an\n!\nversion 15.1\nntp clock-period 171{len(moment)}\nend"
        )

    assert normal(one("10:00:00 UTC"), VENDORS["cisco"]) == normal(one("9:00:00 UTC Mon"), VENDORS["cisco"])
    lines = "# {} by RouterOS 6.49.10\n# software id = ABCD\n/system identity set name=xa\n"
    assert normal(lines.format("jan/02/2026 10:00:00"), VENDORS["mikrotik"]) == lines.format("").replace(
        "  ", " "
    )


def test_a_line_that_routeros_broke_is_one_and_so_is_its_secret() -> None:
    broken = '/ppp secret add name=an password="Rat-bi\\\n    -mat-9" profile=x\n'
    assert normal(broken, VENDORS["mikrotik"]) == f"/ppp secret add name=an password={HIDDEN} profile=x\n"


def test_nothing_stays_nothing() -> None:
    assert normal("\r\n \r\n", VENDORS["cisco"]) == ""


QUESTIONS = (
    (" --More-- ", "\b" * 10 + " " * 10 + "\b" * 10),
    ("  ---- More ----", "\x1b[42D" + " " * 42 + "\x1b[42D"),
    ("<--- More --->", "\r              \r"),
    ("--More--(50%)--", "\r\x1b[K"),
    ("---(more 45%)---", "\r                                        \r"),
)


@given(data=st.data())
def test_a_pagers_questions_leave_no_trace_however_the_text_comes(data: st.DataObject) -> None:
    more, wipe = data.draw(st.sampled_from(QUESTIONS))
    line = st.text(string.ascii_letters + " -<!/", max_size=20).map(lambda text: text.rstrip() + "x")
    screens = data.draw(st.lists(st.lists(line, min_size=1, max_size=4), min_size=1, max_size=4))
    wanted = "".join(f"{each}\r\n" for screen in screens for each in screen)
    pager, out, asked = Pager(), "", 0
    for number, screen in enumerate(screens):
        # What comes after a question comes after its answer: only what is said in one go is cut into pieces.
        said = (wipe if number else "") + "".join(f"{each}\r\n" for each in screen)
        said += more if number + 1 < len(screens) else ""
        cuts = sorted(data.draw(st.sets(st.integers(0, len(said)), max_size=4)))
        for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True):
            out += pager.read(said[start:end])
            asked += pager.asked
    assert out == wanted
    assert asked == len(screens) - 1


def test_a_prompt_is_not_taken_for_a_question() -> None:
    for prompt in ("<xa>", "[admin@xa] > ", "xa#", "an@xa:~$ "):
        pager = Pager()
        assert "".join(pager.read(sign) for sign in f"\r\n{prompt}x") == f"\r\n{prompt}x"
        assert not pager.asked
