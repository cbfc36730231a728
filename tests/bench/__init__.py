"""Whole runs of rollspec measured beside its peers and beside the floor; `python -m tests.bench --help`."""
