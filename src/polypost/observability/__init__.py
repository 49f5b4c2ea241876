"""Structured log, fail points and counters; knows nobody above it."""
