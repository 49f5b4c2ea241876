"""Pages in every state that people meet: with nothing, one, many, trouble, long words, and written from right to left.

Tests look at them, and `tools/screenshots.py` takes their pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2
from sqlalchemy import Connection, insert, select

from polypost import access
from polypost.access import people
from polypost.access.request_log import FLUSH_SECONDS
from polypost.analytics.tables import figures
from polypost.approvals import asking, links
from polypost.approvals.asking import By
from polypost.approvals.tables import APPROVED, RETURNED
from polypost.dashboard.application import dashboard
from polypost.integrations import redirects
from polypost.posts.tables import targets
from tests.contract.tenant import operator
from tests.engine.copies import copy
from tests.processes import World

T = TypeVar("T")

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
TEXTS = (
    "Version 0.1 is out: one call publishes to twelve networks, on your own server.",
    "We wrote down how a lost answer is looked for, so that nothing goes out twice.",
    "Three things we learned about time zones this autumn, and one that we had to unlearn.",
    "הדף הזה נכתב מימין לשמאל, עם English באמצע ומספרים כמו 2027.",
    f"{LONG} https://example.org/{'a-very-long-path-' * 8}",
)
TEN = ("ada", "ben", "carla", "dmitri", "eve", "fatima", "gao", "hana", "ida", "jo")
HOME = "/dashboard"
# What is put into another page or leads to one is seen there.
PARTS = frozenset(
    {
        "/",
        "/posts/{post}",
        "/{project}/compose/panel",
        "/{project}/compose/boards",
        "/{project}/compose/file",
        "/{project}/calendar/fold",
        "/{project}/approvals/{post}/look",
        "/approve/{secret}/look",
        "/approve/{secret}/file",
        "/{project}/events",
        "/{project}/bulk/example",
    }
)
# What shows something only to a question in its address.
ASKED = frozenset({"/consent"})
# How a server lets agents ask people, and one that registered.
AGENTS = {"POLYPOST_AGENTS_OAUTH": "true", "POLYPOST_AGENTS_REGISTRATION": "true"}
SIGNED_OUT = frozenset({"/sign-in", "/join/{secret}", "/approve/{secret}"})


def simple_pages() -> Sequence[str]:
    """The paths that need a project and no more, or nothing: whoever adds one has it looked at."""
    return [
        page.path
        for page in dashboard().pages
        if page.method == "GET"
        and "{" not in page.path.replace("{project}", "")
        and page.path not in PARTS | SIGNED_OUT | ASKED
    ]


def other_pages() -> set[str]:
    """The paths of the rest, but for parts of pages."""
    return {page.path for page in dashboard().pages if page.method == "GET"} - PARTS - set(simple_pages())


def consent(world: World) -> str:
    """The path of the page on which a person is asked to let a program in that registered."""
    back = "http://127.0.0.1:9/callback"
    asked = {"client_name": LONG, "redirect_uris": [back]}
    made = httpx2.post(f"{world.url}/oauth/register", json=asked, trust_env=False)
    query = {
        "response_type": "code",
        "client_id": made.json()["client_id"],
        "redirect_uri": back,
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    return f"/consent?{urlencode(query)}"


class Filled:
    """A project in which much has happened; `posts` are ids by what became of them.

    `further` are the paths of other pages about one thing, by the names of their pictures, `link` the secret of one to a
    draft.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.posts: dict[str, str] = {}
        self.further: dict[str, str] = {}
        self.link = ""
        # Of a key that may write drafts alone.
        self._agent = ""
        self.project_id = self._act(
            lambda db: next(each.id for each in access.list_projects(db) if each.name == "Demo")
        )
        with world.client() as client:
            self._client = client
            self._tell()
            self._fill()
            self._plan()
        world.control("DELETE", "faults")

    def _lead(self, name: str, *path: str) -> None:
        self.further[name] = "/".join(("", self.project_id, *path))

    def _tell(self) -> None:
        """Webhooks and mails that hear of what is filled in, keys, and an address to be sent to."""
        hooks, events = self.world.hooks(), ["post.published", "post.partial", "post.failed"]
        for state, place in {
            "heard": {"channel": "webhook", "webhook": {"url": f"{hooks}/heard"}},
            "failing": {
                "channel": "webhook",
                "webhook": {"url": f"{hooks}/{'a-very-long-path-' * 8}?status=503"},
            },
            "paused": {"channel": "webhook", "webhook": {"url": f"{hooks}/paused"}, "enabled": False},
            "mail": {"channel": "email", "email": {"recipients": [f"{name}@example.com" for name in TEN]}},
        }.items():
            made = self._client.post("/v1/webhooks", json={"eventTypes": events, **place})
            assert made.status_code == 201, made.text
            self._lead(f"webhook-{state}", "webhooks", made.json()["webhook"]["id"])
        profile = self._client.post("/v1/profiles", json={"name": TEXTS[3]}).json()["profile"]["id"]
        self._act(lambda db: self._manage(db, profile))

    def _manage(self, db: Connection, profile: str) -> None:
        """Keys, and an address that people may be sent to after connecting."""
        mine = self.project_id
        access.create_key(db, mine, name=f"{LONG} {LONG}", profiles=[profile])
        end = datetime.now(UTC) + timedelta(days=30)
        access.create_key(db, mine, name=TEXTS[3], scopes=["read"], expires_at=end)
        over, _ = access.create_key(db, mine, name="Old website")
        access.revoke_key(db, mine, over.id)
        _, self._agent = access.create_key(db, mine, name=LONG[:60], scopes=["draft"])
        redirects.allow_redirect(db, mine, f"https://example.org/{'a-very-long-path-' * 8}")

    def _act(self, act: Callable[[Connection], T]) -> T:
        # An event loop of its own cannot run in a thread in which Playwright is.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(operator, self.world, act).result()

    def _fill(self) -> None:
        image = {
            "type": "image",
            "url": self.world.demo_image(),
            "altText": "Colours that run into each other",
        }
        self._post(
            "published", TEXTS[0], "twitter", "bluesky", "linkedin", mediaItems=[image], publishNow=True
        )
        self._fault("threads", "restricted")
        self._post("partial", TEXTS[1], "twitter", "threads", publishNow=True)
        self._fault("mastodon", "token_dead")
        self._post("failed", TEXTS[2], "mastodon", publishNow=True)
        self._post("right to left", TEXTS[3], "twitter", publishNow=True)
        self._post("long", TEXTS[4], "mastodon", "facebook", scheduledFor=_later(hours=2))
        for number in range(36):
            zone = ("Europe/Berlin", "America/New_York", "UTC")[number % 3]
            when = _later(hours=5 + 7 * number)
            self._post(
                "scheduled", f"{TEXTS[number % 3]} {number}", "twitter", scheduledFor=when, timezone=zone
            )
        drafted = self._client.post(
            "/v1/posts/drafts", json={"content": TEXTS[2], "platforms": [self.world.target("twitter")]}
        )
        assert drafted.status_code < 300, drafted.text
        self.posts["draft"] = drafted.json()["postId"]
        self._ask()
        self.world.settle(
            [self.posts[state] for state in ("published", "partial", "failed", "right to left")]
        )
        self._post(
            "talked about", TEXTS[0], "instagram", "googlebusiness", mediaItems=[image], publishNow=True
        )
        self._fault("twitter", "error_before", times=None)
        self._post("unknown", TEXTS[4], "twitter", publishNow=True)
        ended = self.world.settle([self.posts["unknown"], self.posts["talked about"]])
        self._talk(ended[self.posts["talked about"]])
        told = self._client.get("/v1/analytics", params={"sortBy": "likes"})
        assert told.status_code == 200, told.text
        self._act(self._past)
        self._call()

    def _past(self, db: Connection) -> None:
        """Copies of the published post over the weeks before, of which the networks have told figures."""
        copy(db, self.posts["published"], range(24), every=timedelta(hours=27), first=timedelta(days=1))
        now = datetime.now(UTC)
        mine = select(targets).where(
            targets.c.project_id == self.project_id,
            targets.c.proof_id.is_not(None),
            targets.c.published_at < now - timedelta(hours=12),
        )
        for row in db.execute(mine).all():
            days = (now - row.published_at).days
            told: dict[str, Any] = {
                "likes": 40 + 37 * (days % 7),
                "comments": days % 5,
                "shares": 3 * (days % 4),
            }
            if row.platform != "bluesky":
                seen = 1900 + 90 * days
                told |= {"impressions": seen, "exposure": seen, "engagement_rate": told["likes"] / seen}
            key = {"integration_id": row.integration_id, "proof_id": row.proof_id}
            more = {"project_id": self.project_id, "platform": row.platform}
            at = {"asked_at": now - timedelta(hours=days), "measured_at": now - timedelta(hours=days)}
            db.execute(insert(figures).values(**key, **more, **at, **told))

    def _talk(self, found: Mapping[str, Any]) -> None:
        """Comments under a post on Instagram, one of them answered and one hidden, and letters to the account."""
        out = next(each for each in found["platforms"] if each["platform"] == "instagram")
        account, post = self.world.accounts["instagram"], out["platformPostId"]
        for number, text in enumerate((*TEXTS, "<b>Lovely!</b>")):
            said = {"platform": "instagram", "postId": post, "text": text, "author": f"Visitor {number}"}
            comment = self.world.control("POST", "comments", json=said)["id"]
            asked = {"platform": "instagram", "accountId": account}
            if number == 0:
                answer = self._client.post(
                    "/v1/comments", json=asked | {"commentId": comment, "text": "Thank you!"}
                )
                assert answer.status_code == 200, answer.text
            if number == 1:
                self._client.patch(f"/v1/comments/{comment}", json=asked | {"hidden": True})
        listed = self._client.get("/v1/connect/integrations", params={"platform": "instagram"}).json()
        user = next(each for each in listed["integrations"] if each["id"] == account)["platformUserId"]
        for text in (TEXTS[3], TEXTS[4], "Are you open on Sunday?"):
            letter = {"platform": "instagram", "accountId": user, "text": text, "from": "Some Body"}
            said = self.world.control("POST", "messages", json=letter)
        base = f"/{self.project_id}/inbox/{account}"
        self.further |= {
            "inbox-posts": base,
            "inbox-comments": f"{base}/comments?{urlencode({'post': post})}",
            "inbox-messages": f"{base}/messages",
            "inbox-conversation": f"{base}/conversation?{urlencode({'id': said['conversationId']})}",
        }

    def _plan(self) -> None:
        """A queue with posts in it, posts that repeat, a file of posts, and uploads."""
        hours = [
            {"weekday": day, "time": time}
            for day in ("monday", "wednesday", "friday")
            for time in ("02:30", "09:00", "12:30", "18:00")
        ]
        self._sent("PUT", "/v1/queue/slots", json={"timezone": "Europe/Berlin", "slots": hours})
        self._sent("POST", "/v1/profiles", json={"name": LONG})
        x = self.world.target("twitter")
        for text in TEXTS:
            self._sent("POST", "/v1/queue/posts", json={"content": text[:270], "platforms": [x]})
        rules = ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12", "FREQ=DAILY")
        for text, rule in zip((TEXTS[0], LONG, TEXTS[3]), rules, strict=True):
            body = {"content": text, "platforms": [x], "rule": rule, "name": text[:90]}
            times = {"startsAt": _later(days=1)[:16], "timezone": "Europe/Berlin"}
            made = self._sent("POST", "/v1/schedules", json=body | times).json()["schedule"]
            self._lead(
                f"recurrence-{rule.split(';')[0].rpartition('=')[2].lower()}", "recurrences", made["id"]
            )
        self._sent("POST", f"/v1/schedules/{made['id']}/pause")
        account, hour = f"twitter:{x['accountId']}", _later(days=3)
        wrong = [f"{'x' * 300},{account},{hour}", f"{LONG},{LONG},{hour}", f"{TEXTS[3]},{account},tomorrow"]
        rows = [*wrong, *(f"{TEXTS[0][:20]} {number},{account},{hour}" for number in range(60))]
        file = "\n".join(["content,platforms,scheduledFor", *rows]).encode()
        for state, query in (("tried", {"dryRun": "true"}), ("carried-out", {})):
            kind = {"content-type": "text/csv"}
            sent = self._sent("POST", "/v1/posts/bulk", content=file, headers=kind, params=query)
            self._lead(f"bulk-{state}", "bulk", sent.json()["bulkId"])
        image = httpx2.get(self.world.demo_image(), trust_env=False).content
        for name in ("launch.jpg", f"{LONG}.jpg", "שלום.jpg"):
            asked = {"filename": name, "mimeType": "image/jpeg"}
            room = self._sent("POST", "/v1/media/upload", json=asked).json()["data"]
            self._sent("PUT", room["uploadUrl"], content=image, headers={"content-type": "image/jpeg"})
        film = {"filename": "film.mp4", "mimeType": "video/mp4", "size": 734_003_200}
        self._sent("POST", "/v1/media/upload", json=film)

    def _sent(self, method: str, path: str, **options: Any) -> httpx2.Response:
        answer = self._client.request(method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer

    def _ask(self) -> None:
        """Drafts that wait for approval, that were sent back, and that were approved; `link` leads to one of them."""
        agent = {"x-access-key": self._agent}
        made = []
        for text, image in (
            (TEXTS[4], True),
            (TEXTS[3], False),
            (TEXTS[0], True),
            (TEXTS[1], False),
            (TEXTS[2], False),
        ):
            entries = [self.world.target(each) for each in ("twitter", "mastodon")]
            entries[1]["content"] = f"{text} (longer here)"
            body: dict[str, Any] = {"content": text, "platforms": entries}
            if image:
                body["mediaItems"] = [{"type": "image", "url": self.world.demo_image(), "altText": LONG}]
            answer = self._client.post("/v1/posts/drafts", json=body, headers=agent)
            assert answer.status_code < 300, answer.text
            made.append(answer.json()["postId"])
        self.posts["waits"], self.posts["waits, right to left"], _, self.posts["returned"], approved = made
        project, by = self.project_id, By("usr_of_nobody", f"Ada {LONG}")

        def decide(db: Connection) -> str:
            for post_id in made[3:]:
                found = asking.pending(db, project, post_id)
                state = RETURNED if post_id == made[3] else APPROVED
                asking.decide(db, found, state, found.request.version, by, TEXTS[4])
            owner = people.invite(db, "operator")
            giver = people.accept_invitation(db, owner, name=f"Grace {LONG}", password="unused")
            shown = asking.pending(db, project, made[0]).request.version
            return links.make(db, project, made[0], shown, By(giver.id, giver.name), days=7)

        self.link = self._act(decide)
        hour = {"scheduledFor": _later(hours=9), "timezone": "UTC"}
        assert self._client.post(f"/v1/posts/drafts/{approved}/schedule", json=hour).status_code == 202

    def _call(self) -> None:
        """Requests that went well and otherwise, with long and foreign words."""
        refused = {"content": TEXTS[3] * 3, "platforms": [self.world.target("twitter")], "token": "hush"}
        asked = {
            "answered": self._client.get("/v1/posts", params={"q": LONG, "limit": "1"}),
            "refused": self._client.post("/v1/posts/drafts", json=[refused]),
            "long": self._client.post("/v1/posts/validate", json={"content": TEXTS[4] * 60}),
            "missing": self._client.delete(f"/v1/posts/{LONG}"),
        }
        for name, answer in asked.items():
            self._lead(f"request-{name}", "requests", answer.headers["x-request-id"])
        # They are written down a second later.
        time.sleep(2 * FLUSH_SECONDS)

    def _fault(self, platform: str, fault: str, times: int | None = 1) -> None:
        rule = {"platform": platform, "fault": fault} | ({"times": times} if times else {})
        self.world.control("POST", "faults", json=rule)

    def _post(self, state: str, text: str, *platforms: str, **more: Any) -> None:
        body = {"content": text, "platforms": [self.world.target(each) for each in platforms], **more}
        answer: httpx2.Response = self._client.post(
            "/v1/posts", json=body, headers={"prefer": "respond-async"}
        )
        assert answer.status_code < 300, answer.text
        self.posts.setdefault(state, answer.json()["postId"])


def _later(**more: int) -> str:
    return (datetime.now(UTC) + timedelta(**more)).replace(tzinfo=None).isoformat(timespec="seconds")
