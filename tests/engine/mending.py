"""What the judges of `make crash` and `make disconnect` know of posts that are changed after targets of theirs failed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.judging import Lane, Sent

# Networks that take a text alone, and one with a picture.
NETWORKS = ("bluesky", "facebook", "linkedin", "mastodon", "threads", "twitter")
# On these a text whose answer was lost is not tried again unasked: it ends in doubt.
IN_DOUBT = ("facebook", "googlebusiness")


class Version(NamedTuple):
    """What a target says: the text, and how many media it has."""

    text: str
    media: int


@dataclass
class Mend:
    """What the targets of a post were before the change, by network, and what those that failed are changed to.

    A target was `published`, `refused`, or its answer was lost: it is `hidden` on the network, or `nowhere`.
    """

    before: dict[str, str]
    old: Version
    new: Version

    def untrue(self, sent: Sent, post: dict[str, Any], seen: Iterable[dict[str, Any]]) -> list[str]:
        """Everything that the post, as the API shows it, or an answer says and that is not so."""
        out = {each["platform"]: self._version(each) for each in seen}
        said = {each["platform"]: _said(post, each) for each in post["platforms"]}
        found = [
            f"{sent.text}: {was} on {name}, then {said[name]}"
            for name, was in self.before.items()
            if said[name] not in self._may_say(was, accepted=sent.accepted)
        ]
        for each in post["platforms"]:
            name, status = each["platform"], each["status"]
            if status == "published" and name in out and out[name] != said[name]:
                found.append(f"{sent.text}: {said[name]} on {name}, where {out[name]} is out")
            if sent.accepted and self.before[name] == "hidden" and status != "published":
                found.append(f"{sent.text}: {status} on {name}, where it is out since before the change")
        denied = [each for each in sent.answers if each.status == 409]
        if denied and not any("changedAt" in each for each in post["platforms"]):
            found.append(f"{sent.text}: nothing had changed it, yet answered {denied[0]}")
        return found

    def waived(self, post: dict[str, Any]) -> int:
        """How many of its targets are out and stay free: each was given up before, and turned up."""
        return sum(
            each["status"] == "published" and self.before[each["platform"]] == "hidden"
            for each in post["platforms"]
        )

    def _may_say(self, was: str, *, accepted: bool) -> set[Version]:
        if was in {"published", "hidden"}:
            return {self.old}
        return {self.new} if accepted else {self.old, self.new}

    def _version(self, seen: dict[str, Any]) -> Version:
        new = self.new.text != self.old.text and self.new.text in f"{seen['text']} {seen['raw']}"
        return Version((self.new if new else self.old).text, seen["mediaCount"])


def _said(post: dict[str, Any], target: dict[str, Any]) -> Version:
    text = post["content"] if target.get("content") is None else target["content"]
    return Version(text, len(target.get("mediaItems", post["mediaItems"])))


def failed(lane: Lane, doubts: Sequence[bool]) -> list[Sent]:
    """Changes of posts of which one target is out and one was refused, a post for each of `doubts`.

    Where that says so, the answer of a third was lost, and the looks to the end of the timetable found nothing.
    """
    chance = lane.random
    dark = chance.choice(IN_DOUBT)
    # By turns, so that a lane with one round has what turns up.
    hidden = lane.doubts % 2 == 0
    lane.doubts += any(doubts)
    refusing, *taking = chance.sample(sorted({*NETWORKS} - {dark}), 3)
    faults = [{"platform": refusing, "fault": "duplicate"}]
    if any(doubts):
        lost = ("lost_answer", "listing_lag") if hidden else ("reset_before",)
        faults += [{"platform": dark, "fault": fault, "seconds": 3600} for fault in lost]
    sent = []
    with _faults(lane, faults):
        for doubt in doubts:
            names = [refusing, chance.choice(taking), *([dark] if doubt else [])]
            each = lane.order(names, film=False)
            # What Facebook has with a picture is asked for by its id, and is no doubt.
            if not doubt and chance.random() < 0.5:
                each.body["mediaItems"] = [_picture(lane)]
            with lane.world.client() as client:
                answer = client.post("/v1/posts", json=each.body, headers={"prefer": "respond-async"})
            assert answer.status_code == 202, answer.text
            each.existing = answer.json()["postId"]
            sent.append(each)
        posts = lane.settle([str(each.existing) for each in sent])
    seen = lane.world.visible()
    for each in sent:
        _change(lane, each, posts[str(each.existing)], seen)
    return sent


def _change(lane: Lane, sent: Sent, post: dict[str, Any], seen: list[dict[str, Any]]) -> None:
    """Make an order the change of the post that came of it: of its text, its media or both."""
    there = {row["platform"] for row in seen if sent.text in f"{row['text']} {row['raw']}"}
    before = {}
    for target in post["platforms"]:
        name, lost = target["platform"], target.get("errorCode") == "outcome_unknown"
        doubt = "hidden" if name in there else "nowhere"
        before[name] = "published" if target["status"] == "published" else doubt if lost else "refused"
    assert {"published", "refused"} <= {*before.values()}, post
    old = Version(sent.text, len(post["mediaItems"]))
    way = lane.random.choice(("content", "mediaItems", "both"))
    changes: dict[str, Any] = {}
    if way != "mediaItems":
        changes["content"] = f"{sent.text} changed"
    if way != "content":
        changes["mediaItems"] = [] if old.media else [_picture(lane)]
    new = Version(changes.get("content", old.text), len(changes.get("mediaItems", "x" * old.media)))
    body = changes
    if lane.random.random() < 0.5:
        names = [each for each in post["platforms"] if each["status"] == "failed"]
        body = {
            "platforms": [
                {"platform": each["platform"], "accountId": each["accountId"], **changes} for each in names
            ]
        }
    if {"hidden", "nowhere"} & {*before.values()}:
        body["force"] = True
        # Forced a second time, what the first has lost would be looked for, found, and stay free.
        sent.key = uuid.uuid4().hex
    sent.method, sent.path, sent.payload = "PUT", f"/v1/posts/{sent.existing}", {"json": body}
    sent.mend = Mend(before, old, new)


def _picture(lane: Lane) -> dict[str, str]:
    return {"type": "image", "url": lane.world.demo_image()}


@contextmanager
def _faults(lane: Lane, faults: list[dict[str, Any]]) -> Iterator[None]:
    """What goes wrong on the networks until this ends, before whatever else does."""
    ids = [lane.world.control("POST", "faults", json=each)["id"] for each in faults]
    yield
    for each in ids:
        lane.world.control("DELETE", f"faults/{each}")
