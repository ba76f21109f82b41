"""Knowing a machine again: a province of machines over years, of which the lab knows the truth (`lab/machines/`).

Reports come as they arrive, late ones behind newer ones; technicians answer what is asked, days later. Then the whole history is
gone through again: in the order in which reports were made, with all answers at hand from the start; and in another order
within each day of arrival, answers last. Both have to end in the same machines. Beside it, lists of rules (`_rules.py`).
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from _rules import ALL_ON, AS_IT_COMES, RuleList

from inventory.identity.answers import Answer
from inventory.identity.known import Known
from inventory.matching import Ask
from lab.machines.history import History, Row
from lab.machines.province import DAY_MS, Province, offices
from lab.machines.technicians import Technicians
from lab.machines.trial import Trial

HISTORY = History()
"""Of this process and, by fork, of those that go through it again."""


def identities(known: Known) -> str:
    """Names and faces of all machines, as one number."""
    lines = sorted(f"{machine.name}:{' '.join(sorted(machine.faces))}" for machine in known.machines())
    return blake2b("\n".join(lines).encode(), digest_size=12).hexdigest()


def again(rows: Iterable[Row], first: Sequence[Answer], last: Sequence[Answer]) -> tuple[str, float]:
    """The identities after all rows, with these answers before and those after them; and the seconds it took."""
    began = time.perf_counter()
    known = Known()
    for answer in first:
        known.answer(answer)
    for row in rows:
        known.take(HISTORY.signs[row.signs], row.unit, row.at)
    for answer in last:
        known.answer(answer)
    return identities(known), time.perf_counter() - began


def by_time(answers: Sequence[Answer]) -> tuple[str, float]:
    return again(sorted(HISTORY.rows, key=lambda row: row.at), answers, ())


def by_chance(answers: Sequence[Answer]) -> tuple[str, float]:
    return again(HISTORY.shuffled(7), (), answers)


def live(province: Province, days: int) -> tuple[Trial, Technicians, float, float]:
    """The reports as they come. Seconds: of reading documents, and of deciding with answers."""
    known = Known()
    trial, technicians = Trial(known, HISTORY.truth_of), Technicians(known, HISTORY.truth_of, seed=1)
    reading = deciding = 0.0
    for day in province.days(days):
        began = time.perf_counter()
        told = [(report, HISTORY.add(report)) for report in day]
        read = time.perf_counter()
        for _ in technicians.answer(province.today * DAY_MS):
            pass
        for report, signs in told:
            decision = known.take(signs, report.unit, report.at)
            trial.judge(signs.key(report.unit), report.truth, decision)
            if isinstance(decision, Ask):
                technicians.asked(decision, report.arrived)
        reading += read - began
        deciding += time.perf_counter() - read
    return trial, technicians, reading, deciding


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--machines", type=int, default=20_000)
    arguments.add_argument("--days", type=int, default=730)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    began = time.perf_counter()
    province = Province(offices(), chosen.machines, chosen.seed)
    trial, technicians, reading, deciding = live(province, chosen.days)
    said = identities(trial.known)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        runs = [pool.apply_async(run, (technicians.answered,)) for run in (by_time, by_chance)]
        (ordered, seconds), (shuffled, _) = (run.get() for run in runs)
    rules = {"as it comes": RuleList(AS_IT_COMES), "all on": RuleList(ALL_ON)}
    for row, peer in ((row, peer) for row in HISTORY.rows for peer in rules.values()):
        peer.take(HISTORY.signs[row.signs], row.unit, row.truth)
    counts, reports = trial.counts, trial.reports
    wrong_splits = counts["wrong split"] + counts["at a split one"]
    print(
        f"{reports:,} reports of {len(province.boxes):,} machines in {chosen.days} days, seed {chosen.seed}"
    )
    print("what happened:", ", ".join(f"{n:,} {name}" for name, n in province.happened().items()))
    print(f"to the right machine   {counts['right'] / reports:9.4%}   (promised ≥ 99.9 %)")
    print(
        f"asked                  {counts['asked'] / reports:9.4%}   {counts['asked']:,} reports, {len(technicians.answered):,} answers"
    )
    print(
        f"wrong merges           {counts['wrong merge']:9,}   (promised 0); machines merged in the end: {trial.merged()}"
    )
    print(f"reports to a wrong split {wrong_splits:7,}   machines split in the end: {trial.split()}")
    print(
        f"read {reports / reading:,.0f}/s, decided {reports / deciding:,.0f}/s, gone through again {reports / seconds:,.0f}/s"
    )
    print(
        f"gone through again: by time {'the same' if ordered == said else 'OTHER'}, by chance {'the same' if shuffled == said else 'OTHER'}"
    )
    for name, peer in rules.items():
        print(
            f"rules, {name:11}: right {peer.right / reports:.3%}, wrong merges {peer.wrong_merges:,}, wrong splits {peer.wrong_splits:,}"
        )
    result = {
        "reports": reports,
        "machines": len(province.boxes),
        "right_ratio": round(counts["right"] / reports, 6),
        "asked_ratio": round(counts["asked"] / reports, 6),
        "n_asked": counts["asked"],
        "n_answers": len(technicians.answered),
        "n_wrong_merges": counts["wrong merge"],
        "n_machines_merged": trial.merged(),
        "n_wrong_splits": wrong_splits,
        "n_machines_split": trial.split(),
        "reports_per_second": round(reports / (reading + deciding)),
        "same_again": ordered == shuffled == said,
        "rules_wrong_merges": rules["as it comes"].wrong_merges,
        "rules_right_ratio": round(rules["as it comes"].right / reports, 6),
        "seconds": round(time.perf_counter() - began),
    }
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
