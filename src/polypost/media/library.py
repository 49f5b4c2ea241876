"""Every media item of a post fetched once, whoever asks and however many ask at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from polypost import clock
from polypost.errors import AddressRefused, FetchFailed, PolypostError, StoreUnavailable, Unavailable
from polypost.media import kinds, records, verdicts
from polypost.media.addresses import PullAddresses
from polypost.media.file import StoredFile
from polypost.media.folder import Folder
from polypost.media.records import Item, Record
from polypost.media.signing import Signer
from polypost.media.uploads import Uploads
from polypost.media.verdicts import LARGEST, MB, UploadMissing
from polypost.observability import failpoints
from polypost.outbound import Fetcher, FetchStumbled, on_behalf_of
from polypost.outbound.guard import URL_CHARACTERS
from polypost.platforms.base import MediaRef
from polypost.platforms.media_fit import Recipe
from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.storage import Store

# The store shares the disk: a few large videos must not be what makes it refuse posts.
RESERVE = 200 * MB
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Held:
    """A fetched item: its row, its place in the folder and its facts."""

    row: str
    path: Path
    facts: Facts
    notes: Sequence[str] = ()


_Outcome = _Held | PolypostError
# How the bytes of a claimed row are had: their facts, their SHA-256, and what else the row keeps with the facts.
_Bring = Callable[[Record], Awaitable[tuple[Facts, str, dict[str, Any]]]]
# Where the row of a fitted copy keeps of what and how it was made.
FIT = "fit"


class Library:
    """The media folder of one host and its rows.

    `addresses` says from where networks may pull files, `uploads` knows those that clients sent. `owner` names this process among those that share the store; a process that takes a dead one's place under
    the same name takes over its fetches at once, another after the lease. `host` names the folder's machine.
    `reserve` is the space in bytes that fetches leave free on the disk; `lease` is how long a fetch stands without
    a sign of life before another process may begin it anew.
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        folder: Path,
        *,
        owner: str,
        host: str,
        addresses: PullAddresses | None = None,
        uploads: Uploads | None = None,
        reserve: int = RESERVE,
        lease: timedelta = records.LEASE,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._folder = Folder(folder)
        self._owner = owner
        self._host = host
        self._addresses = addresses or PullAddresses(Signer(tuple), None)
        self._uploads = uploads
        self._reserve = reserve
        self._lease = lease
        self._flights: dict[tuple[str, str], tuple[asyncio.Task[_Outcome], int]] = {}
        # Films take long and whole processors; pictures never wait for them.
        self._stills, self._videos = asyncio.Semaphore(2), asyncio.Semaphore(1)

    async def open(
        self,
        project_id: str,
        post_id: str,
        refs: Sequence[MediaRef],
        *,
        nearby: bool = False,
        own: bool = False,
        most: int | None = None,
    ) -> dict[str, StoredFile | PolypostError]:
        """What there is behind each URL: the file, or why there is none. Of a video `most` bytes are fetched.

        `nearby` says that the network stands beside this server, so that it reaches whatever this server reaches,
        `own` that it pulls this server's copy and nobody else's file.

        The errors are FetchFailed and AddressRefused for a verdict on the URL, which stands for a few seconds
        for all who ask, and Unavailable for trouble of this server, of the file's host or on the way to it, NameUnknown
        among it. Raises StoreUnavailable.
        """
        wanted: dict[str, MediaRef] = {}
        for ref in refs:
            other = wanted.get(ref.url)
            if other is None or LARGEST[other.type] < LARGEST[ref.type]:
                wanted[ref.url] = ref
        outcomes = await asyncio.gather(
            *(self._share(project_id, post_id, ref, most) for ref in wanted.values())
        )
        return {
            ref.url: self._file(ref, outcome, nearby=nearby, own=own)
            for ref, outcome in zip(wanted.values(), outcomes, strict=True)
        }

    async def adopt(self, project_id: str, ref: MediaRef, *, base: str, most: int) -> str:
        """Fetch a file now and keep it like an upload: its id. `base` is this server's address.

        Raises FetchFailed and AddressRefused for a verdict on the URL, Unavailable, and what `Uploads.adopt` raises.
        """
        assert self._uploads is not None
        fetch_id = f"add_{secrets.token_hex(8)}"
        try:
            got = (await self.open(project_id, fetch_id, [ref], most=most))[ref.url]
            if isinstance(got, PolypostError):
                raise got
            name = unquote(urlsplit(ref.url).path.rpartition("/")[2])
            offer = await self._uploads.adopt(
                project_id, got.path, got.facts, base=base, filename=kinds.bare_name(name)
            )
            return offer.id
        finally:
            await self.expire([fetch_id])

    async def lent(self, token: str) -> StoredFile | None:
        """The file behind a token of `PullAddresses`, fetched anew where this host does not have it; None for no file."""
        row = self._addresses.opened(token)
        found = await self._store.read(lambda db: records.by_id(db, row)) if row is not None else None
        if found is None:
            return None
        if fit := (found.facts or {}).get(FIT):
            ref = MediaRef(fit["type"], fit["url"])
            copy = await self.fitted(found.project_id, found.post_id, ref, fit["recipe"])
            return None if isinstance(copy, PolypostError) else copy
        ref = MediaRef(found.type, found.url)
        got = (await self.open(found.project_id, found.post_id, [ref], most=LARGEST["video"]))[ref.url]
        return None if isinstance(got, PolypostError) else got

    async def fitted(
        self,
        project_id: str,
        post_id: str,
        ref: MediaRef,
        recipe: Recipe,
        *,
        nearby: bool = False,
    ) -> StoredFile | PolypostError:
        """A copy of what is behind `ref`, made by the recipe once for all who need the same; else why there is none.

        Its address is this server's own. Errors as `open`, and FetchFailed (`media_undecodable`).
        """
        made = json.dumps(recipe, sort_keys=True)
        key = f"{FIT}:{hashlib.sha256(f'{made} {ref.url}'.encode()).hexdigest()}"
        item = Item(project_id, post_id, key, self._host)
        bring = partial(self._decoded, item, ref, recipe)
        outcome = await self._flight(item, ref, bring)
        if isinstance(outcome, PolypostError):
            return outcome
        pull = self._addresses.own(outcome.row, outcome.facts, nearby=nearby)
        return StoredFile(replace(ref, facts=outcome.facts), outcome.facts, outcome.path, pull, outcome.notes)

    async def recover(self) -> None:
        """Undo what a dead process left behind: its claims, and files that no row owns (RELIABILITY P6)."""
        await self._store.write(lambda db: records.release_all(db, self._owner, self._host))
        await self._remove_strays(clock.now())

    async def expire(self, post_ids: Iterable[str]) -> None:
        """The last target of each of these posts has ended: `clean` may delete their files a day later."""
        ids = list(post_ids)
        await self._store.write(lambda db: records.expire(db, ids))

    async def clean(self, now: datetime) -> None:
        """Delete the files whose time is over, and week-old ones that no row owns, in bounded batches."""
        while True:
            paths = await self._store.write(lambda db: records.forget(db, self._host, now))
            await asyncio.to_thread(self._folder.remove, paths)
            if len(paths) < records.BATCH:
                break
        await self._remove_strays(now - records.UNUSED)

    async def close(self) -> None:
        """Stop what is being fetched and give the claims back."""
        flights = [flight for flight, _ in self._flights.values()]
        for flight in flights:
            flight.cancel()
        if flights:
            await asyncio.wait(flights)
            await self._store.write(lambda db: records.release_all(db, self._owner, self._host))

    async def _share(self, project_id: str, post_id: str, ref: MediaRef, most: int | None = None) -> _Outcome:
        """Join the fetch of this item that is under way, or begin it."""
        if len(ref.url) > URL_CHARACTERS or not (ref.url.isascii() and ref.url.isprintable()):
            # The guard would say so too, but such text must not even become a key of the table.
            return verdicts.refusal(ref.type, AddressRefused.code)
        item = Item(project_id, post_id, ref.url, self._host)
        allowed = LARGEST[ref.type] if ref.type != "video" else most or verdicts.ORDINARY_VIDEO
        return await self._flight(item, ref, partial(self._bring, ref, allowed), allowed)

    async def _flight(self, item: Item, ref: MediaRef, bring: _Bring, most: int = 0) -> _Outcome:
        key = (item.post_id, item.url)
        while True:
            flight, allowed = self._flights.get(key, (None, most))
            if flight is None:
                flight = asyncio.create_task(self._obtain(item, ref, bring, most))
                self._flights[key] = (flight, most)
                flight.add_done_callback(lambda _: self._flights.pop(key))
            # One target that gives up must not end the fetch that others wait for.
            outcome = await asyncio.shield(flight)
            # What was too large for who began it may be welcome here.
            refused = isinstance(outcome, PolypostError) and outcome.code == verdicts.TOO_LARGE
            if not refused or allowed >= most:
                return outcome

    async def _obtain(self, item: Item, ref: MediaRef, bring: _Bring, most: int) -> _Outcome:
        lost: str | None = None
        on_behalf_of(item.project_id)
        while True:
            record = await self._claim(item, ref, lost, most)
            if record.mine:
                outcome = await self._fetch(record, bring, most)
                if outcome is not None:
                    return outcome
            elif record.state == "failed":
                return verdicts.recalled(str(record.error_code), str(record.error_message))
            elif record.state == "ready":
                facts = Facts.from_dict(record.facts or {})
                if await asyncio.to_thread(self._folder.holds, record.path, facts.size):
                    return _held(record, self._folder.place(record.path), record.facts or {})
                lost = record.path
            else:
                await self._wait(record)

    async def _claim(self, item: Item, ref: MediaRef, lost: str | None, most: int) -> Record:
        return await self._store.write(
            lambda db: records.claim(db, item, ref.type, self._owner, lease=self._lease, lost=lost, most=most)
        )

    async def _wait(self, record: Record) -> None:
        """Let another process finish its fetch, or a moment pass in which its lease may end."""
        with self._store.signals.listen(record.topic) as news:
            await news.wait(_LOOK_SECONDS)

    async def _fetch(self, record: Record, bring: _Bring, most: int) -> _Outcome | None:
        """Fetch into the claimed place; None when the claim was lost on the way."""
        try:
            async with self._holding(record):
                facts, digest, further = await bring(record)
        except (AddressRefused, FetchFailed) as error:
            refused = error
            await self._store.write(
                lambda db: records.failed(db, record, code=refused.code, message=str(refused), most=most)
            )
            return error
        except Unavailable as error:
            await self._store.write(lambda db: records.release(db, record))
            return error
        known = facts.as_dict() | further
        kept = await self._store.write(
            lambda db: records.ready(db, record, size=facts.size, sha256=digest, facts=known)
        )
        if kept:
            return _held(record, self._folder.place(record.path), known)
        await asyncio.to_thread(self._folder.remove, [record.path])
        return None

    @asynccontextmanager
    async def _holding(self, record: Record) -> AsyncIterator[None]:
        """Keep a claim alive while the block runs, and leave no half file behind."""
        beat = asyncio.create_task(self._beat(record))
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.wait([beat])
            await asyncio.to_thread(self._folder.part(record.path).unlink, missing_ok=True)

    async def _beat(self, record: Record) -> None:
        alive = True
        while alive:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                alive = await self._store.write(lambda db: records.prolong(db, record, lease=self._lease))
            except StoreUnavailable:
                continue  # a lease that runs out costs a second fetch, nothing else; the next beat may get through

    async def _decoded(
        self, item: Item, ref: MediaRef, recipe: Recipe, record: Record
    ) -> tuple[Facts, str, dict[str, Any]]:
        """The fitted copy, durable in the claimed place. Raises as `_bring`."""
        from polypost.decoder import process

        source = await self._share(item.project_id, item.post_id, ref, LARGEST["video"])
        if isinstance(source, PolypostError):
            raise source
        if await asyncio.to_thread(self._folder.free) - self._reserve <= 0:
            raise verdicts.no_space()
        video = recipe["do"] in {"video", "animation"}
        part = self._folder.part(record.path)
        try:
            async with self._videos if video else self._stills:
                bounds = process.VIDEOS if video else process.IMAGES
                answer = await process.make(recipe, source.path, part, bounds)
            failpoints.hit("P22")
            facts = await asyncio.to_thread(probe, part)
            digest = await asyncio.to_thread(self._folder.finish, record.path)
        except process.Undecodable as error:
            raise verdicts.undecodable(ref.type, str(error)) from error
        except (Unsupported, TooManyPixels) as error:
            raise verdicts.undecodable(
                ref.type, "What was made of it is nothing that can be used."
            ) from error
        except OSError as error:
            raise verdicts.unwritable() from error
        how = {"url": ref.url, "type": ref.type, "recipe": dict(recipe), "notes": answer.get("notes", [])}
        return facts, digest, {FIT: how}

    async def _bring(self, ref: MediaRef, most: int, record: Record) -> tuple[Facts, str, dict[str, Any]]:
        """The bytes of `ref`, durable in the claimed place: their facts and SHA-256.

        Raises FetchFailed, AddressRefused or Unavailable, in the words that a person sees.
        """
        part = self._folder.part(record.path)
        try:
            if self._uploads is None or not await self._uploads.bring(ref.url, part, ref.type):
                await self._download(ref, part, most)
            facts = await asyncio.to_thread(probe, part)
            if facts.size > LARGEST[facts.kind]:
                raise verdicts.refusal(facts.kind, verdicts.TOO_LARGE)
            digest = await asyncio.to_thread(self._folder.finish, record.path)
            if self._uploads is not None:
                await self._uploads.learned(ref.url, facts, digest)
            return facts, digest, {}
        except (Unsupported, TooManyPixels, UploadMissing) as error:
            raise verdicts.refusal(ref.type, error.code) from error
        except OSError as error:
            raise verdicts.unwritable() from error

    async def _download(self, ref: MediaRef, part: Path, largest: int) -> None:
        room = await asyncio.to_thread(self._folder.free) - self._reserve
        if room <= 0:
            raise verdicts.no_space()
        slow = ref.type in {"video", "document"}
        try:
            await self._fetcher.fetch(ref.url, part, max_bytes=min(largest, room), slow_ok=slow)
        except FetchStumbled as trouble:
            raise verdicts.stumbled(ref.type, nameless=trouble.nameless) from trouble
        except (AddressRefused, FetchFailed) as error:
            if error.code == verdicts.TOO_LARGE and room < largest:
                raise verdicts.no_space() from error
            raise verdicts.refusal(ref.type, error.code, largest) from error
        except StoreUnavailable as error:
            raise verdicts.unwritable() from error

    def _file(
        self, ref: MediaRef, outcome: _Outcome, *, nearby: bool, own: bool = False
    ) -> StoredFile | PolypostError:
        if isinstance(outcome, PolypostError):
            return outcome
        pull = self._addresses.of(ref.url, outcome.row, outcome.facts, nearby=nearby, own=own)
        return StoredFile(replace(ref, facts=outcome.facts), outcome.facts, outcome.path, pull)

    async def _remove_strays(self, before: datetime) -> None:
        """Remove files last written before an instant that no row of this host owns."""
        # The files are listed before the rows: a claim's row is always older than its file.
        names = await asyncio.to_thread(self._folder.names, before=before)
        for start in range(0, len(names), records.BATCH):
            batch = names[start : start + records.BATCH]
            await asyncio.to_thread(self._folder.remove, set(batch) - await self._known(batch))

    async def _known(self, names: list[str]) -> set[str]:
        return await self._store.read(lambda db: records.known(db, names, self._host))


def _held(record: Record, path: Path, known: Mapping[str, Any]) -> _Held:
    notes = known.get(FIT, {}).get("notes", ())
    return _Held(record.id, path, Facts.from_dict(known), tuple(notes))
