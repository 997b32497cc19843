"""LINES to verdicts: one module a subject, `judgement` over all of them, `catalogue` for what to say.

This file imports nothing, so that the words can be had without the tables: the doors are light.
"""
