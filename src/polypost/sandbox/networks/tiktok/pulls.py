"""Media that TikTok fetches from the addresses it was given, and their examination."""

from __future__ import annotations

import asyncio

from polypost.errors import AddressRefused, FetchFailed
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.media_rules import examine
from polypost.sandbox.networks.tiktok.tasks import FETCHING, Task, Tasks
from polypost.sandbox.simkit import Media, Network


class Pulls:
    """Fetches and examines; what goes wrong stands in the task's fail reason afterwards."""

    def __init__(self, net: Network, tasks: Tasks) -> None:
        self._net = net
        self._tasks = tasks
        self._under_way: set[str] = set()

    async def begin(self, task: Task) -> None:
        """Fetch, but keep the caller no longer than a moment: what takes longer is begun anew by `carry_on`."""
        try:
            async with asyncio.timeout(limit("pull_wait_seconds")):
                await self.carry_on(task)
        except TimeoutError:
            return

    def idle(self, task: Task) -> bool:
        """Whether a task waits for a fetch that nobody carries out, as after a restart."""
        return self._tasks.again(task).stage == FETCHING and task.id not in self._under_way

    async def carry_on(self, task: Task) -> None:
        """Fetch and examine everything a task names, unless somebody is at it."""
        if not self.idle(task):
            return
        self._under_way.add(task.id)
        try:
            media = await self._all(task)
        except (FetchFailed, AddressRefused):
            self._tasks.fail(task, "video_pull_failed" if task.video else "photo_pull_failed")
        else:
            self._judge(task, media)
        finally:
            self._under_way.discard(task.id)

    async def _all(self, task: Task) -> list[tuple[Media | None, str | None]]:
        most = limit("video_bytes" if task.video else "photo_bytes")
        found = []
        for url in task.body["urls"]:
            blob = self._net.blobs.new()
            fetched = await self._net.fetch(url, blob, most=most)
            if fetched.url != url:
                # TikTok follows no redirects.
                raise FetchFailed
            found.append(
                examine(self._net.blobs.path(blob), video=task.video, longest=longest(self._net, task))
            )
        return found

    def _judge(self, task: Task, found: list[tuple[Media | None, str | None]]) -> None:
        wrong = next((reason for _, reason in found if reason), None)
        # A task that was cancelled meanwhile stays so.
        if self._tasks.again(task).stage != FETCHING:
            return
        if wrong is not None:
            self._tasks.fail(task, wrong)
        else:
            self._tasks.arrive(task, [media for media, _ in found if media is not None])


def longest(net: Network, task: Task) -> int:
    """How long a video of the task's creator may be, in seconds; the inbox takes what TikTok takes."""
    account = net.accounts.get(task.account_id)
    if task.inbox or account is None:
        return limit("video_max_seconds")
    return int(account.data["max_seconds"])
