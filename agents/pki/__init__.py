"""What certificates, time stamps and lists of revocations say, and whether it is true.

`der`, `facts`, `weakness`, `requests` and `stamp` are light and pure: bytes in, values out. `trust` and `believing` verify; they load a
library for it, and so run in a short-lived child, `python -m agents.pki`, which `agents.probes.belief` starts. `orders` is what the
two say to each other.
"""
