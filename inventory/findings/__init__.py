"""Devices in a unit's LAN that nobody approved, and devices that are missing. `decide` is pure, `keeper` stores what follows."""
