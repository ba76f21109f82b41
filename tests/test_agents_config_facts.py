"""What devices say of themselves: read from what they print, over a real SSH session, and nothing from what is no answer."""

import asyncio
from collections.abc import Mapping

import asyncssh
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_device_facts import CISCO, H3C, HUAWEI, JUNIPER, MIKROTIK
from support_fake_ssh import Device, serving
from test_agents_probe_config import VENDOR_PROMPTS, check, cisco, document
from textfsm import clitable

from agents.config.facts import ANSWER, ROWS, TEXT, Found
from agents.config.orders import LONGEST, Facts, Module, Neighbour
from agents.config.vendors import VENDORS, Question
from agents.probes.config import Configs

QUESTIONS = [(vendor.netmiko, question) for vendor in VENDORS.values() for question in vendor.facts]


def found(vendor: str, answers: Mapping[str, str]) -> Facts:
    taken = Found()
    for question in VENDORS[vendor].facts:
        taken.take(question, VENDORS[vendor].netmiko, answers.get(question.command, "% Unrecognized command"))
    return taken.facts()


async def asked(vendor: str, answers: Mapping[str, object], timeout_ms: int = 60_000) -> Mapping[str, object]:
    """What the agent sends of a device that answers so."""
    prompt, quiet = VENDOR_PROMPTS[vendor]
    config = dict.fromkeys((VENDORS[vendor].running, VENDORS[vendor].startup), "hostname xa")
    async with serving(Device(prompt, {**quiet, **config, **answers})) as at:  # type: ignore[dict-item]
        body = document(await Configs().run(check(at, timeout_ms, vendor=vendor)))
    assert body["running"] == "hostname xa\n"
    facts = body["facts"]
    assert isinstance(facts, dict)
    return facts


async def test_a_cisco_switch_is_known_by_what_it_prints() -> None:
    assert await asked("cisco", CISCO) == {
        "model": "WS-C2960X-24TS-L",
        "serial": "FOC9901XA01",
        "firmware": "15.2(7)E4",
        "modules": [
            {"name": "1", "model": "WS-C2960X-24TS-L", "serial": "FOC9901XA01"},
            {"name": "GigabitEthernet1/0/25", "model": "GLC-LH-SMD", "serial": "AVD9901XA77"},
        ],
        "neighbours": [
            {"port": "Gi1/0/25", "name": "rt-xa.hungyen.gov.vn", "remote": "Gi0/1", "address": "10.33.83.1"}
        ],
        "notes": [],
    }


async def test_a_huawei_switch_is_known_by_what_it_prints() -> None:
    assert await asked("huawei", HUAWEI) == {
        "model": "S5720-28P-LI-AC Routing Switch",
        "serial": "",
        "firmware": "S5720 V200R019C10SPC500",
        "modules": [
            {"name": "0", "model": "S5720-28P-LI-AC", "serial": ""},
            {"name": "PWR1", "model": "POWER", "serial": ""},
        ],
        "neighbours": [
            {
                "port": "GigabitEthernet0/0/1",
                "name": "sw-phuong",
                "remote": "GigabitEthernet0/0/24",
                "address": "10.33.84.2",
            }
        ],
        # This one has no such command: its serial number is not known, and all else is.
        "notes": ["refused|display sn license"],
    }


async def test_a_mikrotik_router_is_known_by_what_it_prints() -> None:
    assert await asked("mikrotik", MIKROTIK) == {
        "model": "RB760iGS",
        "serial": "HEX0990XA12",
        "firmware": "7.15.3 (stable)",
        "modules": None,
        "neighbours": [
            {"port": "ether2", "name": "sw xã", "remote": "bridge/ether1", "address": "10.33.85.2"}
        ],
        "notes": [],
    }


async def test_a_vendor_that_no_template_reads_is_asked_nothing_more() -> None:
    prompt, quiet = VENDOR_PROMPTS["vyos"]
    device = Device(prompt, {**quiet, VENDORS["vyos"].running: "set x"})
    async with serving(device) as at:
        body = document(await Configs().run(check(at, vendor="vyos")))
    assert "facts" not in body
    assert device.heard[-1] == VENDORS["vyos"].startup


async def _hangs(process: "asyncssh.SSHServerProcess[str]") -> None:
    process.stdout.write('NAME: "1", DE')
    await asyncio.Event().wait()


async def _endless(process: "asyncssh.SSHServerProcess[str]") -> None:
    while True:
        process.stdout.write('NAME: "1", DESCR: "x"\r\n' * 1_000)
        await process.stdout.drain()


async def _closes(process: "asyncssh.SSHServerProcess[str]") -> None:
    process.channel.abort()


