"""What happened, one row per fact, written in the transaction that made it true."""

from polypost.events.outbox import TOPIC, append, outbox

__all__ = ["TOPIC", "append", "outbox"]
