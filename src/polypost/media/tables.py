"""The one table of this room: a row is one file of one post on one host."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint

from polypost.storage import Instant, Json, metadata

# `host` names the machine or data folder that holds the file: another one fetches for itself.
# `path` is relative to the media folder and new with every claim, so that a fetch whose claim was taken over
# can neither overwrite nor record anything.
# `lease_until` ends the claim of a fetch, or the time for which the verdict of a failed one stands.
media_files = Table(
    "media_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("post_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger),
    Column("sha256", Text),
    Column("facts", Json),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("lease_owner", Text, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ready_at", Instant),
    Column("delete_at", Instant, nullable=False),
    UniqueConstraint("post_id", "url", "host"),
    Index(None, "delete_at"),
)
