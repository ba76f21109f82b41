"""What agents heard of the machines in their LANs, and switches told: documents of kinds `lan` and `bridge`, kept as one sighting for each MAC
in a unit.

`told` (the document, and how what it tells is put together; pure), `store` (into the state store), `reads` (out of it),
`vendors` (whose MAC it is), `classes` (what it is), `ports` (behind which port of which switch it is).
"""
