"""What happened, one row per fact, written in the transaction that made it true."""

from polypost.events.outbox import TOPIC, Event, Events, OutboxRow, event, heard_by, outbox

__all__ = ["TOPIC", "Event", "Events", "OutboxRow", "event", "heard_by", "outbox"]
