"""How often a sign-in may fail. Pure: time is an argument, memory is bounded."""

import ipaddress
from collections import OrderedDict, deque


class Limiter:
    """At most `limit` attempts of each key within any `window_ms`."""

    def __init__(self, limit: int, window_ms: int, *, keys: int = 10_000) -> None:
        self._limit, self._window_ms, self._keys = limit, window_ms, keys
        self._attempts: OrderedDict[str, deque[int]] = OrderedDict()

    def wait_ms(self, key: str, now: int) -> int:
        """Milliseconds until the next attempt of `key` is allowed; 0 when it is now."""
        attempts = self._attempts.get(key)
        if attempts is None or len(attempts) < self._limit:
            return 0
        return max(0, attempts[0] + self._window_ms - now)

    def attempt(self, key: str, now: int) -> None:
        """Count one. Of more keys than fit, the one that was quiet longest is forgotten."""
        self._attempts.setdefault(key, deque(maxlen=self._limit)).append(now)
        self._attempts.move_to_end(key)
        while len(self._attempts) > self._keys:
            self._attempts.popitem(last=False)

    def forget(self, key: str) -> None:
        """It succeeded: earlier attempts no longer count."""
        self._attempts.pop(key, None)


def network_of(address: str) -> str:
    """The key of an address: itself, or of IPv6 its /64, which one household or office holds as a whole."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)
