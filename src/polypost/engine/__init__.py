"""Wakes handlers at least once, by key and time. Stale and double wake-ups are harmless: the claim decides."""

from polypost.engine.due import source
from polypost.engine.port import LOOKAHEAD, Engine, Handler, Source, WakeUp, rung, rung_by_sweep
from polypost.engine.runner import aside
from polypost.engine.seats import Crowded

__all__ = [
    "LOOKAHEAD",
    "Crowded",
    "Engine",
    "Handler",
    "Source",
    "WakeUp",
    "aside",
    "rung",
    "rung_by_sweep",
    "source",
]
