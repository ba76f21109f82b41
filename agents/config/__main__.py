"""`python -m agents.config`: one configuration of one device, printed as JSON (`agents.config.orders.Said`).

What to fetch, with the password or the key, is read from standard input: arguments and environment can be read by others.
"""

import logging
import resource
import sys
import time

import msgspec

from agents.config.orders import Given, Said

MEMORY_BYTES = 384 << 20
"""Of address space: netmiko takes 55 MB of it, each thread 8."""
CPU_S = 60
_LONGEST_ORDER = 64 << 10


def main() -> int:
    """Fetch and print. The exit code is 0 whatever was found."""
    given = msgspec.json.decode(sys.stdin.buffer.read(_LONGEST_ORDER), type=Given)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    # A dump would have the password, or the key, in it, and libraries log what they say.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable()
    from agents.config.fetch import fetch

    left, order = given.until - time.monotonic(), given.order
    try:
        # With too little of its time left a device would be said to be silent that was hardly asked.
        said = (
            fetch(msgspec.structs.replace(order, seconds=left))
            if left > order.seconds / 2
            else Said(failed="not fetched|timeout")
        )
    except Exception as error:  # noqa: BLE001 - its text may quote what was sent, the password among it
        said = Said(failed=f"not fetched|{type(error).__name__}")
    sys.stdout.buffer.write(msgspec.json.encode(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
