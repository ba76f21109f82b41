"""Configurations of routers and switches, as agents fetched them: what was seen when, how they differ, what is wrong in them.

`lines` (differences), `versions` and `compliance` (with `rules.toml`) are pure; `store` keeps what comes, `reads` gives it back.
"""
