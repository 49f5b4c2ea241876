"""Many posts from one file: the upload is kept whole before its first row becomes a post, and each row becomes one post or none.

A row and its post are one commit, so that a process that dies in the middle goes on where it stopped (decision 0016).
"""

from polypost.bulk.receiving import FILE_BYTES, BulkReceiver, too_large
from polypost.bulk.rows import Row, page
from polypost.bulk.run import KIND, BulkRun, due
from polypost.bulk.uploads import (
    KEPT,
    Bulk,
    NewRow,
    add_rows,
    begin,
    carried_out,
    clean,
    find,
    finish,
    list_bulks,
    stop,
)

__all__ = [
    "FILE_BYTES",
    "KEPT",
    "KIND",
    "Bulk",
    "BulkReceiver",
    "BulkRun",
    "NewRow",
    "Row",
    "add_rows",
    "begin",
    "carried_out",
    "clean",
    "due",
    "find",
    "finish",
    "list_bulks",
    "page",
    "stop",
    "too_large",
]
