"""Tables of the access room. Of keys, sessions and invitations only the hash is kept."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from polypost.storage import Instant, Json, metadata, partial_index

projects = Table(
    "projects",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("credit_limit", Integer),
    Column("dedupe_window_seconds", Integer, nullable=False),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("monthly_credits", Integer),
    Index("uq_projects_name", "name", unique=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("profiles", Json),
    # The person who made it at the dashboard.
    Column("made_by", String(40)),
    Index("uq_api_keys_hash", "hash", unique=True),
    Index("ix_api_keys_project_id_created_at", "project_id", "created_at"),
)

people = Table(
    "people",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    # The name without the differences that nobody sees.
    Column("folded", Text, nullable=False),
    Column("password", Text, nullable=False),
    # Who runs this server is an owner of every project.
    Column("operator", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    partial_index("uq_people_folded", "folded", unique=True, where="removed_at IS NULL"),
)

members = Table(
    "members",
    metadata,
    Column("project_id", String(40), ForeignKey("projects.id"), primary_key=True),
    Column("person_id", String(40), ForeignKey("people.id"), primary_key=True),
    Column("role", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_members_person_id", "person_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("person_id", String(40), ForeignKey("people.id"), nullable=False),
    Column("agent", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    # When the password was asked for last.
    Column("confirmed_at", Instant, nullable=False),
    Index("uq_sessions_hash", "hash", unique=True),
    Index("ix_sessions_person_id", "person_id"),
    Index("ix_sessions_seen_at", "seen_at"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("hash", String(64), nullable=False),
    # The first person, a member of a project, or somebody who has lost the password.
    Column("kind", String(10), nullable=False),
    Column("project_id", String(40), ForeignKey("projects.id")),
    Column("role", String(10)),
    Column("person_id", String(40), ForeignKey("people.id")),
    Column("created_by", String(40)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("uq_invitations_hash", "hash", unique=True),
)

# Programs that registered themselves to ask for access (RFC 7591); those that have a document of their own are nowhere.
oauth_clients = Table(
    "oauth_clients",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("redirect_uris", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_oauth_clients_created_at", "created_at"),
)

# What a person lets an agent do in a project.
oauth_grants = Table(
    "oauth_grants",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), ForeignKey("projects.id"), nullable=False),
    Column("person_id", String(40), ForeignKey("people.id"), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    Index("ix_oauth_grants_project_id_created_at", "project_id", "created_at"),
)

# Codes, access tokens and refresh tokens, each known by its hash; `used_at` is set where one works once.
oauth_tokens = Table(
    "oauth_tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("grant_id", String(40), ForeignKey("oauth_grants.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    # Of a code: to where it was sent, and what its verifier has to hash to.
    Column("redirect_uri", Text),
    Column("challenge", String(64)),
    Index("ix_oauth_tokens_grant_id", "grant_id"),
    Index("ix_oauth_tokens_expires_at", "expires_at"),
)

acts = Table(
    "acts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("person_id", String(40)),
    Column("project_id", String(40)),
    Column("what", String(40), nullable=False),
    Column("detail", Json, nullable=False),
    Index("ix_acts_project_id_at", "project_id", "at"),
)

requests = Table(
    "requests",
    metadata,
    # Ids are ordered by time: by the key a project's are paged through, and forgotten.
    Column("project_id", String(40), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("method", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("key_id", String(40), nullable=False),
    # What an error said.
    Column("code", String(48)),
    Column("message", Text),
    # How many others of the same moment were not kept.
    Column("missed", Integer, nullable=False),
    Column("cut", Boolean, nullable=False),
    # Last, so that a look along the list reads none.
    Column("body", Text, nullable=False),
    partial_index("ix_requests_refused", "project_id", "id", where="status >= 400"),
)
