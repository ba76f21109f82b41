"""Tables of the state store for what changed at machines. All of it can be made anew from the versions, at any time."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

machine_notes = sa.Table(
    "machine_notes",
    METADATA,
    sa.Column("face", sa.Integer, primary_key=True),
    sa.Column("at", Time, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("back", sa.Boolean, primary_key=True),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("delta", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""`inventory.differences.notes`: of each version of a face against the one before of the same agent on the machine, `at` its first time.
`back`: from the last version to an earlier one, when the machine was found to be as it had been then."""

machine_updates = sa.Table(
    "machine_updates",
    METADATA,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("face", sa.Integer, primary_key=True, index=True),
    sa.Column("at", Time, nullable=False),
    sqlite_with_rowid=False,
)
"""When a product was seen in another version last; of what is in nearly every version, one row and no more. `unit` is the
face's, so that they are counted where they lie."""

followed = sa.Table(
    "followed",
    METADATA,
    sa.Column("machine", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("versions", sa.Integer, nullable=False),
    sa.Column("mark", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""How far notes of a machine go: `token` of its faces and their versions, `mark` of the versions in their order."""
