"""What happens below a post: comments, their numbers, and the statistics of both kinds of authors."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.platforms.linkedin.simulator import errors, restli, urns
from polypost.platforms.linkedin.simulator.auth import Caller
from polypost.platforms.linkedin.simulator.compose import Composer
from polypost.platforms.linkedin.simulator.limits import limit
from polypost.platforms.simkit import Document, Network, SimPost, exchange

if TYPE_CHECKING:
    from polypost.platforms.linkedin.simulator.simulator import LinkedInSimulator

COMMENT = "comment"
QUERY_TYPES = ("IMPRESSION", "MEMBERS_REACHED", "REACTION", "COMMENT", "RESHARE")
_ENTITY = re.compile(r"\((?:share|ugcPost):(urn:li:(?:share|ugcPost):\d+)\)")


class Numbers:
    """The invented numbers of a post: the same for the same post, growing with nothing."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def comments(self, post: SimPost) -> list[Document]:
        """The comments below a post, oldest first."""
        return self._net.documents.of_account(COMMENT, post.id)

    def of(self, post: SimPost) -> dict[str, int]:
        """Impressions, members reached, clicks, reactions, comments and reshares."""
        seed = hashlib.blake2b(post.id.encode(), digest_size=6).digest()
        impressions = 40 + seed[0] * 3
        return {
            "impressions": impressions,
            "reached": impressions * 3 // 4,
            "clicks": seed[1] % 30,
            "reactions": seed[2] % 25,
            "comments": len(self.comments(post)),
            "reshares": seed[3] % 6,
        }


class Social:
    """The handlers."""

    def __init__(self, sim: LinkedInSimulator, composer: Composer, numbers: Numbers) -> None:
        self._sim = sim
        self._net = sim.net
        self._composer = composer
        self._numbers = numbers

    async def comment(self, request: Request) -> Response:
        """`POST /rest/socialActions/{urn}/comments`; the text is plain here."""
        caller = self._sim.auth.enter(request)
        body = await restli.read_object(request)
        actor = body.get("actor")
        if not isinstance(actor, str) or urns.kind_of(actor) not in urns.AUTHORS:
            raise errors.invalid("MISSING_FIELD", "actor is missing", "actor")
        if not caller.writes(actor) or exchange(request).fault("comment_forbidden"):
            raise errors.denied("partnerApiSocialActions.CREATE")
        self._sim.acting(request, actor)
        post = self._post(request)
        message = body.get("message")
        text = message.get("text") if isinstance(message, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise errors.invalid("MISSING_FIELD", "message/text is missing", "message/text")
        if len(text) > limit("comment_characters"):
            most = limit("comment_characters")
            raise errors.invalid(
                "FIELD_LENGTH_TOO_LONG", f"A comment has at most {most} characters", "message/text"
            )
        number = self._net.snowflake(epoch_ms=0)
        kept = {"actor": actor, "text": text, "time": int(clock.now().timestamp() * 1000)}
        document = self._net.documents.put(COMMENT, number, kept, account_id=post.id)
        headers = {"x-restli-id": number, "x-linkedin-id": number, **errors.traced()}
        return JSONResponse(_shown(document, post), 201, headers=headers)

    async def comments(self, request: Request) -> Response:
        """`GET /rest/socialActions/{urn}/comments`, oldest first."""
        caller = self._sim.auth.enter(request)
        post = self._post(request)
        self._reader(caller, post)
        start, count = restli.page_of(request)
        found = self._numbers.comments(post)
        shown = [_shown(document, post) for document in found[start : start + count]]
        return restli.collection(shown, start, count, len(found))

    async def uncomment(self, request: Request) -> Response:
        """`DELETE /rest/socialActions/{urn}/comments/{id}`."""
        caller = self._sim.auth.enter(request)
        post = self._post(request)
        document = self._net.documents.get(COMMENT, request.path_params["id"])
        if document is None or document.account_id != post.id:
            raise errors.not_found(request.path_params["id"])
        if not caller.acts_for(document.body["actor"]):
            raise errors.denied("partnerApiSocialActions.DELETE")
        self._net.documents.delete(COMMENT, document.id)
        return Response(status_code=204, headers=errors.traced())

    async def metadata(self, request: Request) -> Response:
        """`GET /rest/socialMetadata/{urn}` and `/rest/socialActions/{urn}`."""
        caller = self._sim.auth.enter(request)
        post = self._post(request)
        self._reader(caller, post)
        numbers = self._numbers.of(post)
        like = {"reactionType": "LIKE", "count": numbers["reactions"]}
        return JSONResponse(
            {
                "entity": post.id,
                "reactionSummaries": {"LIKE": like} if numbers["reactions"] else {},
                "commentSummary": {
                    "count": numbers["comments"],
                    "topLevelCount": numbers["comments"],
                },
                "commentsState": "OPEN",
            }
        )

    async def share_statistics(self, request: Request) -> Response:
        """`GET /rest/organizationalEntityShareStatistics`: by post, or the organization's sum."""
        caller = self._sim.auth.enter(request)
        entity = request.query_params.get("organizationalEntity", "")
        if not caller.acts_for(entity) or not caller.may("rw_organization_admin", "r_organization_social"):
            raise errors.denied("organizationalEntityShareStatistics.FINDER")
        wanted = {name: restli.listed(request, name) for name in ("shares", "ugcPosts")}
        elements = [
            {kind.removesuffix("s"): urn, **self._statistics(entity, [post])}
            for kind, listed in wanted.items()
            for urn in listed or ()
            if (post := self._composer.find(urn)) is not None and post.account_id == entity
        ]
        if all(listed is None for listed in wanted.values()):
            elements = [self._statistics(entity, self._net.posts.by_account(entity, limit=1_000))]
        return restli.collection(elements, 0, max(10, len(elements)), len(elements))

    async def member_analytics(self, request: Request) -> Response:
        """`GET /rest/memberCreatorPostAnalytics?q=entity`."""
        caller = self._sim.auth.enter(request)
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

    def _post(self, request: Request) -> SimPost:
        post = self._composer.find(request.path_params["urn"])
        if post is None:
            raise errors.not_found(request.path_params["urn"])
        return post

    def _reader(self, caller: Caller, post: SimPost) -> None:
        if not caller.reads(post.account_id):
            raise errors.denied("partnerApiSocialActions.GET")


def _shown(document: Document, post: SimPost) -> dict[str, Any]:
    stamp = {"actor": document.body["actor"], "time": document.body["time"]}
    activity = f"urn:li:activity:{urns.id_of(post.id)}"
    return {
        "$URN": f"urn:li:comment:({activity},{document.id})",
        "actor": document.body["actor"],
        "commentUrn": f"urn:li:comment:({activity},{document.id})",
        "created": stamp,
        "id": document.id,
        "lastModified": stamp,
        "message": {"attributes": [], "text": document.body["text"]},
        "object": activity,
    }
