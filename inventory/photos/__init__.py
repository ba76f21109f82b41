"""Photos of machines. `jpeg` is pure: what is taken of a file; `keeper` stores it."""
