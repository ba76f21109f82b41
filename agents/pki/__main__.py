"""`python -m agents.pki`: whether an answer is to be believed. The agent asks a child for it.

In comes a line of JSON (`agents.pki.orders.Order`), and behind it the answer as it came; out goes a `Said`.
"""

import resource
import sys

import msgspec

from agents.pki.orders import Order, Said, Stamp, Status

MEMORY_BYTES = 512 << 20
"""Of address space: a list of 32 MiB, twice, and the library."""
CPU_S = 20


def verdict(order: Order, answer: bytes) -> Said:
    """What is to be said of `answer`; never raises for what is in it."""
    from agents.pki import believing
    from agents.pki.trust import Wrong
    from core.errors import BadInput

    try:
        if isinstance(order, Stamp):
            return believing.time_stamp(order, answer)
        if isinstance(order, Status):
            return believing.status(order, answer)
        return believing.revocations(order, answer)
    except Wrong as wrong:
        return wrong.said
    except (BadInput, *believing.LIBRARY):
        return Said("down", "bad answer")


def main() -> int:
    """Read, verify and print. The exit code is 0 whatever was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    said = verdict(order, sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.json.encode(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
