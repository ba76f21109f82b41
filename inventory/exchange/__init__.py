"""The registry as tables for people: CSV and XLSX in and out.

A file becomes a grid of texts (`csv_files`, `xlsx_files`), a grid becomes lines (`lines`), lines and what is there
become changes (`diff`), and what would come out is held against `rules`. All of that is pure and gathers faults
instead of stopping at the first. `inventory.changes` reads what is there, and applies.
"""
