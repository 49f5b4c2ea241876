"""The pipeline's room with one network's first account, identified as connecting it would, and the files on a shelf."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Row
from tests.engine.room import Room, play
from tests.platforms.conformance import Case, Entry, Kind
from tests.platforms.conformance.files import FILES, content
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.errors import OutcomeUnknown
from polypost.integrations import AccountSession
from polypost.integrations import service as integrations
from polypost.platforms.base import Account, Found, MediaRef, Post, Tokens
from polypost.platforms.registry import connector
from polypost.probe import probe
from polypost.storage import metadata, open_store

# When the pipeline looks for the first time.
LOOK = timedelta(seconds=2)

# The paths of comments, and of entries of lists.
FOLLOWING = re.compile(r"/comments?$|/commentThreads$|/playlistItems$")


@dataclass
class Stage:
    """One network in a room; `entry` is its demo account as the sandbox lists it, `account` our id of it."""

    room: Room
    case: Case
    entry: Entry
    account: str = ""
    known: Account = field(default_factory=lambda: Account(""))

    @classmethod
    async def set(cls, room: Room, case: Case) -> Stage:
        """Open an account of its own, connect it as the demo does, and put the files on the shelf."""
        (entry,) = (await room.order("seed", accounts=1, platform=case.platform))["accounts"]
        stage = cls(room, case, entry)
        for name, (kind, _) in FILES.items():
            room.shelf.put(name, content(name), kind)
        stage.account = await stage.connect()
        return stage

    async def connect(self, *, ends_known: bool = True) -> str:
        """Connect the account; with `ends_known` off nothing here knows when its token ends."""
        entry, room = self.entry, self.room
        network = connector(self.case.platform)
        assert network is not None
        life = entry.get("expiresIn") if ends_known else None
        tokens = Tokens(
            entry["accessToken"],
            entry["refreshToken"],
            clock.now() + timedelta(seconds=life) if life else None,
            scopes=tuple(entry["scopes"]),
            extra=entry.get("extra", {}),
        )
        http = room.networks.client(self.case.platform)
        found = await network.identify(AccountSession.of_login(http, tokens))
        (self.known,) = [each for each in found if each.id == entry["platformUserId"]]
        account = self.known
        added = await room.store.write(
            lambda db: integrations.add(
                db,
                room.vault,
                room.project.id,
                account,
                account.tokens or tokens,
                platform=self.case.platform,
            )
        )
        return added.id

    def told(self, kind: Kind, *, mark: str = "", **how: Any) -> tuple[MemoryRun, Post]:
        """A post of this kind and a journal in memory for it; the keywords are those of `MemoryRun`."""
        network, entry, room = connector(self.case.platform), self.entry, self.room
        assert network is not None
        options = self.options(kind, mark)
        parsed = network.options.model_validate(options)
        named = [ref.url for ref in network.media_refs(parsed)]
        if kind.thumbnail:
            named.append(self.url(kind.thumbnail))
        run = MemoryRun(
            room.networks.client(self.case.platform),
            self.known,
            (self.known.tokens or Tokens(entry["accessToken"])).access_token,
            extra=(self.known.tokens.extra if self.known.tokens else entry.get("extra", {})),
            pause=room.pass_time,
            **how,
        )
        thumbnail = self.url(kind.thumbnail) if kind.thumbnail else None
        text = f"{kind.text}{f' {mark}' if mark else ''}" if kind.text else ""
        files = tuple(self._file(name, thumbnail) for name in kind.media)
        further = {url: self._file(url.rpartition("/")[2], None) for url in named}
        return run, Post(f"tgt_{mark}", text, files, parsed, further)

    async def finish(self, run: MemoryRun, post: Post) -> None:
        """Tell a story to its end as the pipeline does: what the network names only later is looked for."""
        network = connector(self.case.platform)
        assert network is not None
        try:
            await network.publish(run, post)
        except OutcomeUnknown:
            await self.room.pass_time(LOOK)
            attempt = run.attempts[-1]
            found = await network.reconcile(run, post, attempt)
            assert isinstance(found, Found)
            run.rows[attempt.part] = found.proof
            await network.publish(run, post)

    def _file(self, name: str, thumbnail: str | None) -> MemoryFile:
        data = content(name)
        path = self.room.folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), self.url(name), FILES[name][0], thumbnail=thumbnail)

    def url(self, name: str) -> str:
        return f"http://{self.room.shelf.address}/{name}"

    def options(self, kind: Kind, mark: str = "") -> dict[str, Any]:
        filled: dict[str, Any] = self._filled(dict(kind.options(self.entry)), mark)
        return filled

    def _filled(self, value: Any, mark: str) -> Any:
        if isinstance(value, str) and value.startswith("file:"):
            return self.url(value.removeprefix("file:"))
        if isinstance(value, str):
            return value.replace("{mark}", mark)
        if isinstance(value, Mapping):
            return {key: self._filled(item, mark) for key, item in value.items()}
        return [self._filled(item, mark) for item in value] if isinstance(value, list | tuple) else value

    async def accept(self, kind: Kind, *, mark: str = "", after: float | None = None) -> str:
        """Have a post of this kind accepted; `mark` makes its text its own."""
        thumbnail = self.url(kind.thumbnail) if kind.thumbnail else None
        media = tuple(MediaRef(FILES[name][0], self.url(name), thumbnail) for name in kind.media)
        return await self.room.post(
            f"{kind.text}{f' {mark}' if mark else ''}" if kind.text else "",
            accounts={self.case.platform: self.account},
            options=self.options(kind, mark),
            media=media,
            after=after,
        )

    async def publish(self, kind: Kind, *, mark: str = "") -> Row[Any]:
        """The target of a post of this kind when it is done."""
        (row,) = await self.room.settle(await self.accept(kind, mark=mark))
        return row

    async def fault(self, fault: str, **more: Any) -> None:
        await self.room.fault(fault, platform=self.case.platform, **more)

    async def visible(self) -> list[dict[str, Any]]:
        """The account's posts that were ever visible, oldest first."""
        found = await self.room.visible(self.case.platform)
        return [each for each in found if each["accountId"] == self.entry["platformUserId"]]

    async def followed(self) -> int:
        """How many calls that others can see, other than posts, the network has taken."""
        answer = await self.room.control.get(
            "/_sandbox/requests", params={"platform": self.case.platform, "limit": "500"}
        )
        return sum(
            each["method"] == "POST"
            and (each["status"] or 500) < 300
            and FOLLOWING.search(each["path"]) is not None
            for each in answer.json()["requests"]
        )

    async def page(self, url: str) -> httpx2.Response:
        """A page of the network as a browser finds it."""
        shown = self.room.networks.page(self.case.platform, url)
        async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as web:
            return await web.get(shown)

    async def unlimited(self) -> None:
        """Rate and daily limits off: the suite is about something else."""
        await self.room.order("limits", enforced=False)

    async def renewals(self) -> int:
        """How many calls renewed tokens."""
        path = self.case.refreshes
        assert path is not None
        answer = await self.room.control.get(
            "/_sandbox/requests", params={"platform": self.case.platform, "limit": "500"}
        )
        return sum(
            each["path"] == path and "refresh" in f"{each['requestBody']} {each['query']} {path}"
            for each in answer.json()["requests"]
        )


async def in_room(folder: Path, platform: str, story: Callable[[Room], Awaitable[None]], **how: Any) -> None:
    """Tell a story in a room with a store of its own and no account yet; the keywords are those of `play`."""
    store = open_store(folder / "data", None)
    try:
        await store.write(metadata.create_all)
        await play(story, only=platform, **how)(store)
    finally:
        await store.close()


async def on_stage(folder: Path, case: Case, story: Callable[[Stage], Awaitable[None]]) -> None:
    """Tell a story of one network, after which every invariant holds."""

    async def act(room: Room) -> None:
        await room.start()
        await story(await Stage.set(room, case))
        await room.healthy()

    await in_room(folder, case.platform, act)
