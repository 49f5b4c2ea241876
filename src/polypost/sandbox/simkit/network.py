"""One simulated network's view of the sandbox: its share of the state, its address, its way to fetch."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from polypost import clock
from polypost.errors import FetchFailed
from polypost.sandbox.simkit.accounts import Accounts, Codes, Tokens
from polypost.sandbox.simkit.apps import Apps
from polypost.sandbox.simkit.blobs import Blobs
from polypost.sandbox.simkit.content import Documents, Media, Posts
from polypost.sandbox.simkit.faults import Faults
from polypost.sandbox.simkit.rates import Buckets
from polypost.sandbox.simkit.store import Store
from polypost.sandbox.simkit.traffic import RequestLog

if TYPE_CHECKING:
    from polypost.outbound import Fetched, Fetcher


class Network:
    """Everything a simulator works with. `url` is the base of its own port; `fetcher` loads media by URL."""

    def __init__(
        self, store: Store, platform: str, *, url: str, faults: Faults, fetcher: Fetcher | None = None
    ) -> None:
        self.store = store
        self.platform = platform
        self.url = url.rstrip("/")
        self.faults = faults
        self.fetcher = fetcher
        self.accounts = Accounts(store, platform)
        self.apps = Apps(store, platform)
        self.codes = Codes(store, platform)
        self.tokens = Tokens(store, platform)
        self.posts = Posts(store, platform)
        self.documents = Documents(store, platform)
        self.blobs = Blobs(store.blob_folder)
        self.buckets = Buckets(store, platform)
        self.requests = RequestLog(store, platform)
        self._last_id = 0

    def snowflake(self, *, epoch_ms: int = 1_288_834_974_657, random_bits: int = 22) -> str:
        """A numeric id that grows with time, as several networks make them (default: X's epoch); never repeated."""
        milliseconds = int(clock.now().timestamp() * 1000) - epoch_ms
        fresh = (milliseconds << random_bits) | secrets.randbits(random_bits)
        # Two of one millisecond may draw their random bits in the wrong order.
        self._last_id = max(self._last_id + 1, fresh)
        return str(self._last_id)

    def media_url(self, blob: str) -> str:
        """The address of a blob on this network's port."""
        return f"{self.url}/_sandbox/media/{blob}"

    def address(self, media: Media) -> str:
        """Where the bytes of a medium are shown, as what they are."""
        return f"{self.media_url(media['blob'])}?type={media['mime']}"

    async def fetch(self, url: str, blob: str, *, most: int) -> Fetched:
        """Load a file from its address into a blob. Raises AddressRefused or FetchFailed."""
        if self.fetcher is None:
            raise FetchFailed
        return await self.fetcher.fetch(url, self.blobs.path(blob), max_bytes=most)

    async def fetch_or_copy(self, url: str, blob: str, *, most: int) -> None:
        """As `fetch`, for a network that can always have its own media."""
        if (own := self.own_file(url)) is not None:
            shutil.copyfile(own, self.blobs.path(blob))
        else:
            await self.fetch(url, blob, most=most)

    def own_file(self, url: str) -> Path | None:
        """The file behind an address of this network's own media, which it can always fetch; None for other addresses."""
        start = self.media_url("")
        if not url.startswith(start):
            return None
        try:
            path = self.blobs.path(url.removeprefix(start).partition("?")[0])
        except ValueError:
            return None
        return path if path.is_file() else None

    def avatar_url(self, account_id: str) -> str:
        """The address of an account's image on this network's port."""
        return f"{self.url}/_sandbox/avatar/{account_id}.png"
