"""For apps by the guide "Share on LinkedIn": ugcPosts and assets, the addresses before the Posts API. Text is plain here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, little, restli, urns
from polypost.sandbox.networks.linkedin.auth import Auth
from polypost.sandbox.networks.linkedin.compose import Composer
from polypost.sandbox.networks.linkedin.library import Library
from polypost.sandbox.networks.linkedin.posts import MOST_LISTED
from polypost.sandbox.networks.linkedin.rates import Rates
from polypost.sandbox.networks.linkedin.uploads import ADDRESS
from polypost.sandbox.simkit import Network, SimPost, exchange

SHARE = "com.linkedin.ugc.ShareContent"
VISIBILITY = "com.linkedin.ugc.MemberNetworkVisibility"
MECHANISM = "com.linkedin.digitalmedia.uploading.MediaUploadHttpRequest"
_CATEGORIES = {"image": "IMAGE", "video": "VIDEO", "document": "RICH"}
# Assets have URNs of their own here; behind them are the images, videos and documents of today.
RECIPES = {"feedshare-image": "image", "feedshare-video": "video", "feedshare-document": "document"}


class Legacy:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, rates: Rates, composer: Composer, library: Library) -> None:
        self._net = net
        self._auth = auth
        self._rates = rates
        self._composer = composer
        self._library = library

    async def create(self, request: Request) -> Response:
        """`POST /v2/ugcPosts`."""
        caller = self._auth.enter(request)
        self._rates.take(caller)
        body = self._translated(await restli.read_object(request))
        if isinstance(body.get("author"), str):
            exchange(request).identify(body["author"])
        # "Share on LinkedIn" has the share follow the upload at once: it appears when its video is ready.
        order = self._composer.check(caller, body, early=True)
        async with exchange(request).commit():
            self._composer.refuse_duplicate(order)
            post = self._composer.make(order)
        headers = {"x-restli-id": post.id, "x-linkedin-id": post.id, **errors.traced()}
        return JSONResponse({"id": post.id}, 201, headers=headers)

    async def register(self, request: Request) -> Response:
        """`POST /v2/assets?action=registerUpload`."""
        caller = self._auth.enter(request)
        if request.query_params.get("action") != "registerUpload":
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such action", "action")
        asked = (await restli.read_object(request)).get("registerUploadRequest")
        asked = asked if isinstance(asked, dict) else {}
        owner, recipes = asked.get("owner"), asked.get("recipes")
        recipe = str(recipes[0]).rpartition(":")[2] if isinstance(recipes, list) and recipes else ""
        if recipe not in RECIPES:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such recipe", "recipes")
        if not isinstance(owner, str) or not caller.writes(owner):
            raise errors.denied("assets.ACTION-registerUpload")
        exchange(request).identify(owner)
        asset = self._library.begin(RECIPES[recipe], owner)
        url = ADDRESS.format(asset=asset.urn, part="0")
        address = f"{str(request.base_url).rstrip('/')}{url}?ca=vector_feedshare&ut={asset.secret}"
        value = {
            "uploadMechanism": {MECHANISM: {"headers": {}, "uploadUrl": address}},
            "mediaArtifact": f"urn:li:digitalmediaMediaArtifact:({_old(asset.urn)},urn:li:digitalmediaMediaArtifactClass:uploaded)",
            "asset": _old(asset.urn),
        }
        return JSONResponse({"value": value})

    async def status(self, request: Request) -> Response:
        """`GET /v2/assets/{id}`."""
        caller = self._auth.enter(request)
        asset = self._library.get(str(self._urn(request.path_params["id"])))
        if asset is None or not caller.acts_for(asset.owner):
            raise errors.not_found(request.path_params["id"])
        family = (
            "DOCUMENT" if asset.kind == "document" else "VIDEO" if asset.kind == "video" else "STILLIMAGE"
        )
        stage = "CLIENT_ERROR" if asset.status == "PROCESSING_FAILED" else asset.status
        recipe = f"urn:li:digitalmediaRecipe:feedshare-{asset.kind}"
        return JSONResponse(
            {
                "id": urns.id_of(asset.urn),
                "mediaTypeFamily": family,
                "status": "ALLOWED",
                "recipes": [{"recipe": recipe, "status": stage}],
                "serviceRelationships": [
                    {"identifier": "urn:li:userGeneratedContent", "relationshipType": "OWNER"}
                ],
            }
        )

    async def one(self, request: Request) -> Response:
        """`GET /v2/ugcPosts/{urn}`."""
        caller = self._auth.enter(request)
        urn = request.path_params["urn"]
        post = self._composer.find(urn)
        if post is None:
            raise errors.not_found(urn)
        if not caller.reads(post.account_id):
            raise errors.denied("ugcPosts.GET")
        return JSONResponse(_formerly(post))

    async def several(self, request: Request) -> Response:
        """`GET /v2/ugcPosts?q=authors&authors=List(…)`."""
        caller = self._auth.enter(request)
        authors = restli.listed(request, "authors")
        if request.query_params.get("q") != "authors" or not authors:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such finder", "q")
        if not all(caller.reads(author) for author in authors):
            raise errors.denied("ugcPosts.FINDER-authors")
        start, count = restli.page_of(request)
        until = clock.now() - timedelta(seconds=exchange(request).seconds("listing_lag"))
        found = [
            post
            for author in authors
            for post in self._net.posts.by_account(author, limit=MOST_LISTED, until=until)
        ]
        page = [_formerly(post) for post in found[start : start + count]]
        return restli.collection(page, start, count, len(found))

    def _translated(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as the Posts API would have it. Raises Refused (400)."""
        share = (body.get("specificContent") or {}).get(SHARE)
        if not isinstance(share, dict):
            raise errors.invalid("MISSING_FIELD", "specificContent is missing", "specificContent")
        text = share.get("shareCommentary") or {}
        return {
            "author": body.get("author"),
            # Text of ugcPosts is plain; escaped, it reads the same as little text.
            "commentary": little.escaped(str(text.get("text", ""))),
            "visibility": (body.get("visibility") or {}).get(VISIBILITY),
            "distribution": {"feedDistribution": "MAIN_FEED"},
            "lifecycleState": body.get("lifecycleState"),
            "content": self._content(share),
        }

    def _content(self, share: dict[str, Any]) -> dict[str, Any] | None:
        media = [item for item in share.get("media") or () if isinstance(item, dict)]
        match share.get("shareMediaCategory"):
            case "NONE" | None:
                return None
            case "ARTICLE" if media:
                return {"article": _article(media[0])}
            case "IMAGE" | "VIDEO" | "RICH" if media:
                shown = [{"id": self._urn(item.get("media")), **_described(item)} for item in media]
                return {"media": shown[0]} if len(shown) == 1 else {"multiImage": {"images": shown}}
        raise errors.invalid(
            "INVALID_VALUE_FOR_FIELD", "The media do not fit the category", "shareMediaCategory"
        )

    def _urn(self, asset: Any) -> Any:
        """An asset's present URN behind its old one."""
        for kind in set(RECIPES.values()):
            urn = f"urn:li:{kind}:{urns.id_of(str(asset))}"
            if self._library.get(urn) is not None:
                return urn
        return asset


