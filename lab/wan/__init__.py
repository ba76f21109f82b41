"""The province for real, in Linux network namespaces: routers, LANs, lines, and real agents in them (`docs/lab.md`)."""
