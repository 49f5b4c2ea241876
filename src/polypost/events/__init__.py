"""What happened, one row per fact, written in the transaction that made it true."""

from polypost.events.outbox import TOPIC, append, heard_by, outbox

__all__ = ["TOPIC", "append", "heard_by", "outbox"]
