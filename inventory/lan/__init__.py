"""What agents heard of the machines in their LANs: documents of kind `lan`, kept as one sighting for each MAC in a unit.

`told` (the document, and how what it tells is put together; pure), `store` (into the state store), `reads` (out of it),
`vendors` (whose MAC it is).
"""
