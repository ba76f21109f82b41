"""Some thousand machines over years, day by day, and every report of them with the machine it is of in truth.

Seeded: the same seed gives the same reports. Each machine is a state (`box`), changed by events (`happens`), told by its agents
(`tells`). A truth is the machine that stands there with its sticker: its case and what is built in.

**Traps**, with what stands for them:

- *Junk values* of firmware, memory and asset tags as makers leave them, by maker's share (`makers`), listed ones and unlisted
  ones; cheap disks of one serial; a VPN's adapter that nobody lists.
- *Clones*: 12 % of purchases come in lots of 8 to 25 of one model, put up from one image. In 60 % of lots the agent was in the image and
  all have one `deviceid`; 40 % of these machines are put right within two months, the others never. All have the image's hostname for
  up to three days, one in ten for ever. In 4 % of lots the firmware was written with one UUID, in 2 % also with one chassis serial.
  In 40 % the technician's USB adapter is still plugged in when the first report is made. Lots that were bought before, too.
- *Docks and USB adapters*: shared within a unit by 2 to 4 laptops, 35 % of laptops; seen in 60 % of their reports.
- *Random Wi-Fi addresses* on 12 % of laptops, another in each report.
- *Repairs, renames, re-installations, moves*: `happens.RATES`. Disks go into other machines, known and new ones; two machines exchange
  rooms and so names; what is replaced is often of the same model and has its predecessor's name, 6 % its disk as well.
- *Two agents* on 14 %, each with habits of its own (`tells`): names cut, firmware or serials missing, UUIDs in the other byte order,
  disks' serials as Windows 7 tells them; in 0.4 % of reports a section is missing.
- *Units merge* on a day in the second year: two thirds of communes are joined in twos and threes and districts are given up, so their
  machines stand in units of other codes from one day to the next; a fifth of them is renamed in the weeks after.
- *Guests of hypervisors* (1 %), one in eight copied with its UUID.
- *Late reports*: 2 % reach the centre hours to nine days late, behind newer ones.
- *Silence*: cupboards, for one to six months.

Each agent reports every 28 ± 4 days, and one to three days after something happened to its machine. Real agents report daily;
reports between, which tell nothing else, are left out: they would only flatter the figures.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from inventory.seed import SEEDS
from lab.machines import box as boxes
from lab.machines import happens, makers, tells
from lab.machines.box import Adapter, Box

DAY_MS = 86_400_000
MERGE_DAY = 395
EVERY = 28
KINDS: tuple[makers.Kind, ...] = ("desktop", "laptop", "virtual")
LOT = (8, 25)
LOTS = 0.0085
"""Of purchases; so 12 % of machines."""


@dataclass(frozen=True, slots=True)
class Report:
    """`at`: when it was made, `arrived`: when the centre has it, ms since the first day; `truth`: number of the machine."""

    at: int
    arrived: int
    unit: str
    truth: int
    document: dict[str, Any]


def offices() -> list[str]:
    """Codes of the province's offices, as the seed has them."""
    with (SEEDS / "units.csv").open(encoding="utf-8-sig", newline="") as lines:
        return [row["code"] for row in csv.DictReader(lines) if row["parent"]]


