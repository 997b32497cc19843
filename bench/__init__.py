"""Reproducible benchmarks: `python -m bench` measures, and writes its figures into bench/README.md."""
