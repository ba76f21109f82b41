"""All faces, machines and answers, in memory: what one report changes in them.

The same faces, first times and answers lead to the same machines, whatever came first: which values are of many, what a face
has to do with others, and what is grouped together are functions of what was told, and are looked at again where that changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inventory.identity.answers import Answer
from inventory.identity.crowds import CROWD, Tally, Value, values, without
from inventory.identity.evidence import Face
from inventory.identity.groups import Link
from inventory.matching import Decision, Machine, Seen, decide, edges, machines, question
from inventory.signs import Signs

FEW = 24
"""Faces."""

Question = tuple[tuple[str, tuple[str, str]], ...]


@dataclass(slots=True, eq=False)
class _Place:
    """A machine and what is asked about it; None: to be looked at."""

    machine: Machine
    asked: Question | None = None


class Known:
    """Raises nothing of its own: whatever a report tells, it is of some machine."""

    def __init__(self) -> None:
        self.told: dict[str, Seen] = {}
        """Faces as they were told."""
        self.answers: dict[int, Answer] = {}
        self.crowds: set[Value] = set()
        """What many tell, and is no sign."""
        self._faces: dict[str, Seen] = {}
        """Faces without what many tell."""
        self._answers_of: defaultdict[str, list[int]] = defaultdict(list)
        self._tellers: defaultdict[Value, list[str]] = defaultdict(list)
        self._named: defaultdict[Value, list[str]] = defaultdict(list)
        """Faces by unit and hostname, for reports that tell nothing else."""
        self._tallies: dict[Value, Tally] = {}
        """Of what more than FEW tell."""
        self._links: defaultdict[str, list[Link]] = defaultdict(list)
        self._perhaps: defaultdict[str, list[Link]] = defaultdict(list)
        self._contested: defaultdict[str, list[Link]] = defaultdict(list)
        self._related: dict[str, set[str]] = {}
        """Faces that links and answers tie together, through others if need be; what is grouped together."""
        self._places: dict[str, _Place] = {}

    def take(self, signs: Signs, unit: str, at: int) -> Decision:
        """What is decided about a report that tells these signs, of that time, in that unit."""
        key = signs.key(unit)
        seen = self.told.get(key)
        if seen is not None and at >= seen.first:
            place = self._places[key]
            asked = place.asked if place.asked is not None else self._ask(place)
            return decide(key, place.machine, asked, (place.machine.name,))
        was = {key: self._places[key].machine.name} if seen else {}
        self.told[key] = Seen(seen.face if seen else Face(key, signs, unit), at)
        if seen is None and signs.hostname:
            self._named[_name(self.told[key].face)].append(key)
        stale = self._crowds_of(key, new=seen is None)
        related = self._compare_anew(stale | {key})
        was |= {
            other: self._places[other].machine.name for other in self._related[key] if other in self._places
        }
        for keys in related:
            self._group(keys)
        place = self._places[key]
        before = {was[other] for other in place.machine.faces if other in was}
        return decide(key, place.machine, self._ask(place), before)

    def answer(self, answer: Answer) -> None:
        """Take an answer, also about faces that have not come yet."""
        self.answers[answer.id] = answer
        for key in answer.faces:
            self._answers_of[key].append(answer.id)
        if answer.faces & self._related.keys():
            self._group(self._relate(answer.faces))

    def undo(self, answer_id: int) -> None:
        """As if it had never been given. Raises KeyError."""
        answer = self.answers.pop(answer_id)
        for key in answer.faces:
            self._answers_of[key].remove(answer_id)
        for key in answer.faces & self._related.keys():
            self._group(self._related[key])

    def about(self, left: str, right: str) -> tuple[list[str], list[str]]:
        """The faces that an answer about two faces is about, these two in front. Raises KeyError.

        It is about the machines that they stand in, as people see them: with one face of an older machine, all of it is the
        younger's too, also what does not tell the firmware that this one tells. Of one machine, it is about the two that are left
        of it by the evidence alone if they are kept apart.
        """
        one, other = self.machine(left).faces, self.machine(right).faces
        if one.keys() == other.keys():
            apart = Answer(0, 0, "different", frozenset({left}), frozenset({right}))
            links = {
                link for key in one for link in self._links.get(key, ()) if {link.a, link.b} <= one.keys()
            }
            parts, _ = machines(one, links, (apart,))
            one, other = (next(part.faces for part in parts if key in part.faces) for key in (left, right))
        latest = [sorted(faces, key=lambda key: (-faces[key].first, key)) for faces in (one, other)]
        return list(dict.fromkeys((left, *latest[0]))), list(dict.fromkeys((right, *latest[1])))

    def machine(self, key: str) -> Machine:
        """That a face belongs to. Raises KeyError."""
        return self._places[key].machine

    def machines(self) -> Iterator[Machine]:
        yield from {id(place): place.machine for place in self._places.values()}.values()

    def questions(self) -> Iterator[tuple[Machine, Question]]:
        """What is open. Looks at no more machines than those of which some pair is worth a question."""
        keys = {key for kept in (self._perhaps, self._contested) for key, links in kept.items() if links}
        for place in {id(place): place for place in map(self._places.__getitem__, keys)}.values():
            if asked := self._ask(place):
                yield place.machine, asked

    def _crowds_of(self, key: str, *, new: bool) -> set[str]:
        """Look again at which of a face's values are of many; the faces that tell one of which that has changed."""
        stale: set[str] = set()
        for value in values(self.told[key].face):
            tellers = self._tellers[value]
            if new:
                tellers.append(key)
            if len(tellers) >= CROWD and self._crowded(value, self.told[key]) != (value in self.crowds):
                self.crowds ^= {value}
                stale.update(tellers)
        return stale

    def _crowded(self, value: Value, latest: Seen) -> bool:
        """Tallied anew while few tell it: that costs less than to keep a tally of every serial there is."""
        tellers = self._tellers[value]
        if (tally := self._tallies.get(value)) is not None:
            tally.add(latest.face, latest.first)
            return tally.crowded()
        tally = Tally(value[0])
        for key in tellers:
            tally.add(self.told[key].face, self.told[key].first)
        if len(tellers) > FEW:
            self._tallies[value] = tally
        return tally.crowded()

    def _compare_anew(self, keys: set[str]) -> list[set[str]]:
        """Hold these faces against all that share a sign or a name in the unit; gives what is to be grouped anew."""
        for key in keys:
            self._cut(key)
            told = self.told[key]
            self._faces[key] = Seen(without(told.face, self.crowds), told.first)
            self._related.setdefault(key, {key})
        done: set[str] = set()
        for key in keys:
            done.add(key)
            face = self._faces[key].face
            shared = {other for value in values(face) for other in self._tellers[value]} - done
            shared.update(other for other in self._named[_name(face)] if other not in done)
            found = edges(face, (self._faces[other].face for other in shared))
            for kept, new in ((self._links, found.links), (self._perhaps, found.perhaps)):
                for link in new:
                    kept[link.a].append(link)
                    kept[link.b].append(link)
            ends = {end for link in found.links for end in (link.a, link.b)}
            answers = (self.answers[answer].faces for answer in self._answers_of.get(key, ()))
            self._relate(ends.union({key}, *answers))
        return list({id(self._related[key]): self._related[key] for key in keys}.values())

    def _cut(self, key: str) -> None:
        for kept in (self._links, self._perhaps):
            for link in kept.pop(key, ()):
                other = link.b if link.a == key else link.a
                kept[other].remove(link)
                self._look_again(other)

    def _look_again(self, key: str) -> None:
        if (place := self._places.get(key)) is not None:
            place.asked = None

    def _relate(self, keys: Iterable[str]) -> set[str]:
        """Faces that are grouped together from now on, with all that each was with; some of them have come."""
        sets = {id(self._related[key]): self._related[key] for key in keys if key in self._related}
        largest = max(sets.values(), key=len)
        for other in sets.values():
            if other is not largest:
                largest |= other
                for key in other:
                    self._related[key] = largest
        return largest

    def _group(self, related: set[str]) -> None:
        links = [link for key in related for link in self._links.get(key, ()) if link.a == key]
        ids = {answer for key in related for answer in self._answers_of.get(key, ())}
        found, grouping = machines(
            {key: self._faces[key] for key in related}, links, [self.answers[answer] for answer in ids]
        )
        for key in related:
            self._contested.pop(key, None)
            self._look_again(key)
        for link in grouping.contested:
            self._contested[link.a].append(link)
            self._contested[link.b].append(link)
        for machine in found:
            place = _Place(machine)
            for key in machine.faces:
                self._places[key] = place
        for key in related:
            for link in self._perhaps.get(key, ()):
                self._look_again(link.b if link.a == key else link.a)

    def _ask(self, place: _Place) -> Question:
        mine = place.machine.faces
        pairs = [
            (link, self._places[other].machine)
            for key in mine
            for link in (*self._perhaps.get(key, ()), *self._contested.get(key, ()))
            if (other := link.b if link.a == key else link.a) not in mine
        ]
        ids = {answer for key in mine for answer in self._answers_of.get(key, ())}
        place.asked = (
            question(place.machine, pairs, [self.answers[answer] for answer in ids]) if pairs else ()
        )
        return place.asked


def _name(face: Face) -> Value:
    return face.unit, face.signs.hostname
