"""The store: one transaction a request or a job, on SQLite or PostgreSQL, with the same functions."""

from polypost.storage.hot import HotInsert, HotSelect, HotUpdate
from polypost.storage.metadata import Instant, Json, metadata, partial_index
from polypost.storage.records import earliest_id, new_id, random_hex
from polypost.storage.signals import Signals, emit
from polypost.storage.store import CommitUnknown, Store, after_commit, keep_receipt, open_store, receipt

__all__ = [
    "CommitUnknown",
    "HotInsert",
    "HotSelect",
    "HotUpdate",
    "Instant",
    "Json",
    "Signals",
    "Store",
    "after_commit",
    "earliest_id",
    "emit",
    "keep_receipt",
    "metadata",
    "new_id",
    "open_store",
    "partial_index",
    "random_hex",
    "receipt",
]
