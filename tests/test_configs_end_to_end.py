"""A configuration from a device to a technician, with real processes: fetched when asked for, kept, compared, without secrets."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest
import support_processes as support
from support_device_facts import CISCO
from support_fake_ssh import PASSWORD, USER, Device, serving
from support_registry import small_province
from support_web import served
from test_agents_config_keys import PASSPHRASE, made
from test_secrets_end_to_end import UNIT, bytes_of, nhip

from agents.enrol import enrol
from collector.agents import Agents
from core.clock import SystemClock
from inventory.changes import put
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build

pytestmark = [pytest.mark.slow, pytest.mark.alone]

COMMUNITY = "Chuoi-rat-bi-mat"
RUNNING = f"""\
version 15.1
hostname sw-xa
snmp-server community {COMMUNITY} RO
banner login {PASSWORD}
ip http server
end"""


@pytest.mark.parametrize("by", ["password", "key"])
async def test_a_configuration_comes_when_it_is_asked_for_and_no_secret_comes_with_it(
    tmp_path: Path, by: str
) -> None:
    data, home, log = tmp_path / "centre", tmp_path / "agent", tmp_path / "agent.log"
    data.mkdir()
    app, clock = build(data), SystemClock()
    state = app.state.context.state
    # A neighbour may call itself as it likes.
    facts = {asked: said.replace("rt-xa.hungyen.gov.vn", f"rt-{PASSWORD}") for asked, said in CISCO.items()}
    answers = {
        "show running-config": RUNNING,
        "show startup-config": RUNNING,
        "terminal width 511": "",
        **facts,
    }
    device = Device("sw-xa#", answers, no_paging=("terminal length 0",))
    secrets = {"mang": PASSWORD}
    if by == "key":
        pair = made(tmp_path, "ed25519", PASSPHRASE)
        secrets |= {"mang.khoa": pair.private, "mang.mo-khoa": PASSPHRASE}
        device.keys = (pair.public,)
    async with serving(device) as at, served(app) as url:
        now = clock.now()
        small_province(state, now - 60_000)
        access = {"vendor": "cisco", "user": USER, "enable": "${secret:mang}", "port": at.port}
        device.enable = PASSWORD
        access |= (
            {"password": "${secret:mang}"}
            if by == "password"
            else {"key": "${secret:mang.khoa}", "passphrase": "${secret:mang.mo-khoa}"}
        )
        switch = {"unit": UNIT, "name": "Switch", "kind": "switch", "address": "127.0.0.1"}
        line = {"level": "all", "vantage": "unit", "label": "C", "role": "survey", "kind": "config"}
        put(
            state,
            now,
            {
                "watched_devices": [switch | {"access": json.dumps(access, sort_keys=True)}],
                "templates": [line | {"target": "{config}", "interval_ms": 86_400_000, "timeout_ms": 60_000}],
                "settings": [{"name": "allowed_addresses", "value": "127.0.0.0/8"}],
            },
        )
        for name, value in secrets.items():
            await nhip(data, "set", name, typed=value)
        token = Agents(state, clock).create_token(UNIT)
        await asyncio.to_thread(enrol, home, url, token)
        who = create_token(state, "lan", Role.TECHNICIAN, now, 3_600_000)
        people = {"Authorization": f"Bearer {who}"}
        with support.process([*support.AGENT, "run", "-v", "--dir", str(home)], log):
            async with (
                asyncio.timeout(180),
                httpx2.AsyncClient(base_url=url, headers=people, timeout=60) as http,
            ):
                await fetched(http, versions=1)
                device.answers = answers | {"show running-config": RUNNING.replace("ip http", "no ip http")}
                found = await fetched(http, versions=2)
                path = f"/api/v1/devices/{found['id']}/configs"
                new, old = (await http.get(path)).json()
                text = (await http.get(f"{path}/{new['id']}")).json()["text"]
                hunks = (await http.get(f"{path}/diff?from={old['id']}&to={new['id']}")).json()
                told = (await http.get(f"{path}/facts")).json()
    assert (told["serial"]["value"], told["firmware"]["value"]) == ("FOC9901XA01", "15.2(7)E4")
    assert [(each["port"], each["name"], each["remote"]) for each in told["neighbours"]] == [
        ("Gi1/0/25", "rt-•••", "Gi0/1")
    ]
    assert text == (
        "version 15.1\nhostname sw-xa\nsnmp-server community ••• RO\nbanner login •••\nno ip http server\nend\n"
    )
    assert (old["saved"], new["saved"]) == (True, False)
    signs = [line["sign"] + line["text"] for line in hunks[0]["lines"] if line["sign"] != " "]
    assert signs == ["-ip http server", "+no ip http server"]
    # A key is known by any of its lines.
    hidden = [
        COMMUNITY,
        *(line for value in secrets.values() for line in value.splitlines() if "PRIVATE" not in line),
    ]
    assert not [each for each in hidden if each in log.read_text("utf-8")]
    for name, held in [*bytes_of(home), *bytes_of(data)]:
        assert not [each for each in hidden if each.encode() in held], name


async def fetched(http: httpx2.AsyncClient, versions: int) -> dict[str, object]:
    """What is kept of the unit's only device, once there are so many versions; asked for until it is there."""
    while True:
        await http.post(f"/api/v1/units/{UNIT}/configs/fetch", json={"address": "127.0.0.1"})
        found: list[dict[str, object]] = (await http.get(f"/api/v1/units/{UNIT}/configs")).json()
        if found and found[0]["versions"] == versions:
            return found[0]
        await asyncio.sleep(0.5)  # other processes: there is no event to wait for
