"""How LinkedIn counts what a post brought: statistics of an organization's posts, analytics of a member's.

Organizations: `impressionCount`, `uniqueImpressionsCount`, `clickCount`, `likeCount`, `commentCount` and `shareCount` of
the last twelve months; posts that nobody did anything with are left out of the answer. Microsoft Learn, LinkedIn:
Organization Share Statistics, read 2026-11-24; scope `r_organization_social`.
Members: the counts IMPRESSION, MEMBERS_REACHED, REACTION, COMMENT and RESHARE, each asked for by itself. Microsoft
Learn, LinkedIn: Member Post Analytics, read 2026-11-24; scope `r_member_postAnalytics`. Without it, reactions and
comments as readers see them (socialMetadata; scope `r_member_social`).
None of these scopes is given to an app that LinkedIn has not vetted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from httpx2 import Response

from polypost.errors import ReconnectRequired, Rejected, TokenExpired
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import count, member, objects, parsed
from polypost.platforms.linkedin.api import ask, encoded, permalink
from polypost.platforms.linkedin.errors import POST_URN, error_for
from polypost.platforms.linkedin.text import plain

_BATCH, _PAGE, _MOST_PAGES = 20, 100, 10
_ORGANIZATION, _SHARE = "urn:li:organization:", "urn:li:share:"
# The finder's words for a member's figures, and ours.
_QUERIES = {
    "impressions": "IMPRESSION",
    "reach": "MEMBERS_REACHED",
    "likes": "REACTION",
    "comments": "COMMENT",
    "shares": "RESHARE",
}

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for LinkedIn."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's posts. Raises Rejected where the authorisation lacks the scopes."""
        urns = list(dict.fromkeys(proof.id for proof in proofs if POST_URN.fullmatch(proof.id)))
        if not urns:
            return {}
        if not _of_organization(session):
            return await _of_member(session, urns)
        told: dict[str, Metrics] = {}
        for start in range(0, len(urns), _BATCH):
            told |= await _statistics(session, urns[start : start + _BATCH])
        # What has no activity is left out like what is gone; readers still see the one and not the other.
        quiet = [urn for urn in urns if urn not in told]
        return told | (await _seen(session, quiet) or {})

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's posts among its newest 1,000. Raises Rejected where the authorisation lacks the scopes."""
        records: list[Found] = []
        for page in range(_MOST_PAGES):
            listed = await _listed(session, page * _PAGE)
            own = [each for each in listed if each.get("author") == session.account.id and _urn(each)]
            records += [each for each in own if since <= _published(each) <= until]
            if len(records) >= most or len(listed) < _PAGE or _published(listed[-1]) < since:
                break
        records = sorted(records, key=_published, reverse=True)[:most]
        figures = await self.measure(session, [Proof(_urn(record)) for record in records])
        return [_measured(record, figures.get(_urn(record), Metrics())) for record in records]


def _of_organization(session: Session) -> bool:
    return session.account.id.startswith(_ORGANIZATION)


async def _statistics(session: Session, urns: Sequence[str]) -> dict[str, Metrics]:
    """What the organization is told; lists stand raw in the query, with their URNs encoded."""
    lists = {
        "shares": [urn for urn in urns if urn.startswith(_SHARE)],
        "ugcPosts": [urn for urn in urns if not urn.startswith(_SHARE)],
    }
    asked = [f"{name}=List({','.join(map(encoded, each))})" for name, each in lists.items() if each]
    query = "&".join(
        ["q=organizationalEntity", f"organizationalEntity={encoded(session.account.id)}", *asked]
    )
    elements = await _read(session, f"/rest/organizationalEntityShareStatistics?{query}")
    named = ((each.get("share") or each.get("ugcPost"), each) for each in elements)
    return {str(urn): _organization_metrics(each) for urn, each in named if urn in urns}


def _organization_metrics(element: Found) -> Metrics:
    told = member(element, "totalShareStatistics")
    return Metrics(
        impressions=count(told, "impressionCount"),
        reach=count(told, "uniqueImpressionsCount"),
        likes=count(told, "likeCount"),
        comments=count(told, "commentCount"),
        shares=count(told, "shareCount"),
        clicks=count(told, "clickCount"),
    )


async def _of_member(session: Session, urns: Sequence[str]) -> dict[str, Metrics]:
    told: dict[str, Metrics] = {}
    for urn in urns:
        metrics = await _analytics(session, urn)
        if metrics is None and not told:
            # The app lacks the scope, for this post as for the others.
            seen = await _seen(session, urns)
            if seen is None:
                raise _lacking(session)
            return seen
        if metrics:
            told[urn] = Metrics(**metrics)
    return told


