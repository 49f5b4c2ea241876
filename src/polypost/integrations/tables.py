"""Tables of the integrations room. Whatever could publish for somebody is sealed (vault.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from polypost.storage import Instant, Json, metadata, partial_index

# Also in the query, word for word: only then the planners take the index.
RENEWED = text("disconnected_at IS NULL AND auth_status = 'active'")

# One row an account for life: connecting it again finds the old id, which posts refer to.
# Accounts that came of one login have its `grant_id`: ending the authorisation of one would end the others'.
integrations = Table(
    "integrations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("platform", String(24), nullable=False),
    Column("platform_user_id", Text, nullable=False),
    Column("username", Text),
    Column("display_name", Text),
    Column("profile_url", Text),
    Column("image_url", Text),
    Column("platform_metadata", Json, nullable=False),
    Column("search", Text, nullable=False),
    Column("profile_id", String(40)),
    Column("app_id", String(40)),
    Column("auth_status", String(20), nullable=False),
    Column("auth_failure_reason", String(24)),
    Column("auth_failure_detail", Text),
    Column("access_token", Text),
    Column("refresh_token", Text),
    Column("extra", Text),
    Column("access_expires_at", Instant),
    Column("refresh_expires_at", Instant),
    Column("stale_at", Instant),
    Column("scopes", Json, nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("renew_at", Instant),
    Column("refresh_owner", String(40)),
    Column("refresh_until", Instant),
    Column("refresh_in_doubt", Boolean, nullable=False),
    Column("disconnected_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("grant_id", String(40)),
    UniqueConstraint("project_id", "platform", "platform_user_id"),
    Index("ix_integrations_project_id_created_at", "project_id", "created_at"),
    partial_index("ix_integrations_renew_at", "renew_at", where=RENEWED.text),
)


class IntegrationRow:
    """A row of `integrations`."""

    id: str
    project_id: str
    platform: str
    platform_user_id: str
    username: str | None
    display_name: str | None
    profile_url: str | None
    image_url: str | None
    platform_metadata: Any
    search: str
    profile_id: str | None
    app_id: str | None
    auth_status: str
    auth_failure_reason: str | None
    auth_failure_detail: str | None
    access_token: str | None
    refresh_token: str | None
    extra: str | None
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    stale_at: datetime | None
    scopes: Any
    token_version: int
    renew_at: datetime | None
    refresh_owner: str | None
    refresh_until: datetime | None
    refresh_in_doubt: bool
    disconnected_at: datetime | None
    created_at: datetime
    updated_at: datetime
    grant_id: str | None


oauth_states = Table(
    "oauth_states",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("platform", String(24), nullable=False),
    Column("app_id", String(40)),
    Column("verifier", Text),
    Column("redirect_uri", Text),
    Column("cancel_redirect_uri", Text),
    Column("headless", Boolean, nullable=False),
    Column("profile_id", String(40)),
    Column("browser", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("server", String(255)),
    Index("ix_oauth_states_expires_at", "expires_at"),
)

# What a login offers until the person has chosen; the accounts with their tokens are sealed.
selections = Table(
    "selections",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("platform", String(24), nullable=False),
    Column("app_id", String(40)),
    Column("profile_id", String(40)),
    Column("redirect_uri", Text),
    Column("accounts", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("ix_selections_expires_at", "expires_at"),
)

# Apps of the projects' own; `server` is empty but for those that Polypost registered itself on a named server.
apps = Table(
    "apps",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("platform", String(24), nullable=False),
    Column("server", String(255), nullable=False),
    Column("name", String(200), nullable=False),
    Column("image_url", Text),
    Column("client_id", Text, nullable=False),
    Column("client_secret", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("project_id", "platform", "server", "client_id"),
)

# Groups of accounts; `search` is the name as it is looked in.
profiles = Table(
    "profiles",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("search", Text, nullable=False),
    Column("description", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Index("ix_profiles_project_id_created_at", "project_id", "created_at"),
)

redirect_allowlist = Table(
    "redirect_allowlist",
    metadata,
    Column("project_id", String(40), primary_key=True),
    Column("uri", Text, primary_key=True),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("project_id", String(40), primary_key=True),
    Column("key_id", String(40), nullable=False),
    Column("wrapped", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
