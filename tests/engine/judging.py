"""What the judges of `make crash` and `make disconnect` share: a client that repeats, and the sandbox's verdict.

A lane is one world and its rounds. Each round wants posts published while something breaks, waits until all is
final, and then asks the networks: nothing lost, nothing visible twice, no untrue answer, credits exact, every
invariant holds.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2

from polypost.cli import admin
from polypost.errors import StoreUnavailable
from polypost.settings import Settings
from tests.engine.mending import Mend
from tests.processes import MASTER_KEY, World

LOST_PERCENT = 10
FINAL = {"published", "partial", "failed", "draft"}
STORE_SECONDS = 60.0
DOCTOR_SECONDS = 30.0
# A server whose commit got no answer may say so; every other 5xx says that nothing was accepted.
OPEN_ANSWER = "acceptance_unknown"


@dataclass
class Answer:
    """What one try was told, and between which instants."""

    began: datetime
    ended: datetime
    status: int
    body: dict[str, Any]
    replayed: bool

    @property
    def denies(self) -> bool:
        """Whether the client must think that this try changed nothing."""
        return self.status >= 500 and self.body.get("code") != OPEN_ANSWER

    def __str__(self) -> str:
        return f"{self.status} {self.body.get('code', '')} {self.body.get('message', '')!r}"


@dataclass
class Sent:
    """One thing a client wanted published, and what it was told."""

    text: str
    body: dict[str, Any]
    key: str | None
    method: str = "POST"
    path: str = "/v1/posts"
    # What goes over the wire where it is not `body` as JSON: httpx2's keywords.
    payload: dict[str, Any] | None = None
    success: int = 202
    # A post that was there before; its first try makes none.
    existing: str | None = None
    # What a PUT of failed targets changes.
    mend: Mend | None = None
    accepted: bool = False
    post_id: str | None = None
    tries: int = 0
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Tally:
    """What was seen in a round; `met` is whether the break came where it was wanted, `place` where that was."""

    met: bool = True
    place: str = ""
    posts: int = 0
    accepted: int = 0
    published: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.twice, *self.untrue, *self.credits, *self.findings]


class Lane:
    """One world and its rounds."""

    def __init__(self, name: str, world: World, database_url: str | None, *, seed: int) -> None:
        self.name = name
        self.random = random.Random(seed)
        self.world = world
        self.database_url = database_url
        self.tally = Tally()
        self.published = 0
        self.waived = 0
        self.doubts = 0
        self.film: dict[str, str] = {}

    def open(self) -> None:
        """Start the world, with no rate limits."""
        self.start()
        self.world.control("POST", "limits", json={"enforced": False})
        self.film = self.world.demo_video()

    def lose_answers(self) -> None:
        """From now on some answers of the networks are lost after they stored the post."""
        for platform in self.world.accounts:
            lossy = {"platform": platform, "fault": "lost_answer", "percent": LOST_PERCENT}
            self.world.control("POST", "faults", json=lossy)

    def start(self) -> None:
        """Start the world's processes."""
        raise NotImplementedError

    def close(self) -> None:
        """End the world."""
        self.world.stop()

    def round(self, point: str) -> Tally:
        """One break and what comes after it; returns what was seen."""
        return self.watch(partial(self.play, point))

    def watch(self, story: Callable[[], None]) -> Tally:
        """Run a story that orders posts, breaks something and judges; returns what was seen."""
        self.tally = Tally()
        try:
            story()
        except AssertionError as stuck:
            self.tally.lost.append(str(stuck))
        self.published += self.tally.published
        return self.tally

    def play(self, point: str) -> None:
        """Order posts, break something at `point`, and judge."""
        raise NotImplementedError

    def order(
        self, platforms: Sequence[str], *, film: bool = True, soon: tuple[float, float] | None = None
    ) -> Sent:
        """A post for these networks with a text of its own: now, or within these seconds; some have a key."""
        text = f"{self.name} {uuid.uuid4().hex}"
        body: dict[str, Any] = {"content": text, "platforms": [self.world.target(name) for name in platforms]}
        if film:
            body["mediaItems"] = [self.film]
        if soon is None:
            body["publishNow"] = True
        else:
            body["scheduledFor"] = in_seconds(self.random.uniform(*soon))
        key = uuid.uuid4().hex if self.random.random() < 0.3 else None
        return Sent(text, body, key)

    def send_like_node(self, sent: Sent) -> None:
        """As the official Node client does: once more after a lost connection, 408, 409, 429 or 5xx, twice."""
        for attempt in range(3):
            sent.tries += 1
            try:
                answer = self._try(sent)
            except httpx2.TransportError:
                if attempt < 2:
                    self._wait_for_server()
                continue
            if answer.status == sent.success:
                sent.accepted = True
                sent.post_id = sent.existing or answer.body.get("postId")
                return
            if answer.status < 500 and answer.status not in {408, 409, 429}:
                # A repeat may find its hour passed: nothing of it was accepted before.
                if not ("scheduledFor" in sent.body and answer.body.get("errors")):
                    self.tally.untrue.append(f"{sent.text}: {answer}")
                return
            time.sleep(0.3)

    def _try(self, sent: Sent) -> Answer:
        headers = {"x-access-key": self.world.key}
        if sent.key:
            headers["Idempotency-Key"] = sent.key
        payload = {"json": sent.body} if sent.payload is None else dict(sent.payload)
        headers |= payload.pop("headers", {})
        began = datetime.now(UTC)
        said = httpx2.request(
            sent.method,
            f"{self.world.url}{sent.path}",
            headers=headers,
            timeout=60,
            trust_env=False,
            **payload,
        )
        replayed = "Idempotency-Replayed" in said.headers
        answer = Answer(began, datetime.now(UTC), said.status_code, said.json(), replayed)
        sent.answers.append(answer)
        return answer

    def _wait_for_server(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                httpx2.get(f"{self.world.url}/v1/health", timeout=2, trust_env=False)
            except httpx2.TransportError:
                time.sleep(0.1)
            else:
                return

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """An answer of the API, asked for again while the server has no store."""
        end = time.monotonic() + STORE_SECONDS
        with self.world.client() as client:
            while True:
                answer = client.get(path, params=params)
                if answer.status_code < 500:
                    return dict(answer.json())
                if time.monotonic() > end:
                    raise AssertionError(f"{path} for {STORE_SECONDS} s: {answer.status_code} {answer.text}")
                time.sleep(0.1)

    def settle(self, post_ids: Sequence[str], *, seconds: float = 120.0) -> dict[str, dict[str, Any]]:
        """Wait until these posts are final; returns them. Raises AssertionError when one does not end."""
        end = time.monotonic() + seconds
        found: dict[str, dict[str, Any]] = {}
        while True:
            for post_id in set(post_ids) - set(found):
                post = self.get(f"/v1/posts/{post_id}")["post"]
                if post["status"] in FINAL:
                    found[post_id] = post
            missing = set(post_ids) - set(found)
            if not missing:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"not final after {seconds} s: {sorted(missing)}")
            time.sleep(0.1)

    def judge(self, sent: list[Sent]) -> None:
        """Wait until everything is final, and compare what was said with what the networks show."""
        began = time.monotonic()
        self.tally.posts += len(sent)
        self.tally.accepted += sum(each.accepted for each in sent)
        found = self._all_of(sent)
        final = self.settle([post["postId"] for posts in found.values() for post in posts])
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - began)
        # Networks keep a text as title, caption or description; the mark in it is this post's own.
        visible = self.world.visible()
        shown = [(post["platform"], f"{post['text']} {post['raw']}") for post in visible]
        seen = Counter(
            (each.text, platform) for platform, words in shown for each in sent if each.text in words
        )
        for each in sent:
            posts = [final[post["postId"]] for post in found[each.text]]
            self._judge_one(each, posts, seen)
            self._judge_answers(each, posts, seen)
            if each.mend is not None:
                mine = [row for row, (_, words) in zip(visible, shown, strict=True) if each.text in words]
                for post in posts:
                    self.tally.untrue += each.mend.untrue(each, post, mine)
                    self.waived += each.mend.waived(post)
                continue
            self.tally.untrue.extend(
                f"{each.text}: changed, and the old version is out on {platform}"
                for platform, words in shown
                if each.accepted and each.text in words and each.body["content"] not in words
            )
        self._judge_ledger()

    def _all_of(self, sent: list[Sent]) -> dict[str, list[dict[str, Any]]]:
        """Every post the server holds for these texts: one at most, whatever the client repeated."""
        since = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
        end = time.monotonic() + 10
        while True:
            texts: dict[str, list[dict[str, Any]]] = {each.text: [] for each in sent}
            for post in self.get("/v1/posts", createdAfter=since, limit=100)["posts"]:
                for text, posts in texts.items():
                    if text in post["content"]:
                        posts.append(post)
            gone = [each for each in sent if each.accepted and not _there(each, texts[each.text])]
            if not gone:
                return texts
            # The rows of an upload become posts after its answer.
            if time.monotonic() > end:
                self.tally.lost.extend(f"{each.text}: accepted as {each.post_id} and gone" for each in gone)
                return texts
            time.sleep(0.2)

    def _judge_one(self, each: Sent, posts: list[dict[str, Any]], seen: Counter[tuple[str, str]]) -> None:
        if len(posts) > 1:
            self.tally.twice.append(
                f"{each.text}: {len(posts)} posts from {each.tries} tries, told {'; '.join(map(str, each.answers))}"
            )
        for target in each.body["platforms"]:
            count = seen[each.text, target["platform"]]
            if count > 1:
                self.tally.twice.append(f"{each.text}: {count} times on {target['platform']}")
            if count and not posts:
                self.tally.lost.append(f"{each.text}: visible on {target['platform']} and unknown here")
        changed = any("changedAt" in target for post in posts for target in post["platforms"])
        untouched = each.existing is not None and not each.accepted and not changed
        for target in [target for post in posts for target in post["platforms"]]:
            count = seen[each.text, target["platform"]]
            if target["status"] == "published":
                self.tally.published += 1
                if count == 0:
                    self.tally.untrue.append(
                        f"{each.text}: published on {target['platform']}, not to be seen"
                    )
            elif target.get("errorCode") == "outcome_unknown":
                self.tally.unknown += 1
            elif count:
                self.tally.untrue.append(
                    f"{each.text}: {target['status']} on {target['platform']}, yet visible"
                )
            elif not untouched and target.get("errorCode") not in {"reconnect_required", "token_expired"}:
                self.tally.untrue.append(
                    f"{each.text}: {target['status']} on {target['platform']} {target.get('errorMessage')}"
                )

    def _judge_answers(self, each: Sent, posts: list[dict[str, Any]], seen: Counter[tuple[str, str]]) -> None:
        """No try that was accepted may have been denied, and no answer may say of a network what is not so."""
        for place, answer in enumerate(each.answers):
            entries = answer.body.get("platforms") or [] if answer.status == each.success else []
            for entry in entries:
                visible = seen[each.text, entry["platform"]]
                denied = entry["status"] == "failed" and entry.get("errorCode") != "outcome_unknown"
                if (visible and denied) or (not visible and entry["status"] == "published"):
                    self.tally.untrue.append(f"{each.text}: answered {entry}, visible {visible} times")
            if answer.denies and self._happened(each, place, posts):
                self.tally.untrue.append(f"{each.text}: accepted, yet answered {answer}")

    def _happened(self, each: Sent, place: int, posts: list[dict[str, Any]]) -> bool:
        """Whether the try at `place` was carried out: it made a post, or the next one found the change done."""
        answer = each.answers[place]
        if each.existing is None:
            made = [datetime.fromisoformat(post["createdAt"]) for post in posts]
            return any(answer.began <= at <= answer.ended for at in made)
        return any(later.status == 409 or later.replayed for later in each.answers[place + 1 : place + 2])

    def _judge_ledger(self) -> None:
        used = self.get("/v1/usage")["totalUsage"]
        owed = self.published + self.tally.published - self.waived
        if used != owed:
            self.tally.credits.append(
                f"{self.name}: {used} credits for {owed} published targets that are not free"
            )
        end = time.monotonic() + DOCTOR_SECONDS
        while True:
            try:
                found = findings(self.world, self.database_url)
            except StoreUnavailable:
                # Several worlds on one PostgreSQL may have all of its connections at this moment.
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
            else:
                break
        self.tally.findings.extend(found)


def findings(world: World, database_url: str | None) -> list[str]:
    """What does not hold in the store of a world, asked without its processes. Raises StoreUnavailable."""
    settings = Settings(
        data=world.folder / "data",
        database_url=database_url,
        master_key=MASTER_KEY if database_url else None,
    )
    return [finding.text() for finding in asyncio.run(admin.doctor(settings)).findings]


def in_seconds(seconds: float) -> str:
    """That instant as the API reads it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def _there(each: Sent, posts: list[dict[str, Any]]) -> bool:
    return any(each.post_id in {None, post["postId"]} for post in posts)
