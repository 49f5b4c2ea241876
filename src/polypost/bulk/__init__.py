"""Many posts from one file: the upload is kept whole before its first row becomes a post, and each row becomes one post or none.

A row and its post are one commit, so that a process that dies in the middle goes on where it stopped (decision 0016).
"""

from polypost.bulk.rows import Row, page
from polypost.bulk.run import RING, BulkRun, Reading, due
from polypost.bulk.uploads import (
    Bulk,
    NewRow,
    add_rows,
    begin,
    clean,
    drop,
    find,
    finish,
    known,
    list_bulks,
    stop,
)

__all__ = [
    "RING",
    "Bulk",
    "BulkRun",
    "NewRow",
    "Reading",
    "Row",
    "add_rows",
    "begin",
    "clean",
    "drop",
    "due",
    "find",
    "finish",
    "known",
    "list_bulks",
    "page",
    "stop",
]
