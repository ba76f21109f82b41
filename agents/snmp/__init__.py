"""SNMP: asking devices in the LAN about themselves.

pysnmp takes 40 MB of memory and a fifth of a second to load, so it never enters the resident agent: a child of it
(`worker`) asks, for as long as a plan has SNMP checks, and the agent (`desk`) speaks to it in lines of JSON.
"""
