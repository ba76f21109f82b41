"""Machines as inventories tell of them: what came, kept as versions; and which of it is one machine.

`store` takes inventories in, `contents` keeps each content once and as a difference, `identities` holds the faces against each
other (`inventory.matching`), `reads` is what people ask for. Facts (faces, versions) are stored; machines are derived.
"""
