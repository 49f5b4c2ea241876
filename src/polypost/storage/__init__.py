"""The store: one transaction a request or a job, on SQLite or PostgreSQL, with the same functions."""

from polypost.storage.conflicts import insert_new, upsert
from polypost.storage.gathering import Apart, Joint
from polypost.storage.hot import HotInsert, HotSelect, HotUpdate, HotWrite
from polypost.storage.ids import earliest_id, new_id, random_hex
from polypost.storage.invariants import SAMPLE, Invariant
from polypost.storage.metadata import Instant, Json, metadata, partial_index
from polypost.storage.opening import open_store
from polypost.storage.rows import as_dict, row_of, rows_of
from polypost.storage.signals import Signals, emit, notify
from polypost.storage.steps import STEP, in_steps
from polypost.storage.store import CommitUnknown, Store, after_commit, keep_receipt, receipt
from polypost.storage.together import (
    FIRST_TOUCHED,
    Change,
    Insert,
    Update,
    Write,
    fenced,
    together,
    told_with,
)

__all__ = [
    "FIRST_TOUCHED",
    "SAMPLE",
    "STEP",
    "Apart",
    "Change",
    "CommitUnknown",
    "HotInsert",
    "HotSelect",
    "HotUpdate",
    "HotWrite",
    "Insert",
    "Instant",
    "Invariant",
    "Joint",
    "Json",
    "Signals",
    "Store",
    "Update",
    "Write",
    "after_commit",
    "as_dict",
    "earliest_id",
    "emit",
    "fenced",
    "in_steps",
    "insert_new",
    "keep_receipt",
    "metadata",
    "new_id",
    "notify",
    "open_store",
    "partial_index",
    "random_hex",
    "receipt",
    "row_of",
    "rows_of",
    "together",
    "told_with",
    "upsert",
]
