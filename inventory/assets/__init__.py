"""What a unit's asset book says of its machines: taken from CSV and XLSX, kept with versions, held against what was heard.

`sheet` is the table as people see it, `read` makes lines of a file, `keeper` keeps them, `match` (pure) says which row is
which machine, `book` puts it all together for one unit.
"""
