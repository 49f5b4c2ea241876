"""The tables of this room: files fetched for posts, uploads, and the posts for which uploads are kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint

from polypost.storage import Instant, Json, metadata, partial_index

# A row of `media_files` is one file of one post on one host.
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

# `host` is the folder that holds the bytes, or the word for the bucket. `part` and `offset` are of a file that
# grows by several requests; `path` is the finished one. `delete_at` is empty while a post needs the file.
uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("length", BigInteger),
    Column("state", Text, nullable=False),
    Column("part", Text),
    Column("offset", BigInteger, nullable=False),
    Column("path", Text),
    Column("size", BigInteger),
    Column("sha256", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("completed_at", Instant),
    Column("delete_at", Instant),
    Index(None, "delete_at"),
    Index(None, "host", "state"),
    # Rows of files that are gone stay as long as posts show them: lists pass over all of those.
    partial_index("ix_uploads_here", "project_id", "created_at", where="state IN ('open', 'complete')"),
)

# `holder_id` is the post that shows an upload; `until` is empty while it may still be published.
upload_holds = Table(
    "upload_holds",
    metadata,
    Column("upload_id", Text, primary_key=True),
    Column("holder_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("until", Instant),
    Index(None, "holder_id"),
)