BAD = {
    "hangs": (_hangs, "silent|show inventory"),
    "never ends": (_endless, "too long|show inventory"),
    "keeps a template busy for hours": ("\n".join(["PID: " + ", " * 490] * 250), "silent|show inventory"),
    "hangs up": (_closes, "lost|show inventory"),
    "says too much": ("NAME: x\n" * (ANSWER // 8 + 1), "too long|show inventory"),
    "says something else": ("Mot hai ba\n bon nam", "not understood|show inventory"),
    "refuses": ("% Invalid input detected at '^' marker.", "refused|show inventory"),
}


@pytest.mark.parametrize("manner", BAD)
async def test_the_configuration_and_what_was_read_before_stay_when_a_device(manner: str) -> None:
    answer, note = BAD[manner]
    # Two have it waited for until the end of what facts may take, which begins when all else was read.
    facts = await asked("cisco", CISCO | {"show inventory": answer})
    assert (facts["model"], facts["modules"]) == ("WS-C2960X-24TS-L", None)
    assert note in facts["notes"]  # type: ignore[operator]
    goes_on = manner in ("says too much", "says something else", "refuses")
    assert (facts["neighbours"] is not None) == goes_on


async def test_facts_make_no_room_for_themselves_in_a_report_that_is_full() -> None:
    long = "\n".join(f"line {n} {'x' * 90}" for n in range(LONGEST // 101))
    answers = {"show running-config": long, "show startup-config": long.replace("x", "y")}
    async with serving(cisco(answers=CISCO | answers)) as at:
        body = document(await Configs().run(check(at, 60_000)))
    assert len(str(body["running"])) > LONGEST - 2_000
    assert body["facts"] == {**_nothing(), "notes": ["too long|facts"]}


def _nothing() -> dict[str, object]:
    return {"model": "", "serial": "", "firmware": "", "modules": None, "neighbours": None, "notes": []}


def test_every_question_has_a_template_with_the_columns_that_are_asked_for() -> None:
    for platform, question in QUESTIONS:
        table = clitable.CliTable("index", clitable.os.path.dirname(_index()))
        table.ParseCmd("", {"Command": question.command, "Platform": platform})
        wanted = {name for part in _parts(question) for names in part.values() for name in names}
        assert wanted - {name.lower() for name in table.header.values} == set(), question.command


def _index() -> str:
    import ntc_templates

    return f"{ntc_templates.__path__[0]}/templates/index"


def _parts(question: Question) -> tuple[Mapping[str, object], ...]:
    return question.device, question.modules, question.neighbours  # type: ignore[return-value]


def test_a_juniper_switch_is_known_by_what_it_prints() -> None:
    assert found("juniper", JUNIPER) == Facts(
        "ex2300-24t",
        "JW0322990011",
        "20.4R3-S4.8",
        [Module("SFP-LX10", "740-031850", "MXA1990012")],
        [Neighbour("ge-0/0/1", "sw-xa.hungyen.gov.vn", "Gi1/0/24", "")],
    )


def test_an_h3c_switch_is_known_by_what_it_prints() -> None:
    assert found("h3c", H3C) == Facts(
        "S5130S-28P-EI",
        "219801A1XX9901000012",
        "",
        [Module("1", "S5130S-28P-EI", "219801A1XX9901000012")],
        [Neighbour("GigabitEthernet1/0/24", "sw-tang2", "GigabitEthernet1/0/1", "10.33.86.2")],
    )


def test_that_there_are_no_neighbours_is_an_answer() -> None:
    none = {"show lldp neighbors detail": "\nTotal entries displayed: 0\n"}
    assert found("cisco", CISCO | none).neighbours == []
    assert found("mikrotik", {"/ip neighbor print detail": ""}).neighbours == []
    off = {"show lldp neighbors detail": "% LLDP is not enabled"}
    assert found("cisco", CISCO | off).neighbours is None


def test_what_strangers_say_is_short_printable_and_bounded() -> None:
    block = CISCO["show lldp neighbors detail"].removesuffix("\n\nTotal entries displayed: 1\n")
    name = "\x07a\u202eb" + "x" * 200
    answer = "\n".join(
        block.replace("rt-xa.hungyen.gov.vn", name).replace("10.33.83.1", f"10.0.{n // 256}.{n % 256}")
        for n in range(ROWS + 9)
    )
    facts = found("cisco", {"show lldp neighbors detail": answer + "\n\nTotal entries displayed: 1\n"})
    assert facts.neighbours is not None
    assert len(facts.neighbours) == ROWS
    assert {each.name for each in facts.neighbours} == {"a b" + "x" * (TEXT - 3)}
    assert "too many|neighbours" in facts.notes


def test_the_same_answers_in_another_order_are_the_same_facts() -> None:
    first, second = CISCO["show inventory"].split("\n\n")
    assert found("cisco", CISCO) == found("cisco", CISCO | {"show inventory": f"{second}\n\n{first}"})


LINES = st.sampled_from(
    sorted(
        {
            line
            for answers in (CISCO, H3C, HUAWEI, JUNIPER, MIKROTIK)
            for each in answers.values()
            for line in each.splitlines()
        }
    )
)
TEXTS = st.text(max_size=300) | st.lists(LINES | st.text(max_size=40), max_size=40).map("\n".join)


@given(st.sampled_from(QUESTIONS), TEXTS)
@settings(max_examples=400, deadline=None)
def test_whatever_a_device_says_nothing_is_raised_and_facts_stay_in_bounds(
    which: tuple[str, Question], said: str
) -> None:
    taken = Found()
    taken.take(which[1], which[0], said)
    facts = taken.facts()
    rows: list[Module | Neighbour] = [*(facts.modules or []), *(facts.neighbours or [])]
    texts = [facts.model, facts.serial, facts.firmware]
    texts += [text for row in rows for text in (getattr(row, name) for name in row.__struct_fields__)]
    assert all(len(text) <= TEXT and text == " ".join(text.split()) for text in texts)
    assert all(text.isprintable() for text in texts)


@given(st.sampled_from(QUESTIONS), st.text(alphabet="qxzé!;{}()*\n\t\x00\x1b ", max_size=400))
@settings(max_examples=600, deadline=None)
def test_garbage_is_no_fact(which: tuple[str, Question], said: str) -> None:
    taken = Found()
    taken.take(which[1], which[0], said)
    facts = taken.facts()
    assert (facts.model, facts.serial, facts.firmware) == ("", "", "")
    assert not facts.modules
    assert not facts.neighbours
