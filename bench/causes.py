"""The truth table of causes: the province for real, all 188 agents as real processes, and things that happen to it.

Ten times each, on units drawn by a seed: a line is cut; router and agent lose their power together; an agent is killed; a PC
is unplugged; work that was planned takes a line away; a hub is cut; the collector is stopped. When all evidence is in, the verdict has
to name what was done. What is said of units to which nothing was done is false. Root, Linux.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from lab.wan.causes import CAUSES, Trial
from lab.wan.up import province_of
from lab.wan.wall import Wall


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--units", default="all")
    arguments.add_argument("--agents", default="all")
    arguments.add_argument("--times", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    with (
        tempfile.TemporaryDirectory() as folder,
        province_of(Path(folder) / "lab", chosen.units, chosen.agents, say) as province,
        Wall.of(province) as wall,
    ):
        table = Trial(province, wall, chosen.times, chosen.seed, say).run()
        agents = len(province.record.agents)
    print("\n".join(table.lines()))
    counts = Counter(truth.cause for truth in table.truths)
    result = {
        "agents": agents,
        "right_ratio": round(table.right_ratio, 4),
        "false_outages": len(table.false),
        **{f"n_{cause}": counts[cause] for cause in CAUSES},
        "seconds": round(time.monotonic() - began),
    }
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
