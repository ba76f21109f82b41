"""Our own ICMP echo engine: one socket per family for all targets, timed by the kernel.

`packets` and `stats` are pure (bytes and numbers in, values out); `sockets` opens what the system allows;
`engine` sends, paces, matches and waits. docs/decisions/icmp-engine.md says why it is ours and what it costs.
"""
