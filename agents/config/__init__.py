"""Configurations of routers and switches, read over SSH by a child of the agent.

`fetch` speaks to the device with netmiko and is loaded in the child alone; `vendors` (data: `vendors.toml`) says what to ask
for, `normal` (pure) takes out of the answer what is secret and what moves by itself, before anything leaves the LAN.
"""
