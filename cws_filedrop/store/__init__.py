"""Our rows in the database: a module for each kind of row, which reads and writes them; each change is one transaction.

A function whose name ends in `_in` works within a transaction of its caller's.
"""