def _formerly(post: SimPost) -> dict[str, Any]:
    """A post as it was described before the Posts API."""
    record = post.raw["record"]
    content = record.get("content") or {}
    article = content.get("article")
    if article:
        title = {"text": article.get("title", "")}
        media = [{"status": "READY", "originalUrl": article.get("source", ""), "title": title}]
    else:
        shown = (content.get("multiImage") or {}).get("images") or [content.get("media") or {}]
        media = [{"status": "READY", "media": _old(item["id"])} for item in shown if "id" in item]
    kind = "NONE" if not media else "ARTICLE" if article else _CATEGORIES[post.media[0]["kind"]]
    share = {"shareCommentary": {"text": post.text}, "shareMediaCategory": kind, "media": media}
    return {
        "id": post.id,
        "author": record["author"],
        "lifecycleState": record["lifecycleState"],
        "visibility": {VISIBILITY: record["visibility"]},
        "specificContent": {SHARE: share},
        "created": {"actor": record["author"], "time": record["createdAt"]},
        "lastModified": {"actor": record["author"], "time": record["lastModifiedAt"]},
        "firstPublishedAt": record["publishedAt"],
    }


def _old(urn: str) -> str:
    return f"urn:li:digitalmediaAsset:{urns.id_of(urn)}"


def _article(item: dict[str, Any]) -> dict[str, Any]:
    source = str(item.get("originalUrl", ""))
    return {"source": source, **_described(item, title=source)}


def _described(item: dict[str, Any], *, title: str = "") -> dict[str, Any]:
    texts = {name: (item.get(name) or {}).get("text") for name in ("title", "description")}
    described = {name: text for name, text in texts.items() if isinstance(text, str) and text}
    return {"title": title, **described} if title else described
