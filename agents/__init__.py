"""In a unit's LAN: probes, the outbox, the uplink. Imports core and nothing else of ours."""
