"""Traceroute: the routers on the way to a target, in a short-lived child (`python -m agents.path`).

`flow` knows what tells our probes from all other packets and from each other, and reads answers; `tally` makes hops of
them; both are pure. `packets` composes probes with scapy, `trace` sends and listens. Nothing but the child imports
`packets` or `trace`: scapy would cost the resident agent more memory than all the rest of it.
`docs/decisions/path.md` says why it is made like this.
"""
