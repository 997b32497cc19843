"""LINES to verdicts: one module per subject, `judgement` over all of them, `catalogue` for the texts.

This file imports nothing, so that `catalogue` can be loaded without pandas and Arrow: the doors need only the texts,
and start faster and smaller without those.
"""