async def _analytics(session: Session, urn: str) -> dict[str, int | None] | None:
    """The analytics of a member's post: empty when there is no such post, None when the app may not ask."""
    kind = "share" if urn.startswith(_SHARE) else "ugcPost"
    entity = f"({kind}:{encoded(urn)})"
    found: dict[str, int | None] = {}
    for name, query in _QUERIES.items():
        path = (
            f"/rest/memberCreatorPostAnalytics?q=entity&entity={entity}&queryType={query}&aggregation=TOTAL"
        )
        answer = await ask(session, "GET", path, verb="FINDER")
        if answer.status_code == 404:
            return {}
        if _unscoped(session, answer):
            return None
        elements = parsed(answer).get("elements") if answer.is_success else None
        if not isinstance(elements, list):
            raise error_for(answer, session.now())
        counted = objects(elements)
        found[name] = count(counted[0], "count") if counted else None
    return found


async def _seen(session: Session, urns: Sequence[str]) -> dict[str, Metrics] | None:
    """Reactions and comments as readers see them, of those posts that are there; None when the app may not ask."""
    found: dict[str, Metrics] = {}
    for start in range(0, len(urns), _BATCH):
        batch = urns[start : start + _BATCH]
        ids = ",".join(map(encoded, batch))
        answer = await ask(session, "GET", f"/rest/socialMetadata?ids=List({ids})", verb="BATCH_GET")
        if _unscoped(session, answer):
            return None
        results = parsed(answer).get("results") if answer.is_success else None
        if not isinstance(results, Mapping):
            raise error_for(answer, session.now())
        found |= {urn: _seen_metrics(results[urn]) for urn in batch if isinstance(results.get(urn), Mapping)}
    return found


def _seen_metrics(entity: Found) -> Metrics:
    kinds = entity.get("reactionSummaries")
    counts = [count(member(kinds, each), "count") for each in kinds] if isinstance(kinds, Mapping) else None
    return Metrics(
        # LinkedIn's own figure of likes is the number of all reactions.
        likes=None if counts is None or None in counts else sum(each or 0 for each in counts),
        comments=count(member(entity, "commentSummary"), "count"),
    )


async def _listed(session: Session, start: int) -> list[Found]:
    query = f"q=author&author={encoded(session.account.id)}&start={start}&count={_PAGE}&sortBy=CREATED"
    return await _read(session, f"/rest/posts?{query}")


async def _read(session: Session, path: str) -> list[Found]:
    """What a finder lists. Raises Rejected where the authorisation lacks the scope."""
    answer = await ask(session, "GET", path, verb="FINDER")
    if _unscoped(session, answer):
        raise _lacking(session)
    elements = parsed(answer).get("elements") if answer.is_success else None
    if not isinstance(elements, list):
        raise error_for(answer, session.now())
    return objects(elements)


def _unscoped(session: Session, answer: Response) -> bool:
    """Whether a refusal means a scope, or a role on the page, and nothing else that LinkedIn has a word for."""
    if answer.status_code != 403:
        return False
    error = error_for(answer, session.now())
    return isinstance(error, ReconnectRequired) and not isinstance(error, TokenExpired)


def _lacking(session: Session) -> Rejected:
    """Publishing goes on without these scopes, so the account is not to be marked."""
    scopes = (
        "r_organization_social" if _of_organization(session) else "r_member_postAnalytics and r_member_social"
    )
    return Rejected(
        f"LinkedIn tells figures only to apps that it has vetted, with the scope {scopes}.",
        code="not_permitted",
        next_step="Apply for the Community Management API, add the scope to the app here, and connect the account again.",
    )


def _measured(record: Found, metrics: Metrics) -> Measured:
    urn, written = _urn(record), record.get("commentary")
    text = plain(written) if isinstance(written, str) else ""
    return Measured(Proof(urn, permalink(urn)), text or None, _published(record), metrics)


def _urn(record: Found) -> str:
    urn = record.get("id")
    return urn if isinstance(urn, str) and POST_URN.fullmatch(urn) else ""


def _published(record: Found) -> datetime:
    """When a post came out; long ago where that is not told."""
    stamp = count(record, "publishedAt") or count(record, "createdAt") or 0
    return datetime.fromtimestamp(stamp / 1000, UTC)
