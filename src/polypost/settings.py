"""Every setting, typed, with a default that works: `POLYPOST_*` in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from polypost.errors import NotConfigured
from polypost.spelling import did_you_mean

PREFIX = "POLYPOST_"
OF_A_PLATFORM = ("URL", "CLIENT_ID", "CLIENT_SECRET", "SCOPES")
# Read by the client and the commands that speak to a server, which know no settings.
OF_CLIENTS = ("SERVER", "KEY")


class Settings(BaseSettings):
    """The server's settings; a name in capitals behind `POLYPOST_` sets each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data: Path = Field(
        Path("polypost-data"), description="Folder of the embedded store, media and the master key."
    )
    database_url: str | None = Field(
        None, description="`postgresql://…` switches store and engine to PostgreSQL."
    )
    database_connections: int = Field(
        12, description="Connections that one process opens to PostgreSQL at most.", ge=5
    )
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8080, description="Port the server listens on; 0 takes a free one.", ge=0, le=65535)
    public_url: str | None = Field(
        None, description="Address under which users and networks reach this server."
    )
    master_key: str | None = Field(None, description="Base64 of the 32-byte key that wraps all data keys.")
    master_key_file: Path | None = Field(
        None, description="File with that key; made in the data folder on first start."
    )
    allow_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Exact `host:port` or `range:port` that user URLs may reach although private, by comma.",
    )
    sandbox_url: str | None = Field(
        None, description="Control address of a sandbox that runs as its own process."
    )
    sandbox_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names besides the loopback ones under which the sandbox's control surface answers, by comma.",
    )
    publish_wait_seconds: float = Field(
        20.0, description="How long a publish-now request waits for results.", ge=0
    )
    lease_seconds: float = Field(
        30.0, description="How long a worker owns a target without a sign of life.", gt=0
    )
    heartbeat_seconds: float | None = Field(
        None, description="How often it gives one; a third of the lease if unset."
    )
    reconcile_at: Annotated[tuple[float, ...], NoDecode] = Field(
        (2, 10, 60, 300, 1800), description="Seconds after a lost answer at which the network is asked."
    )
    fail_point: str | None = Field(
        None, description="`P9[:platform][@n]`: the process kills itself there, once."
    )
    attempts: int = Field(5, description="Tries of a target before it fails.", ge=1)
    attempt_hours: float = Field(
        6.0, description="Hours after the first try in which further tries may start.", gt=0
    )
    late_grace_hours: float = Field(
        24.0, description="How late a post may still go out; later it fails.", gt=0
    )
    horizon_days: int = Field(731, description="How far ahead a post may be scheduled.", ge=1)
    prices: dict[str, int] = Field(
        default_factory=dict, description="Credits per published post, by platform; else 1."
    )
    workers: int = Field(32, description="Targets one process carries out side by side.", ge=1)
    hide_unlisted_networks: bool = Field(
        default=True, description="Hide networks outside the contract's enum from the official Python client."
    )
    ai_url: str | None = Field(
        None, description="An OpenAI-compatible endpoint for captions and pictures: `https://…/v1`."
    )
    ai_key: str | None = Field(None, description="Its key.")
    ai_text_model: str | None = Field(None, description="Its model for captions.")
    ai_image_model: str | None = Field(None, description="Its model for pictures.")
    api_docs: bool | None = Field(
        None,
        description="Serve `/openapi.json` and `/docs`; if unset, with the sandbox and where both the address "
        "listened on and the public one are loopback addresses.",
    )
    rate_limit_per_minute: int = Field(6000, description="Requests a minute for one API key.", ge=1)
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses and ranges of proxies whose `X-Forwarded-For` or `Forwarded` is believed, by comma.",
    )
    connections_per_address: int = Field(
        200, description="Open connections of one address; for trusted proxies there is no limit.", ge=1
    )
    media_bytes: int | None = Field(
        None, description="Most bytes that uploads may take on the disk; else all but 200 MB of it.", ge=1
    )
    media_fit: Literal["auto", "strict"] = Field(
        "auto",
        description="Make media fit each network where a post does not say (`auto`), or send them as they are (`strict`).",
    )
    keep_media_metadata: bool = Field(
        default=False,
        description="Leave in pictures and videos what they tell of camera, place, time and author.",
    )
    s3_url: str | None = Field(
        None, description="Address of S3-compatible storage for uploads, instead of the disk."
    )
    s3_bucket: str | None = Field(None, description="Its bucket.")
    s3_access_key: str | None = Field(None, description="Access key for the bucket.")
    s3_secret_key: str | None = Field(None, description="Secret of that key.")
    s3_region: str = Field("us-east-1", description="Region of the bucket.")
    s3_public_url: str | None = Field(
        None,
        description="Address under which everybody reads the bucket; without it this server hands files on.",
    )
    webhook_retry_at: Annotated[tuple[Annotated[float, Field(ge=0)], ...], NoDecode] = Field(
        (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="Seconds after the first try at which a delivery that failed is tried again.",
    )
    webhook_timeout_seconds: float = Field(
        15.0, description="How long a webhook's receiver may take to answer.", gt=0
    )
    smtp_url: str | None = Field(
        None, description="Mail server for e-mail notifications: `smtp://user:password@host:587?starttls`."
    )
    mail_from: str | None = Field(None, description="Address that these mails come from.")

    @field_validator("allow_addresses", "sandbox_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _addresses(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("reconcile_at", "webhook_retry_at", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        return tuple(float(part) for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("public_url", "sandbox_url", "ai_url", "s3_url", "s3_public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname
        ):
            raise ValueError("must begin with http:// or https:// and name a host")
        return value

    @cached_property
    def heartbeat(self) -> float:
        """Seconds between two signs of life."""
        return self.heartbeat_seconds or self.lease_seconds / 3

    @property
    def horizon(self) -> timedelta:
        """How far ahead a post may be scheduled."""
        return timedelta(days=self.horizon_days)

    def platform(self, platform: str, name: str) -> str | None:
        """A setting of one network: `POLYPOST_<PLATFORM>_URL`, `_CLIENT_ID`, `_CLIENT_SECRET` or `_SCOPES`."""
        return os.environ.get(f"POLYPOST_{platform.upper()}_{name}") or None

    def price(self, platform: str) -> int:
        """Credits for one published post on `platform`."""
        return self.prices.get(platform, 1)


def load(given: Mapping[str, object]) -> Settings:
    """The settings of the environment, with what is `given` laid over them. Raises NotConfigured with the name of a wrong one."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # names and texts as the command line has them
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name, said = str(first["loc"][0]), str(first["msg"]).removeprefix("Value error, ")
    except SettingsError as error:
        name, said = str(error).partition('"')[2].partition('"')[0], "must be JSON"
    about = Settings.model_fields[name].description
    raise NotConfigured(f"{PREFIX}{name.upper()} cannot be taken: {said}.", next_step=f"It sets: {about}")


def unknown(names: Iterable[str], platforms: Iterable[str]) -> Iterator[str]:
    """A sentence for each of these names of the environment that looks like a setting and is none."""
    of_platforms = (f"{platform}_{name}" for platform in platforms for name in OF_A_PLATFORM)
    known = [f"{PREFIX}{name}".upper() for name in (*Settings.model_fields, *OF_CLIENTS, *of_platforms)]
    for name in names:
        if name.startswith(PREFIX) and name not in known:
            yield f"{name} is not a setting. {did_you_mean(name, known)}".rstrip()
