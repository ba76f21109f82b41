"""`python -m agents.path ADDRESS`: one trace, printed as JSON. The agent asks a child for it.

What comes out is `{"hops": […], "reached": …, "refused": …}`, or `{"failed": REASON}` where none could be made.
"""

import argparse
import json
import logging
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict

from agents.icmp.refusals import refusal

MEMORY_BYTES = 384 << 20
"""Of address space: scapy takes 90 MB of it."""
CPU_S = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Trace and print. The exit code is 0 whatever was found."""
    given = _parser().parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    logging.getLogger("scapy").setLevel(logging.ERROR)
    from agents.path.trace import NoRawSocket, Order, trace

    order = Order(
        given.target,
        given.method,
        given.port,
        given.max_hops,
        given.probes,
        given.pace_ms / 1000,
        given.deadline_ms / 1000,
    )
    try:
        found: dict[str, object] = asdict(trace(order))
    except NoRawSocket as error:
        found = {"failed": f"no raw socket|{error}"}
    except OSError as error:
        found = {"failed": refusal(error)}
    json.dump(found, sys.stdout)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agents.path", description="The routers on the way.")
    parser.add_argument("target", help="a literal address")
    parser.add_argument("--method", choices=("udp", "icmp", "tcp"), default="udp")
    parser.add_argument("--port", type=int, default=33434, help="of the target, for UDP and TCP")
    parser.add_argument("--max-hops", type=int, default=30)
    parser.add_argument("--probes", type=int, default=3, help="of each hop")
    parser.add_argument("--pace-ms", type=int, default=15, help="between two probes")
    parser.add_argument("--deadline-ms", type=int, default=8_000, help="of all of it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
