"""HTTP/1.1 as probes need it: each phase timed, bounded in bytes, every connection through the guard of `agents.probes.reach`.

h11 does the protocol. `messages` (pure) is what is asked and answered, `lines` are the connections.
"""