class Province:
    """`units`: codes of offices. `rates`: events in a machine-year. `days()` can be walked once."""

    def __init__(
        self, units: Sequence[str], machines: int, seed: int, rates: Mapping[str, float] = happens.RATES
    ) -> None:
        self.rates = rates
        self.rng = Random(seed)
        self.units = list(units)
        self.weights = [self.rng.lognormvariate(0, 0.7) for _ in units]
        self.boxes: list[Box] = []
        self.alive: list[Box] = []
        self.of_unit: defaultdict[str, list[Box]] = defaultdict(list)
        self.today = 0
        self._agenda: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self._due: defaultdict[int, list[tuple[Box, int]]] = defaultdict(list)
        """By day: whose report is due, with what had happened to it when it was put down."""
        self._arriving: defaultdict[int, list[Report]] = defaultdict(list)
        self._events: dict[str, int] = {}
        self._of_one = {
            "scrapped": self._scrapped,
            "in the cupboard": self._put_away,
            "moved to another unit": self._moved,
            "replaced": self._replace,
            "disk and memory put into a spare one": self._spare,
        }
        self._of_two = {
            "lot bought": self._lot_bought,
            "installed anew from an image, with its neighbours": self._installed_anew,
            "swapped between rooms": self._swapped,
            "disks exchanged": self._disks_exchanged,
            "disk put into another machine": self._disk_given,
            "disk and memory put into another machine": self._disk_and_memory_given,
        }
        while len(self.alive) < machines:
            self._purchase(machines - len(self.alive), self.rng.randrange(EVERY))
        for unit in self.units:
            self._share_docks(unit)

    def days(self, count: int) -> Iterator[list[Report]]:
        """The reports that arrive on each day, in the order of their arrival."""
        for self.today in range(count):
            for do in self._agenda.pop(self.today, ()):
                do()
            if self.today == MERGE_DAY:
                self._merge_units()
            self._happen()
            for box, due_for in self._due.pop(self.today, ()):
                self._report(box, due_for)
            yield sorted(self._arriving.pop(self.today, ()), key=lambda report: report.arrived)

    def happened(self) -> dict[str, int]:
        """How often each event was so far."""
        return dict(sorted(self._events.items()))

    def _note(self, name: str) -> None:
        self._events[name] = self._events.get(name, 0) + 1

    # Machines come and go.

    def _new(self, kind: makers.Kind, unit: str, like: Box | None = None) -> Box:
        truth = len(self.boxes)
        if kind == "virtual":
            box = boxes.virtual(self.rng, truth, unit)
        elif like is None:
            box = boxes.built(self.rng, truth, kind, unit)
        else:
            models = like.maker.laptops if kind == "laptop" else like.maker.desktops
            names = [system for system, _ in models]
            box = boxes.built(self.rng, truth, kind, unit, like.maker, names.index(like.model))
        self.boxes.append(box)
        self.alive.append(box)
        self.of_unit[unit].append(box)
        return box

    def _purchase(self, count: int, first_day: int) -> None:
        """Some machines for some unit, alone or as a lot from one image; their first reports are due on that day."""
        unit = self.rng.choices(self.units, self.weights)[0]
        kind = self.rng.choices(KINDS, (0.78, 0.21, 0.01))[0]
        if count >= LOT[0] and kind != "virtual" and self.rng.random() < LOTS:
            size = self.rng.randrange(LOT[0], min(LOT[1], count) + 1)
            first = self._new(kind, unit)
            lot = [first, *(self._new(kind, unit, first) for _ in range(size - 1))]
            self._image(lot, first_day)
            drawn = self.rng.random()
            for box in lot:
                if drawn < 0.04:
                    box.uuid = first.uuid
                if drawn < 0.02:
                    box.chassis_serial = first.chassis_serial
        else:
            box = self._new(kind, unit)
            box.installed = happens.installation(self.rng, unit)
            if kind == "virtual" and self.rng.random() < 0.125:
                copy = self._new(kind, unit)
                copy.maker, copy.uuid = box.maker, box.uuid
                copy.chassis_serial, copy.board_serial, copy.disks = (
                    box.chassis_serial,
                    box.board_serial,
                    list(box.disks),
                )
                copy.adapters = [Adapter(makers.mac(self.rng, (box.adapters[0].mac[:8],)), "ethernet")]
                copy.installed = box.installed.copied()
                copy.installed.hostname = happens.hostname(self.rng, unit)
                self._expect(copy, first_day)
                self._note("guest copied")
            self._expect(box, first_day)

    def _image(self, lot: Sequence[Box], first_day: int) -> None:
        image = happens.installation(self.rng, lot[0].unit, "DESKTOP-" + makers.number(self.rng, "AAAAAAA"))
        same_agent = self.rng.random() < 0.6
        stick = Adapter(makers.mac(self.rng, makers.DOCK_OUIS), "ethernet", built_in=False)
        plugged = self.rng.random() < 0.4
        self._note("lot from an image")
        for box in lot:
            box.installed = image.copied()
            if not same_agent:
                happens.lose_folder(self.rng, box)
            elif self.rng.random() < 0.4:
                self._later(first_day + self.rng.randrange(5, 60), box, happens.lose_folder)
            if plugged:
                box.adapters.append(stick)
                self._later(first_day + 1, box, partial(_unplug, stick))
            if self.rng.random() < 0.9:
                self._later(first_day + self.rng.randrange(1, 4), box, happens.rename)
            self._expect(box, first_day)

    def _share_docks(self, unit: str) -> None:
        laptops = [box for box in self.of_unit[unit] if box.kind == "laptop"]
        self.rng.shuffle(laptops)
        wanting = laptops[: round(len(laptops) * 0.35)]
        while len(wanting) > 1:
            sharing = [wanting.pop() for _ in range(min(len(wanting), self.rng.randrange(2, 5)))]
            docks = tuple(makers.mac(self.rng, makers.DOCK_OUIS) for _ in range(self.rng.randrange(1, 3)))
            for box in sharing:
                box.docks = docks

    def _scrap(self, box: Box) -> None:
        if not box.gone:
            box.gone = True
            self.alive.remove(box)
            self.of_unit[box.unit].remove(box)

    def _move(self, box: Box, unit: str) -> None:
        self.of_unit[box.unit].remove(box)
        box.unit = unit
        self.of_unit[unit].append(box)

    # What happens.

    def _later(self, day: int, box: Box, do: Callable[[Random, Box], None]) -> None:
        def now() -> None:
            if not box.gone:
                do(self.rng, box)
                self._changed(box)

        self._agenda[max(day, self.today)].append(now)

    def _changed(self, box: Box) -> None:
        box.changed += 1
        self._expect(box, self.today + self.rng.randrange(1, 4))

    def _happen(self) -> None:
        for name, rate in self.rates.items():
            for _ in range(self._drawn(rate * len(self.alive) / 365)):
                box = self.rng.choice(self.alive)
                if box.kind == "virtual" and (name in happens.HARDWARE or name not in happens.ALONE):
                    continue
                self._note(name)
                if (alone := happens.ALONE.get(name)) is not None:
                    alone(self.rng, box)
                    self._changed(box)
                else:
                    self._among(name, box)

    def _drawn(self, expected: float) -> int:
        """Whole numbers whose mean is that."""
        return int(expected) + (self.rng.random() < expected % 1)

    def _among(self, name: str, box: Box) -> None:
        """What concerns others too; those near are of its kind and in its unit."""
        if (do := self._of_one.get(name)) is not None:
            do(box)
        elif near := [
            other for other in self.of_unit[box.unit] if other is not box and other.kind == box.kind
        ]:
            self._of_two[name](box, self.rng.choice(near), near)

    def _scrapped(self, box: Box) -> None:
        self._scrap(box)
        self._purchase(1, self.today + 1)

    def _put_away(self, box: Box) -> None:
        box.silent_until = self.today + self.rng.randrange(30, 180)

    def _moved(self, box: Box) -> None:
        if box.kind == "laptop" or self.rng.random() < 0.3:
            self._move(box, self.rng.choice(self.units))
            if self.rng.random() < 0.3:
                happens.rename(self.rng, box)
            self._changed(box)

    def _spare(self, box: Box) -> None:
        spare = self._new(box.kind, box.unit, box if self.rng.random() < 0.5 else None)
        self._give_disk(box, spare)
        spare.memory = box.memory

    def _lot_bought(self, box: Box, _other: Box, near: list[Box]) -> None:
        first = self._new("desktop", box.unit)
        lot = [first, *(self._new("desktop", box.unit, first) for _ in range(self.rng.randrange(*LOT)))]
        for old in near[: len(lot)]:
            self._scrap(old)
        self._image(lot, self.today + 1)

    def _installed_anew(self, box: Box, _other: Box, near: list[Box]) -> None:
        lot = [box, *self.rng.sample(near, min(len(near), self.rng.randrange(3, 12)))]
        self._image(lot, self.today + 1)

    def _swapped(self, box: Box, other: Box, _near: list[Box]) -> None:
        box.installed.hostname, other.installed.hostname = other.installed.hostname, box.installed.hostname
        self._changed(box)
        self._changed(other)

    def _disks_exchanged(self, box: Box, other: Box, _near: list[Box]) -> None:
        box.disks, other.disks = other.disks, box.disks
        box.installed, other.installed = other.installed, box.installed
        self._changed(box)
        self._changed(other)

    def _disk_given(self, box: Box, other: Box, _near: list[Box]) -> None:
        self._give_disk(box, other)

    def _disk_and_memory_given(self, box: Box, other: Box, _near: list[Box]) -> None:
        other.memory = box.memory
        self._give_disk(box, other)

    def _give_disk(self, box: Box, other: Box) -> None:
        """Its board is broken. It is scrapped, or some weeks later it works again with another disk."""
        other.disks, other.installed = box.disks, box.installed
        self._changed(other)
        if self.rng.random() < 0.6:
            self._scrap(box)
            return
        box.disks, box.installed = [makers.disk(self.rng)], happens.installation(self.rng, box.unit)
        box.memory = [boxes.memory(self.rng, box.maker)] if box.memory is other.memory else box.memory
        box.silent_until = self.today + self.rng.randrange(7, 60)
        self._expect(box, box.silent_until)

    def _replace(self, box: Box) -> None:
        """By another: 30 % of its model, half of them with its name, 6 % with its disk, whose old owner is scrapped."""
        new = self._new(box.kind, box.unit, box if self.rng.random() < 0.3 else None)
        host = box.installed.hostname if self.rng.random() < 0.5 else ""
        new.installed = happens.installation(self.rng, box.unit, host)
        if self.rng.random() < 0.06:
            new.disks, new.installed = box.disks, box.installed
        new.docks = box.docks
        self._changed(new)
        self._scrap(box)

    def _merge_units(self) -> None:
        """Two thirds are joined in twos and threes; who was there stays, under another code."""
        order = self.rng.sample(self.units, len(self.units))
        joining, kept = order[: len(order) * 2 // 3], order[len(order) * 2 // 3 :]
        while joining:
            into, *others = [joining.pop() for _ in range(min(len(joining), self.rng.randrange(2, 4)))]
            kept.append(into)
            for unit in others:
                for box in list(self.of_unit[unit]):
                    self._move(box, into)
                    if self.rng.random() < 0.2:
                        self._later(self.today + self.rng.randrange(1, 60), box, happens.rename)
        self.units = sorted(kept)
        self.weights = [self.rng.lognormvariate(0, 0.7) for _ in self.units]

    # Reports.

    def _expect(self, box: Box, day: int) -> None:
        self._due[max(day, self.today)].append((box, box.changed))

    def _report(self, box: Box, due_for: int) -> None:
        """Of each of its agents; then the next regular ones, unless something that happened has set another day."""
        if box.gone or box.changed != due_for:
            return
        if box.silent_until > self.today:
            self._expect(box, box.silent_until)
            return
        rng = self.rng
        for teller in box.installed.tellers:
            at = self.today * DAY_MS + rng.randrange(27_000_000, 61_200_000)
            late = rng.random() < 0.02
            arrived = at + (rng.randrange(3_600_000, 9 * DAY_MS) if late else rng.randrange(60_000))
            report = Report(at, arrived, box.unit, box.truth, tells.document(rng, box, teller))
            self._arriving[arrived // DAY_MS].append(report)
        self._expect(box, self.today + EVERY + rng.randrange(-4, 5))


def _unplug(stick: Adapter, _rng: Random, box: Box) -> None:
    if stick in box.adapters:
        box.adapters.remove(stick)
