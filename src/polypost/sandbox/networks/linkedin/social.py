"""The numbers of posts: what readers see of them, and the statistics of both kinds of authors."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, restli
from polypost.sandbox.networks.linkedin.auth import Auth, Caller
from polypost.sandbox.networks.linkedin.comments import Thread
from polypost.sandbox.networks.linkedin.compose import Composer
from polypost.sandbox.networks.linkedin.reactions import REACTION
from polypost.sandbox.simkit import Network, SimPost

QUERY_TYPES = ("IMPRESSION", "MEMBERS_REACHED", "REACTION", "COMMENT", "RESHARE")
_ENTITY = re.compile(r"\((?:share|ugcPost):(urn:li:(?:share|ugcPost):\d+)\)")


class Numbers:
    """The invented numbers of a post, which follow from its name and grow minute by minute, ever more slowly."""

    def __init__(self, net: Network, thread: Thread) -> None:
        self._net = net
        self._thread = thread

    def reactions(self, post: SimPost) -> dict[str, int]:
        """How many reactions of each kind there are, the invented ones being likes."""
        kinds = Counter(each.body["kind"] for each in self._net.documents.of_account(REACTION, post.id))
        seen, seed = self._seen(post)
        return dict(kinds + Counter(LIKE=seen // (12 + seed[2] % 13)))

    def of(self, post: SimPost) -> dict[str, int]:
        """Impressions, members reached, clicks, reactions, comments and reshares."""
        impressions, seed = self._seen(post)
        return {
            "impressions": impressions,
            "reached": impressions * 3 // 4,
            "clicks": impressions // (20 + seed[1] % 30),
            "reactions": sum(self.reactions(post).values()),
            "comments": len(self._thread.of(post)),
            "reshares": impressions // (80 + seed[3] % 40),
        }

    def _seen(self, post: SimPost) -> tuple[int, bytes]:
        """How often a post was seen by now, and the numbers that make it itself."""
        seed = hashlib.blake2b(post.id.encode(), digest_size=6).digest()
        minutes = max(0, (clock.now() - post.created) // timedelta(minutes=1))
        return int(math.log1p(minutes) * (20 + seed[0] % 60)), seed


class Social:
    """The handlers."""

    def __init__(
        self, net: Network, auth: Auth, composer: Composer, thread: Thread, numbers: Numbers
    ) -> None:
        self._auth = auth
        self._net = net
        self._composer = composer
        self._thread = thread
        self._numbers = numbers

    async def metadata(self, request: Request) -> Response:
        """`GET /rest/socialMetadata/{urn}` and `/rest/socialActions/{urn}`."""
        caller = self._auth.enter(request)
        post = self._thread.post(request.path_params["urn"])
        entity = self._entity(caller, post.id)
        if entity is None:
            raise errors.denied("partnerApiSocialMetadata.GET")
        return JSONResponse(entity)

    async def several(self, request: Request) -> Response:
        """`GET /rest/socialMetadata?ids=List(…)`."""
        caller = self._auth.enter(request)
        ids = restli.listed(request, "ids")
        if ids is None:
            raise errors.invalid("MISSING_FIELD", "ids is missing", "ids")
        return restli.batch(ids, lambda urn: self._entity(caller, urn))

    async def change(self, request: Request) -> Response:
        """`POST /rest/socialMetadata/{urn}`: whether the post takes comments."""
        caller = self._auth.enter(request)
        post = self._thread.post(request.path_params["urn"])
        if not caller.writes(post.account_id):
            raise errors.denied("partnerApiSocialMetadata.PARTIAL_UPDATE")
        patch = (await restli.read_object(request)).get("patch")
        changes = patch.get("$set") if isinstance(patch, dict) else None
        state = changes.get("commentsState") if isinstance(changes, dict) else None
        if state not in {"OPEN", "CLOSED"}:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "commentsState must be OPEN or CLOSED", "patch")
        self._net.posts.update(post.id, raw={**post.raw, "comments_closed": state == "CLOSED"})
        return Response(status_code=204, headers=errors.traced())

    async def share_statistics(self, request: Request) -> Response:
        """`GET /rest/organizationalEntityShareStatistics`: by post, or the organization's sum."""
        caller = self._auth.enter(request)
        entity = request.query_params.get("organizationalEntity", "")
        # Only administrators see the numbers of an organization (Share Statistics).
        if not caller.acts_for(entity) or not caller.may("rw_organization_admin", "r_organization_social"):
            raise errors.denied("organizationalEntityShareStatistics.FINDER")
        wanted = {name: restli.listed(request, name) for name in ("shares", "ugcPosts")}
        elements = [
            {kind.removesuffix("s"): urn, **self._statistics(entity, [post])}
            for kind, listed in wanted.items()
            for urn in listed or ()
            if (post := self._composer.find(urn)) is not None
            and post.account_id == entity
            # Posts with which nobody did anything yet are left out.
            and any(self._numbers.of(post).values())
        ]
        if all(listed is None for listed in wanted.values()):
            elements = [self._statistics(entity, self._net.posts.by_account(entity, limit=1_000))]
        return restli.collection(elements, 0, max(10, len(elements)), len(elements))

    async def member_analytics(self, request: Request) -> Response:
        """`GET /rest/memberCreatorPostAnalytics?q=entity`."""
        caller = self._auth.enter(request)
        if not caller.may("r_member_postAnalytics"):
            raise errors.denied("memberCreatorPostAnalytics.FINDER")
        kind = request.query_params.get("queryType", "")
        if kind not in QUERY_TYPES:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such queryType", "queryType")
        found = _ENTITY.fullmatch(request.query_params.get("entity", ""))
        post = self._composer.find(found[1]) if found else None
        if post is None or not caller.acts_for(post.account_id):
            raise errors.not_found("entity")
        numbers = self._numbers.of(post)
        names = dict(
            zip(QUERY_TYPES, ("impressions", "reached", "reactions", "comments", "reshares"), strict=True)
        )
        element = {
            "count": numbers[names[kind]],
            "metricType": {
                "com.linkedin.adsexternalapi.memberanalytics.v1.CreatorPostAnalyticsMetricTypeV1": kind
            },
            "targetEntity": {post.id.split(":")[2]: post.id},
        }
        return restli.collection([element], 0, 10, 1)

    def _statistics(self, entity: str, posts: list[SimPost]) -> dict[str, Any]:
        total = [self._numbers.of(post) for post in posts]
        numbers = {name: sum(each[name] for each in total) for name in ("impressions", "reached", "clicks")}
        answered = {name: sum(each[name] for each in total) for name in ("reactions", "comments", "reshares")}
        seen = numbers["impressions"]
        return {
            "organizationalEntity": entity,
            "totalShareStatistics": {
                "impressionCount": seen,
                "uniqueImpressionsCount": numbers["reached"],
                "clickCount": numbers["clicks"],
                "likeCount": answered["reactions"],
                "commentCount": answered["comments"],
                "shareCount": answered["reshares"],
                "engagement": (numbers["clicks"] + sum(answered.values())) / seen if seen else 0,
            },
        }

    def _entity(self, caller: Caller, urn: str) -> dict[str, Any] | None:
        post = self._composer.find(urn)
        if post is None or not caller.reads(post.account_id):
            return None
        numbers = self._numbers.of(post)
        kinds = self._numbers.reactions(post)
        return {
            "entity": post.id,
            "reactionSummaries": {
                kind: {"reactionType": kind, "count": count} for kind, count in kinds.items()
            },
            "commentSummary": {
                "count": numbers["comments"],
                "topLevelCount": sum(not each.body["parent"] for each in self._thread.of(post)),
            },
            "commentsState": "CLOSED" if post.raw.get("comments_closed") else "OPEN",
        }
