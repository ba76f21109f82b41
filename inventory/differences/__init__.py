"""What changed at machines since any day, for a unit, a district or the province.

`notes` (what of two contents counts, pure), `keeper` (kept of each version as it comes, and read), `since` (what follows from it for
people, pure), `tables`.
"""
