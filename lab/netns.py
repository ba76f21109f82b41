"""Into a network namespace and back, and what must be done from inside one. Linux, root."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("/run/netns")
"""Where `ip netns` keeps its names."""
_CLONE_NEWNET = 0x40000000
_IFF_TUN, _IFF_TAP, _IFF_NO_PI = 0x0001, 0x0002, 0x1000
_TUNSETIFF = 0x400454CA
_SIOCSIFTXQLEN = 0x8943
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Put this thread into the namespace (a name as in `ip netns`) for the length of the block.

    Only this thread moves: no `await` within.

    Raises:
        OSError: there is no such namespace, or we are not root.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(namespace)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)


def enter(namespace: str) -> None:
    """Put this thread into the namespace for good."""
    there = os.open(FOLDER / namespace, os.O_RDONLY)
    try:
        _setns(there)
    finally:
        os.close(there)


def _setns(fd: int) -> None:
    # os.setns came with Python 3.12.
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def open_tun(namespace: str, device: str, *, queue: int, frames: bool = False) -> int:
    """A new TUN device in the namespace, as a non-blocking descriptor of bare IP packets. It lives as long as that. With
    `frames` it is a TAP device, of Ethernet frames.

    `queue` is how many packets the kernel holds for the reader.
    """
    with inside(namespace):
        # The kernel makes the device where /dev/net/tun was opened, so that has to happen here.
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            name = device.encode()
            fcntl.ioctl(
                fd, _TUNSETIFF, struct.pack("16sH22x", name, (_IFF_TAP if frames else _IFF_TUN) | _IFF_NO_PI)
            )
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, _SIOCSIFTXQLEN, struct.pack("16si20x", name, queue))
            # Without IPv6 neighbours and listeners of its own, a line carries what is sent and nothing else.
            setting = Path("/proc/sys/net/ipv6/conf", device, "addr_gen_mode")
            if setting.exists():
                setting.write_text("1")
        except BaseException:
            os.close(fd)
            raise
    return fd


def device_drops(device: str) -> int:
    """Packets that were sent into a device of this thread's namespace and that nobody took out in time."""
    for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
        name, _, figures = line.partition(":")
        if name.strip() == device:
            return int(figures.split()[11])
    return 0
