"""The pages over a whole province made of values: the seed's 188 units, a few of them in trouble."""

import atexit
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support_views import DAY, HOUR, MINUTE, FakeViews, agent_state, check_state, unit_state
from support_web import Web, web

from collector.paths import PathVersion, Trace, TracedHop
from collector.tables import agent_events
from collector.timeline import Stretch
from collector.views import EpochCount, Happening, Outage, OutageChange, Sentence, UnitEvidence
from core.clock import Clock
from core.values import Cause, Level, Status
from core.wire import Document
from inventory.changes import put
from inventory.devices import store_device, store_host
from inventory.registry import Registry
from inventory.seed import seed
from inventory.state import State
from lab.manual_clock import ManualClock

NOW = 1_795_417_385_000
"""23/11/2026 14:03:05 in Việt Nam."""
HOST = {
    "versionclient": "nhip-agent 0.1.0",
    "hardware": {"name": "may-do-11983", "memory": 3_891, "uuid": "4c4c4544-0042"},
    "bios": {"smanufacturer": "Raspberry Pi", "smodel": "Raspberry Pi 4 Model B", "ssn": "10000000a3f2c1d0"},
    "operatingsystem": {"full_name": "Debian GNU/Linux 12 (bookworm)", "arch": "aarch64"},
    "cpus": [{"name": "Cortex-A72", "core": 4, "thread": 4}],
    "storages": [{"name": "mmcblk0", "model": "SD32G", "serial": "0x5b6e2c11", "disksize": 30_436}],
    "drives": [{"volumn": "/dev/mmcblk0p2", "type": "/", "filesystem": "ext4", "total": 29_300}],
    "networks": [
        {"description": "eth0", "ipaddress": "10.33.83.10", "mac": "dc:a6:32:01:02:03"},
        {"description": "eth0", "ipaddress6": "fd33:83::10", "mac": "dc:a6:32:01:02:03"},
    ],
}


LINK = {
    "unit": "11983",
    "kind": "wan",
    "provider": "VNPT",
    "bandwidth_down_kbps": 20_000,
    "bandwidth_up_kbps": 20_000,
    "gateway": "10.33.83.1",
    "router": "10.33.83.254",
    "hub": "10.33.0.1",
}
HOPS = [
    {"ttl": 1, "address": "10.33.83.1", "rtt_ms": 0.4, "loss": 0.0},
    {"ttl": 2, "address": None, "rtt_ms": None, "loss": 1.0},
    {"ttl": 3, "address": "113.171.44.9", "rtt_ms": 8.2, "loss": 0.333},
]
"""Of a way that breaks at the provider's."""


ROUTER = {
    "address": "10.33.83.1",
    "name": "gw-dongtien",
    "kind": "router",
    "vendor": "MikroTik",
    "model": "RB750Gr3",
    "serial": "CC210D4A51F2",
    "version": "6.49.10",
    "location": "Tủ mạng tầng 1",
    "description": "RouterOS RB750Gr3",
    "interfaces": [
        {"index": 1, "name": "ether1", "kind": "ethernet", "alias": "VNPT 20M", "enabled": True},
        {"index": 2, "name": "ether2", "kind": "ethernet", "alias": "Một cửa", "enabled": True},
        {"index": 3, "name": "ether3", "kind": "ethernet", "enabled": True},
        {"index": 4, "name": "ether4", "kind": "ethernet", "enabled": False},
    ],
    "storage": [{"name": "main memory", "kind": "memory", "bytes": 256 << 20}],
    "neighbours": [{"port": "ether2", "name": "sw-motcua", "their_port": "GigabitEthernet0/1"}],
}
PORT_FIGURES = {
    f"{figure}#{name}": value
    for name, values in {
        "ether1": (1.0, 14_200_000.0, 2_310_000.0, 0.71, 0.0, 0.4),
        "ether2": (1.0, 1_900_000.0, 9_800_000.0, 0.0098, 0.0, 0.0),
        "ether3": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    }.items()
    for figure, value in zip(
        (
            "interface_up",
            "in_bits_per_second",
            "out_bits_per_second",
            "utilisation_ratio",
            "errors_per_second",
            "discards_per_second",
        ),
        values,
        strict=True,
    )
}


