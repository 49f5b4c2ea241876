"""Rings handlers at least once, by key and time. Stale and double rings are harmless: the claim decides."""

from polypost.engine.port import Engine, Handler, Ring, Source

__all__ = ["Engine", "Handler", "Ring", "Source"]
