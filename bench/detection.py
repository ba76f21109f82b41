"""How soon people are told, and how often: the same cuts in the same run, watched by Nhịp and by Prometheus with
blackbox_exporter and Alertmanager (see `_rivals.py`), all in the centre of the real lab, all telling one webhook receiver.

A run on one line: it is cut in the relay at a random moment; the time until the first message of each side is taken, and
its messages are counted until 20 s after; then it is healed. Communes first, then whole hubs. Root, Linux.
"""

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import _rivals

from alerts.destinations import Destinations
from cli.data import open_state
from core.clock import SystemClock
from core.values import Level
from lab.netns import inside
from lab.wan.province import Province
from lab.wan.up import province_of
from lab.wan.wall import Wall, until

NHIP = "nhip"
SIDES = (NHIP, *_rivals.SETUPS)
WITHIN_S, COUNTED_S, CALM_S = 60.0, 20.0, 25.0


@dataclass(frozen=True, slots=True)
class Told:
    at: float
    side: str
    text: str


class Receiver:
    """A webhook on loopback of a namespace. What it is told is dated by this process' steady clock."""

    def __init__(self, namespace: str) -> None:
        self.told: list[Told] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self.path.strip("/"), json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with inside(namespace):
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, side: str, said: Mapping[str, object]) -> None:
        """Only messages that something is down count, not those that it is well again."""
        if side == NHIP:
            title = str(said.get("title", ""))
            if "down" in title.lower():
                self.told.append(Told(time.monotonic(), side, title))
        elif said.get("status") == "firing":
            names = sorted({str(alert["labels"]["alertname"]) for alert in said["alerts"]})  # type: ignore[attr-defined]
            self.told.append(Told(time.monotonic(), side, "+".join(names)))

    def since(self, at: float, side: str) -> list[Told]:
        return [each for each in self.told if each.side == side and each.at >= at]

    def close(self) -> None:
        self._server.shutdown()


@dataclass(frozen=True, slots=True)
class Cut:
    kind: str
    line: str
    first: Mapping[str, float | None]
    """Seconds from the cut until each side's first message; None: none came."""
    count: Mapping[str, int]


@contextmanager
def watched(folder: Path, units: str) -> Iterator[tuple[Province, Receiver, Wall]]:
    """The lab with all sides watching, quiet."""
    with province_of(folder, units, units, print) as province, Wall.of(province) as wall:
        receiver = Receiver(province.layout.centre.namespace)
        url = f"127.0.0.1:{receiver.port}"
        with open_state(province.folder.centre) as state:
            Destinations(state, SystemClock()).add("bench", f"json://{url}/{NHIP}", "en", "bench")
        sites = province.layout.sites
        hubs = {site.parent for site in sites.values()}
        routers = {
            site.code: (
                str(site.line.lower),
                site.code if site.code in hubs else str(site.parent),
                "hub" if site.code in hubs else "commune",
            )
            for site in sites.values()
            if site.line is not None
        }
        _rivals.start(province, routers, f"http://{url}")
        until(lambda: set(wall.statuses().values()) <= {"up", "degraded"}, WITHIN_S, "all well")
        time.sleep(CALM_S)
        try:
            yield province, receiver, wall
        finally:
            receiver.close()


def cut(province: Province, receiver: Receiver, wall: Wall, kind: str, line: str, dice: random.Random) -> Cut:
    time.sleep(dice.uniform(0, 5))
    began = time.monotonic()
    province.relay.cut([line])
    while time.monotonic() - began < WITHIN_S and not all(receiver.since(began, side) for side in SIDES):
        time.sleep(0.05)
    time.sleep(COUNTED_S)
    told = {side: receiver.since(began, side) for side in SIDES}
    province.relay.heal([line])
    until(lambda: set(wall.statuses().values()) <= {"up", "degraded"}, WITHIN_S, "all well again")
    time.sleep(CALM_S)
    return Cut(
        kind,
        line,
        {side: each[0].at - began if each else None for side, each in told.items()},
        {side: len(each) for side, each in told.items()},
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--communes", type=int, default=6)
    arguments.add_argument("--hubs", type=int, default=3)
    arguments.add_argument("--units", default="60")
    chosen = arguments.parse_args()
    dice, cuts = random.Random(1), []
    with (
        tempfile.TemporaryDirectory() as folder,
        watched(Path(folder) / "lab", chosen.units) as (province, receiver, wall),
    ):
        sites = province.layout.sites.values()
        hubs = [site.code for site in sites if site.level == Level.DISTRICT]
        communes = [site.code for site in sites if site.level == Level.COMMUNE]
        for kind, lines in (
            ("commune", dice.sample(communes, chosen.communes)),
            ("hub", dice.sample(hubs, min(chosen.hubs, len(hubs)))),
        ):
            for line in lines:
                cuts.append(cut(province, receiver, wall, kind, line, dice))
                one = cuts[-1]
                print(
                    f"{kind:8}{line:8}"
                    + "".join(
                        f"{side:>10} {one.first[side] or float('nan'):6.2f} s {one.count[side]:2}×"
                        for side in SIDES
                    ),
                    flush=True,
                )
    result: dict[str, float] = {}
    print(f"{'':10}{'':10}{'median':>10}{'worst':>10}{'messages':>10}{'ratio':>8}")
    for kind in ("commune", "hub"):
        of_kind = [each for each in cuts if each.kind == kind]
        median = {
            side: statistics.median([each.first[side] or WITHIN_S for each in of_kind]) for side in SIDES
        }
        for side in SIDES:
            worst = max(each.first[side] or WITHIN_S for each in of_kind)
            messages = statistics.mean(each.count[side] for each in of_kind)
            print(
                f"{kind:10}{side:10}{median[side]:8.2f} s{worst:8.2f} s{messages:10.1f}"
                f"{median[NHIP] / median[side]:8.2f}"
            )
            result[f"{kind}_{side}_s"] = round(median[side], 2)
            result[f"{kind}_{side}_messages"] = round(messages, 2)
        for side in _rivals.SETUPS:
            result[f"{kind}_ratio_to_{side}"] = round(median[NHIP] / median[side], 3)
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
