"""Loss accounting: a set of ranges as a set would do it, and sums that close whatever happens to reports."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support_ingest import header

from collector.accounting import Account, Ranges, runs
from core.wire import Dropped

spans = st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(deadline=None, max_examples=300)
@given(added=st.lists(spans, max_size=30), asked=spans)
def test_ranges_are_a_set_of_numbers(added, asked):
    ranges, numbers = Ranges(), set()
    for first, last in added:
        new = set(range(first, last + 1))
        assert ranges.add(first, last) == len(new & numbers)
        numbers |= new
        assert ranges.total() == len(numbers)
    assert ranges.count(*asked) == len(set(range(asked[0], asked[1] + 1)) & numbers)
    assert all(ranges.has(number) == (number in numbers) for number in range(80))
    # Neither touching nor overlapping: as few ranges as there can be.
    assert all(last + 1 < first for last, first in zip(ranges.last, ranges.first[1:], strict=False))


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), max_size=30))
def test_runs_hold_each_number_as_often_as_it_was_given(numbers):
    found = [number for first, last in runs(numbers) for number in range(first, last + 1)]
    assert sorted(found) == sorted(numbers)


class Agent:
    """Makes reports as an agent does: each result is dropped, reported or waiting, and the counters say so."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.produced = self.seq = 0
        self.waiting, self.drops, self.reports = [], [], []
        self.dropped = 0
        self.refused = set()

    def step(self):
        match self.random.choice(["measure", "measure", "report", "drop", "refuse"]):
            case "measure":
                for _ in range(self.random.randint(1, 9)):
                    self.produced += 1
                    self.waiting.append(self.produced)
            case "report":
                size = self.random.randint(0, len(self.waiting))
                newest = self.random.random() < 0.5
                taken = self.waiting[len(self.waiting) - size :] if newest else self.waiting[:size]
                self.waiting = [n for n in self.waiting if n not in taken]
                self.report(taken)
            case "drop":
                taken = [self.waiting.pop(0) for _ in range(self.random.randint(0, len(self.waiting)))]
                self.drop(taken)
            case "refuse" if self.reports and self.seq not in self.refused:
                # The centre's answer said no, or so the agent read it: the results count as dropped, here or not.
                self.refused.add(self.seq)
                self.drop(self.reports[-1][1])

    def drop(self, numbers):
        self.dropped += len(numbers)
        self.drops += [
            Dropped("results", first, last, last - first + 1, 0, 0, "size") for first, last in runs(numbers)
        ]

    def report(self, numbers):
        self.seq += 1
        head = header("a", self.seq, produced=self.produced, dropped=self.dropped, waiting=len(self.waiting))
        self.reports.append((head, numbers, self.drops))
        self.drops = []


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 1 << 30), steps=st.integers(1, 60))
def test_the_sums_close_when_every_report_arrived_in_any_order_and_number(seed, steps):
    agent = Agent(seed)
    for _ in range(steps):
        agent.step()
    agent.report([])
    sent = agent.reports * agent.random.randint(1, 3)
    agent.random.shuffle(sent)
    account = Account()
    for head, numbers, drops in sent:
        account.take(head, runs(numbers), drops, {})
    count = account.count("e")
    assert count.missing == 0
    assert count.produced == count.received + count.dropped + count.waiting
    assert count.received == len({n for _, numbers, _ in agent.reports for n in numbers})


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 1 << 30), steps=st.integers(1, 60))
def test_any_order_leaves_the_same_account(seed, steps):
    agent = Agent(seed)
    for _ in range(steps):
        agent.step()
    accounts = []
    for _ in range(2):
        account = Account()
        agent.random.shuffle(agent.reports)
        for head, numbers, drops in agent.reports:
            account.take(head, runs(numbers), drops, {"future": 1})
        accounts.append(msgspec.json.encode(account))
    assert accounts[0] == accounts[1]


def test_a_report_that_never_came_is_missing():
    account = Account()
    account.take(header("a", 1, produced=10), [(1, 10)], [], {})
    account.take(header("a", 3, produced=30), [(21, 30)], [], {})
    assert account.count("e").missing == 10


def test_a_result_that_was_dropped_after_it_had_arrived_counts_as_received():
    account = Account()
    account.take(header("a", 1, produced=10), [(1, 10)], [], {})
    drop = Dropped("results", 1, 10, 10, 0, 0, "size")
    account.take(header("a", 2, produced=10, dropped=10), [], [drop], {})
    count = account.count("e")
    assert (count.received, count.dropped, count.missing) == (10, 0, 0)


def test_a_drop_of_a_part_of_its_range_is_taken_from_what_did_not_come():
    account = Account()
    account.take(
        header("a", 1, produced=10, dropped=4),
        [(1, 3), (7, 9)],
        [Dropped("results", 1, 10, 4, 0, 0, "x")],
        {},
    )
    assert account.count("e").missing == 0


def test_dropped_samples_are_no_dropped_results():
    account = Account()
    account.take(header("a", 1, produced=3), [(1, 3)], [Dropped("samples", 1, 3, 3, 0, 0, "size")], {})
    assert account.count("e").dropped == 0


def test_an_account_survives_its_storage():
    account = Account()
    account.take(
        header("a", 1, produced=3),
        [(1, 1), (3, 3)],
        [Dropped("results", 2, 2, 1, 0, 0, "size")],
        {"future": 1},
    )
    again = msgspec.json.decode(msgspec.json.encode(account), type=Account)
    assert again.count("e") == account.count("e")
