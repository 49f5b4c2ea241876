"""The tables of the first release."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0001"
down_revision = None

# Whole microseconds since 1970 UTC, and JSON as text: both stores keep them alike.
INSTANT = BigInteger
JSON = Text


def upgrade() -> None:
    """Create every table, room by room."""
    _access()
    _integrations()
    _oauth_states()
    _media()
    _credits()
    _posts()
    _targets()
    _attempts()
    _timeline()
    _events()
    _engine()


def _access() -> None:
    op.create_table(
        "projects",
        Column("id", String(40), nullable=False),
        Column("name", Text, nullable=False),
        Column("credit_limit", Integer),
        Column("dedupe_window_seconds", Integer, nullable=False),
        Column("disabled_at", INSTANT),
        Column("created_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_table(
        "api_keys",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("name", Text, nullable=False),
        Column("prefix", String(16), nullable=False),
        Column("hash", String(64), nullable=False),
        Column("scopes", JSON, nullable=False),
        Column("expires_at", INSTANT),
        Column("revoked_at", INSTANT),
        Column("last_used_at", INSTANT),
        Column("created_at", INSTANT, nullable=False),
        ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_api_keys_project_id"),
        PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_project_id_created_at", "api_keys", ["project_id", "created_at"])
    op.create_index("uq_api_keys_hash", "api_keys", ["hash"], unique=True)


def _integrations() -> None:
    op.create_table(
        "integrations",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("platform", String(24), nullable=False),
        Column("platform_user_id", Text, nullable=False),
        Column("username", Text),
        Column("display_name", Text),
        Column("profile_url", Text),
        Column("image_url", Text),
        Column("platform_metadata", JSON, nullable=False),
        Column("search", Text, nullable=False),
        Column("profile_id", String(40)),
        Column("app_id", String(40)),
        Column("auth_status", String(20), nullable=False),
        Column("auth_failure_reason", String(24)),
        Column("auth_failure_detail", Text),
        Column("access_token", Text),
        Column("refresh_token", Text),
        Column("extra", Text),
        Column("access_expires_at", INSTANT),
        Column("refresh_expires_at", INSTANT),
        Column("stale_at", INSTANT),
        Column("scopes", JSON, nullable=False),
        Column("token_version", Integer, nullable=False),
        Column("renew_at", INSTANT),
        Column("refresh_owner", String(40)),
        Column("refresh_until", INSTANT),
        Column("refresh_in_doubt", Boolean, nullable=False),
        Column("disconnected_at", INSTANT),
        Column("created_at", INSTANT, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_integrations"),
        UniqueConstraint(
            "project_id",
            "platform",
            "platform_user_id",
            name="uq_integrations_project_id_platform_platform_user_id",
        ),
    )
    op.create_index("ix_integrations_project_id_created_at", "integrations", ["project_id", "created_at"])
    op.create_index(
        "ix_integrations_renew_at",
        "integrations",
        ["renew_at"],
        sqlite_where=text("disconnected_at IS NULL AND auth_status = 'active'"),
        postgresql_where=text("disconnected_at IS NULL AND auth_status = 'active'"),
    )


def _oauth_states() -> None:
    op.create_table(
        "oauth_states",
        Column("hash", String(64), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("platform", String(24), nullable=False),
        Column("app_id", String(40)),
        Column("verifier", Text),
        Column("redirect_uri", Text),
        Column("cancel_redirect_uri", Text),
        Column("headless", Boolean, nullable=False),
        Column("profile_id", String(40)),
        Column("browser", String(64)),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("used_at", INSTANT),
        PrimaryKeyConstraint("hash", name="pk_oauth_states"),
    )
    op.create_index("ix_oauth_states_expires_at", "oauth_states", ["expires_at"])
    op.create_table(
        "redirect_allowlist",
        Column("project_id", String(40), nullable=False),
        Column("uri", Text, nullable=False),
        PrimaryKeyConstraint("project_id", "uri", name="pk_redirect_allowlist"),
    )
    op.create_table(
        "data_keys",
        Column("project_id", String(40), nullable=False),
        Column("key_id", String(40), nullable=False),
        Column("wrapped", Text, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("project_id", name="pk_data_keys"),
    )


def _media() -> None:
    op.create_table(
        "media_files",
        Column("id", Text, nullable=False),
        Column("project_id", Text, nullable=False),
        Column("post_id", Text, nullable=False),
        Column("url", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("path", Text, nullable=False),
        Column("size", BigInteger),
        Column("sha256", Text),
        Column("facts", JSON),
        Column("error_code", Text),
        Column("error_message", Text),
        Column("lease_owner", Text, nullable=False),
        Column("lease_until", INSTANT, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("ready_at", INSTANT),
        Column("delete_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_media_files"),
        UniqueConstraint("post_id", "url", "host", name="uq_media_files_post_id_url_host"),
    )
    op.create_index("ix_media_files_delete_at", "media_files", ["delete_at"])


def _credits() -> None:
    op.create_table(
        "ledger",
        Column("target_id", String(40), nullable=False),
        Column("generation", Integer, nullable=False),
        Column("kind", String(8), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("amount", Integer, nullable=False),
        Column("platform", String(24), nullable=False),
        Column("integration_id", String(40), nullable=False),
        Column("at", INSTANT, nullable=False),
        PrimaryKeyConstraint("target_id", "generation", "kind", name="pk_ledger"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_project_id_kind_at", "ledger", ["project_id", "kind", "at"])


def _posts() -> None:
    op.create_table(
        "posts",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("api_key_id", String(40)),
        Column("content", Text, nullable=False),
        Column("status", String(16), nullable=False),
        Column("media", JSON, nullable=False),
        Column("raw", JSON, nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("scheduled_for", INSTANT),
        Column("local_time", String(40)),
        Column("tzdata", String(16)),
        Column("warning", Text),
        Column("fingerprint", BigInteger),
        Column("delivery", String(8)),
        Column("server", String(64)),
        Column("created_at", INSTANT, nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("deleted_at", INSTANT),
        PrimaryKeyConstraint("id", name="pk_posts"),
    )
    op.create_index(
        "ix_posts_lost",
        "posts",
        ["fingerprint"],
        sqlite_where=text("delivery = 'lost'"),
        postgresql_where=text("delivery = 'lost'"),
    )
    op.create_index("ix_posts_project_id_created_at", "posts", ["project_id", "created_at"])
    op.create_index("ix_posts_project_id_scheduled_for", "posts", ["project_id", "scheduled_for"])


def _targets() -> None:
    op.create_table(
        "targets",
        Column("id", String(40), nullable=False),
        Column("post_id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("position", Integer, nullable=False),
        Column("platform", String(24), nullable=False),
        Column("integration_id", String(40), nullable=False),
        Column("content", Text),
        Column("options", JSON, nullable=False),
        Column("state", String(12), nullable=False),
        Column("price", Integer, nullable=False),
        Column("generation", Integer, nullable=False),
        Column("due_at", INSTANT),
        Column("next_at", INSTANT),
        Column("rung_at", INSTANT),
        Column("lease_until", INSTANT),
        Column("lease_by", String(40)),
        Column("epoch", Integer, nullable=False),
        Column("attempted", Boolean, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("first_try_at", INSTANT),
        Column("looks", Integer, nullable=False),
        Column("doubt_since", INSTANT),
        Column("journal", JSON),
        Column("wait_reason", String(40)),
        Column("step", String(80)),
        Column("proof_id", String(255)),
        Column("proof_url", Text),
        Column("published_at", INSTANT),
        Column("removed_at", INSTANT),
        Column("error_code", String(48)),
        Column("error_message", Text),
        Column("warning", Text),
        Column("updated_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_targets"),
    )
    op.create_index(
        "ix_targets_integration_id_due_at",
        "targets",
        ["integration_id", "due_at"],
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_targets_next_at",
        "targets",
        ["next_at"],
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    )
    op.create_index("ix_targets_post_id", "targets", ["post_id"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("target_id", String(40), nullable=False),
        Column("integration_id", String(40), nullable=False),
        Column("generation", Integer, nullable=False),
        Column("part", String(80), nullable=False),
        Column("number", Integer, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("started_at", INSTANT, nullable=False),
        Column("fingerprint", String(64), nullable=False),
        Column("handles", JSON, nullable=False),
        Column("finished_at", INSTANT),
        Column("outcome", String(12)),
        Column("proof_id", String(255)),
        Column("proof_url", Text),
        Column("detail", Text),
        PrimaryKeyConstraint("id", name="pk_attempts"),
        UniqueConstraint(
            "target_id", "generation", "part", "number", name="uq_attempts_target_id_generation_part_number"
        ),
    )
    op.create_index(
        "uq_attempts_open",
        "attempts",
        ["target_id"],
        unique=True,
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    )
    op.create_index("uq_attempts_proof", "attempts", ["integration_id", "proof_id"], unique=True)
    op.create_table(
        "lanes",
        Column("integration_id", String(40), nullable=False),
        Column("target_id", String(40)),
        Column("lease_until", INSTANT),
        Column("not_before", INSTANT),
        Column("refusals", Integer, nullable=False),
        PrimaryKeyConstraint("integration_id", name="pk_lanes"),
    )


def _timeline() -> None:
    op.create_table(
        "timeline",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("post_id", String(40), nullable=False),
        Column("target_id", String(40)),
        Column("at", INSTANT, nullable=False),
        Column("kind", String(24), nullable=False),
        Column("message", Text, nullable=False),
        Column("detail", JSON),
        PrimaryKeyConstraint("id", name="pk_timeline"),
    )
    op.create_index("ix_timeline_post_id", "timeline", ["post_id"])
    op.create_table(
        "idempotency",
        Column("project_id", String(40), nullable=False),
        Column("operation", String(120), nullable=False),
        Column("key", String(255), nullable=False),
        Column("fingerprint", BigInteger, nullable=False),
        Column("post_id", String(40), nullable=False),
        Column("created_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("project_id", "operation", "key", name="pk_idempotency"),
    )


def _events() -> None:
    op.create_table(
        "outbox",
        Column("id", String(40), nullable=False),
        Column("project_id", String(40), nullable=False),
        Column("type", String(40), nullable=False),
        Column("subject", String(40), nullable=False),
        Column("generation", String(16), nullable=False),
        Column("payload", JSON, nullable=False),
        Column("at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject"])


def _engine() -> None:
    op.create_table(
        "workers",
        Column("id", String(40), nullable=False),
        Column("name", Text, nullable=False),
        Column("seen_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_workers"),
    )
