"""Repeatable measurements against a floor of the same run: `make bench`."""