@asynccontextmanager
async def province_web(folder: Path) -> AsyncIterator[Web]:
    """The application over `province`, its registry and one machine filled in."""
    shutil.copyfile(_seeded(), folder / "state.db")
    async with web(folder, clock=ManualClock(NOW), make_views=province) as made:
        with made.state.write() as connection:
            newer = HOST | {"hardware": {**HOST["hardware"], "memory": 7_812}}
            for at, body in ((NOW - 20 * DAY, HOST), (NOW - HOUR, newer)):
                document = Document("host", at, body)
                store_host(connection, unit="11983", agent="11983-3f2a", document=document, received_at=at)
            asked = Document("device", NOW - HOUR, ROUTER)
            store_device(connection, unit="11983", document=asked, received_at=NOW - HOUR)
            connection.execute(
                agent_events.insert().values(
                    agent="11983-3f2a",
                    at=NOW - 2 * DAY,
                    received_at=NOW - 2 * DAY,
                    kind="outbox set aside",
                    text="outbox.db was damaged and is kept as outbox.db.1795244585",
                )
            )
        yield made


@cache
def _seeded() -> Path:
    """A state store with the seed in it, made once: seeding takes longer than most tests."""
    folder = Path(mkdtemp(prefix="nhip-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    state = State(folder / "seeded.db")
    state.create_all()
    seed(state, NOW - DAY, addresses=False)
    put(state, NOW - DAY, {"links": [LINK]})
    state.close()
    return state.path


def province(clock: Clock) -> FakeViews:
    """Every unit with an agent; eight units are in trouble, and 11983 has checks and a history."""
    views, now = FakeViews(clock), clock.now()
    state = State(_seeded())
    for unit in Registry(state).units(now):
        if unit.level is not Level.PROVINCE:
            views.units[unit.code] = unit_state(
                unit.code, unit.name, level=unit.level, parent=unit.parent, since=now - 3 * DAY
            )
            agent = agent_state(unit.code, now)
            views.agent_states[agent.agent] = agent
    state.close()
    _trouble(views, now)
    _measure(views, now)
    return views


def hub_out(views: FakeViews, now: int) -> None:
    """The hub 331 is cut off, with everything on it; and one of its communes flaps."""
    began = now - 7 * MINUTE
    behind = [code for code, unit in views.units.items() if unit.parent == "331"]
    members = (
        Sentence(began, f"members down|{len(behind) + 1}|{len(behind) + 1}"),
        Sentence(began, "agent silent"),
    )
    hub = Outage(
        50, "331", began, began + 5_000, None, "hub down|331", 0, False, "hub", Cause.LINE, evidence=members
    )
    views.all_outages.append(hub)
    for number, code in enumerate(["331", *behind], 51):
        why = (Sentence(began, "hub down|331"), Sentence(began, "agent silent"))
        views.all_outages.append(
            Outage(
                number,
                code,
                began,
                began + 5_000,
                None,
                "no contact",
                0,
                False,
                "unit",
                Cause.UPSTREAM,
                False,
                50,
                why,
            )
        )
        _set(views, code, Status.DOWN, since=began, reason="no contact", outage=number)
        views.units[code] = replace(views.units[code], cause=Cause.UPSTREAM, root=50)
    views.all_changes.append(OutageChange(90, began + 5_000, "opened", hub))


def _trouble(views: FakeViews, now: int) -> None:
    down = {"11983": 4 * MINUTE, "12043": 47 * MINUTE, "12154": 26 * HOUR}
    for number, (code, ago) in enumerate(down.items(), 41):
        views.all_outages.append(Outage(number, code, now - ago, now - ago + 8_000, None, "", 1, False))
        _set(views, code, Status.DOWN, since=now - ago, outage=number)
    line = (
        Sentence(now - 4 * MINUTE, "agent silent"),
        Sentence(now - 4 * MINUTE - 900, "router answered"),
        Sentence(now - 4 * MINUTE, "hub well|328"),
    )
    views.all_outages[0] = replace(views.all_outages[0], cause=Cause.LINE, evidence=line)
    views.units["11983"] = replace(views.units["11983"], cause=Cause.LINE)
    _set(views, "12271", Status.DEGRADED, since=now - 12 * MINUTE, reason="loss|0.31")
    _set(views, "12040", Status.DEGRADED, since=now - 3 * MINUTE, reason="slow|212 ms")
    _set(views, "12397", Status.UNKNOWN, since=None)
    _set(views, "12322", Status.DOWN, since=now - 33 * MINUTE, reason="power")
    _set(views, "so-yt", Status.UNKNOWN, since=now - HOUR, reason="planned")
    views.all_outages += [
        Outage(
            12,
            "11983",
            now - 6 * HOUR,
            now - 6 * HOUR + 9_000,
            now - 6 * HOUR + 41 * MINUTE,
            "",
            2,
            False,
            cause=Cause.POWER,
            final=True,
            evidence=(
                Sentence(now - 6 * HOUR, "agent silent"),
                Sentence(now - 6 * HOUR + 40 * MINUTE, "boot id changed"),
                Sentence(None, "unclean end"),
                Sentence(None, "own evidence in"),
            ),
        ),
        Outage(9, "11983", now - 9 * DAY, now - 9 * DAY + 7_000, now - 9 * DAY + HOUR, "", 2, True),
    ]
    cut = now - 6 * HOUR
    views.all_evidence["11983"] = UnitEvidence(
        [
            Stretch(now - DAY, cut, Status.UP, ""),
            Stretch(cut, cut + 41 * MINUTE, Status.DOWN, "no contact"),
            Stretch(cut + 41 * MINUTE, now - 4 * MINUTE, Status.UP, ""),
            Stretch(now - 4 * MINUTE, now, Status.DOWN, "no contact"),
        ],
        [],
        [],
        [],
        [],
    )
    views.downtime["11983"] = (41 * MINUTE, 3 * HOUR)
    views.all_happenings["11983"] = [
        Happening(1, cut - MINUTE, "power lost", "UPS on battery", "10.33.83.9", "11983-3f2a"),
        Happening(2, cut + 2 * HOUR, "syslog", "warning: dhcp: hết địa chỉ", "10.33.83.1", "11983-3f2a"),
        Happening(3, now - 5 * MINUTE, "link down", "ether1 link down", "10.33.83.1", "11983-3f2a"),
    ]
    hops = [TracedHop(**hop) for hop in HOPS]  # type: ignore[arg-type]  # as documents have them
    whole = [*hops, TracedHop(4, "10.33.0.1", 9.1, 0.0), TracedHop(5, "127.0.0.1", 9.4, 0.0)]
    views.all_paths["11983"] = [
        PathVersion(2, now - 4 * MINUTE, now - MINUTE, Trace("127.0.0.1", "icmp", False, hops, 4)),
        PathVersion(1, now - 9 * DAY, now - 5 * MINUTE, Trace("127.0.0.1", "icmp", True, whole)),
    ]
    views.agent_states["11983-3f2a"] = agent_state(
        "11983",
        now,
        connected=False,
        last_seen=now - 4 * MINUTE,
        waiting=188,
        oldest_at=now - 3 * HOUR,
        clock_error=-3_412,
        clean_shutdown=False,
        note="disk is nearly full",
        epochs=(
            EpochCount("01J9ZK", 48_002, 47_960, 12, 40, 0, {"future": 3, "unknown check": 2}, 2),
            EpochCount("01JAB2", 3_840, 3_652, 0, 0, 188, {}, 0),
        ),
    )


def _set(views: FakeViews, code: str, status: Status, **changed: object) -> None:
    unit = views.units[code]
    views.units[code] = unit_state(
        code,
        unit.name,
        level=unit.level,
        parent=unit.parent,
        status=status,
        **changed,  # type: ignore[arg-type]
    )


def _measure(views: FakeViews, now: int) -> None:
    slow = {"total_seconds": 1.84, "first_byte_seconds": 0.31, "status_code": 200.0}
    views.check_states += [
        check_state(1, "11983", now, role="lan", label="Cổng mạng LAN", target="10.33.83.1"),
        check_state(
            2, "11983", now, label="Trung tâm tỉnh", target="10.33.0.1", status=Status.DOWN, reason="timeout"
        ),
        check_state(3, "11983", now, role="internet", label="Internet", target="203.162.4.190"),
        check_state(
            4,
            "11983",
            now,
            kind="http",
            role="service",
            label="Một cửa điện tử",
            target="https://motcua.hungyen.gov.vn/",
            status=Status.DEGRADED,
            reason="slow|1840 ms",
            figures=slow,
        ),
        check_state(
            5,
            "11983",
            now,
            kind="tls",
            role="service",
            label="Cổng DVC",
            target="dichvucong.hungyen.gov.vn:443",
            figures={"handshake_seconds": 0.047, "expires_in_seconds": 5_432_000.0},
        ),
        check_state(
            6,
            "11983",
            now,
            label="Bộ định tuyến",
            target="10.33.83.254",
            vantage="33",
            status=Status.DOWN,
            reason="host unreachable",
        ),
        check_state(
            7,
            "11983",
            now,
            kind="snmp",
            role="device",
            label="Bộ định tuyến",
            target="10.33.83.1",
            figures={
                "uptime_seconds": 3_210_000.0,
                "cpu_ratio": 0.07,
                "memory_used_ratio": 0.31,
                **PORT_FIGURES,
            },
        ),
    ]
