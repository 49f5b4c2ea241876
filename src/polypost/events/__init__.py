"""What happened, one row per fact, written in the transaction that made it true."""

from polypost.events.outbox import TOPIC, event, heard_by, outbox

__all__ = ["TOPIC", "event", "heard_by", "outbox"]
