"""The machines in the agent's own LAN, by a sweep and by listening, in a short-lived child (`python -m agents.sweep`).

Each address of the interfaces' own IPv4 networks is asked for by ARP, in rounds; those who stay silent are asked again, for as long as
somebody may be missing. By IPv6 nobody can ask 2^64 addresses: all are asked at once (ff02::1), and whoever speaks is noted. Meanwhile, and for a
bounded time after, the child hears what machines tell everybody of themselves.

`networks` (which networks are the unit's own), `rounds` (whom to ask next, and when enough is enough), `capture` (which frames the
kernel hands over), `frames` and the parsers that it calls (`dns`, `netbios`, `dhcp`, `discovery`, `neighbours`), and `tally` (what was heard of
whom) are pure. `packets` composes frames with scapy and `sweep` sends and listens: only the child loads these two.
"""
