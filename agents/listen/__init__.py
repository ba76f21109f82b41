"""What devices tell unasked: traps and syslog messages, from bytes to events.

`intake` decides (pure), `kinds` says what a syslog message means, `buckets` bounds how much is taken; `sockets` is the
edge. Traps are decoded in the SNMP child (`agents/snmp/`). The probe `agents/probes/listen.py` keeps it all running.
"""
