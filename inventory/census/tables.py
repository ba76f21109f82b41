"""Tables of the state store that the census needs."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

machine_facts = sa.Table(
    "machine_facts",
    METADATA,
    sa.Column("face", sa.Integer, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Of each row of `heard`: what `facts` makes of what it said at that time, as JSON, and what it is found by (`words`). Can be
made anew at any time. Searches read the index of `words` through, a third of the table."""

coverage_days = sa.Table(
    "coverage_days",
    METADATA,
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("counts", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The counts of a unit at the end of a day of the province (`day`: days since 1970 in UTC+7), as JSON."""
