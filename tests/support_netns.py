"""Network namespaces for tests: made under a name of their own, and removed whatever happens."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

ROOT_WITH_TUN = os.geteuid() == 0 and os.access("/dev/net/tun", os.R_OK | os.W_OK)
WHY_NOT = "needs root and /dev/net/tun (network namespaces)"


@contextmanager
def namespaces(count: int) -> Iterator[list[str]]:
    """`count` fresh namespaces with loopback up."""
    names = [f"nhip-test-{uuid.uuid4().hex[:8]}" for _ in range(count)]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def run_in(namespace: str, *command: str) -> str:
    """The standard output of a command in the namespace; its exit code does not matter."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr
