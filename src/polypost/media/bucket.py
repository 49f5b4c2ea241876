"""Uploads in S3-compatible storage: signed addresses for clients, and the bytes for this server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from polypost.errors import NotConfigured, Unavailable
from polypost.media import verdicts
from polypost.media.verdicts import UploadMissing
from polypost.settings import Settings

_CHUNK = 4 * 1024 * 1024


class Bucket:
    """One bucket. `public_url` is the address under which everybody reads its objects; None where nobody may.

    Raises NotConfigured when the library for it is not installed.
    """

    def __init__(
        self, *, url: str, bucket: str, access_key: str, secret_key: str, region: str, public_url: str | None
    ) -> None:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError as missing:
            raise NotConfigured(
                "POLYPOST_S3_URL needs a library that is not installed.",
                next_step="Install polypost[s3], or unset it.",
            ) from missing
        self._obstore = obstore
        self.public_url = public_url.rstrip("/") if public_url else None
        self._store = S3Store(
            bucket,
            endpoint=url,
            access_key_id=access_key,
            secret_access_key=secret_key,
            region=region,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": url.startswith("http://"),
                "connect_timeout": "5s",
                "timeout": "120s",
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        )

    async def upload_url(self, key: str, life: timedelta) -> str:
        """A signed address that takes a PUT of the object for so long."""
        return str(await self._obstore.sign_async(self._store, "PUT", key, life))

    async def write(self, key: str, content: bytes | Path) -> None:
        """Put an object. Raises Unavailable."""
        try:
            await self._obstore.put_async(self._store, key, content)
        except Exception as trouble:
            raise unreachable() from trouble

    async def size(self, key: str) -> int | None:
        """Bytes of the object; None when there is none. Raises Unavailable."""
        try:
            return int((await self._obstore.head_async(self._store, key))["size"])
        except FileNotFoundError:
            return None
        except Exception as trouble:
            raise unreachable() from trouble

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, in pieces. Raises Unavailable."""
        while start < end:
            stop = min(start + _CHUNK, end)
            try:
                piece = await self._obstore.get_range_async(self._store, key, start=start, end=stop)
            except Exception as trouble:
                raise unreachable() from trouble
            yield bytes(piece)
            start = stop

    async def fetch(self, key: str, into: Path, *, most: int) -> None:
        """Copy the object into a file. Raises UploadMissing for one that is absent or larger than `most`, Unavailable."""
        size = await self.size(key)
        if size is None:
            raise UploadMissing(code=verdicts.UPLOAD_OPEN)
        if size > most:
            raise UploadMissing(code=verdicts.TOO_LARGE)
        file = await asyncio.to_thread(into.open, "wb")
        try:
            async for piece in self.read(key, 0, size):
                await asyncio.to_thread(file.write, piece)
        finally:
            await asyncio.to_thread(file.close)

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already do not matter. Raises Unavailable."""
        try:
            for key in keys:
                await self._obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except Exception as trouble:
            raise unreachable() from trouble


def unreachable() -> Unavailable:
    """The error when the storage does not answer as it should."""
    return Unavailable("The storage for uploads cannot be reached.", code="storage_unavailable")


def bucket_of(settings: Settings) -> Bucket | None:
    """The bucket that the settings name; None without one. Raises NotConfigured when they are not complete."""
    if settings.s3_url is None:
        return None
    bucket, access_key, secret_key = settings.s3_bucket, settings.s3_access_key, settings.s3_secret_key
    if not bucket or not access_key or not secret_key:
        raise NotConfigured(
            "POLYPOST_S3_URL is set without its bucket or its keys.",
            next_step="Set POLYPOST_S3_BUCKET, POLYPOST_S3_ACCESS_KEY and POLYPOST_S3_SECRET_KEY too.",
        )
    return Bucket(
        url=settings.s3_url,
        bucket=bucket,
        access_key=access_key,
        secret_key=secret_key,
        region=settings.s3_region,
        public_url=settings.s3_public_url,
    )
