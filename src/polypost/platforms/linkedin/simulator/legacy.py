"""The addresses before the Posts API, which "Share on LinkedIn" still describes: ugcPosts and assets. Text is plain here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.platforms.linkedin.simulator import errors, little, restli, urns
from polypost.platforms.linkedin.simulator.compose import Composer
from polypost.platforms.linkedin.simulator.library import Library
from polypost.platforms.linkedin.simulator.uploads import ADDRESS
from polypost.platforms.simkit import exchange

if TYPE_CHECKING:
    from polypost.platforms.linkedin.simulator.simulator import LinkedInSimulator

SHARE = "com.linkedin.ugc.ShareContent"
VISIBILITY = "com.linkedin.ugc.MemberNetworkVisibility"
MECHANISM = "com.linkedin.digitalmedia.uploading.MediaUploadHttpRequest"
RECIPES = {"feedshare-image": "image", "feedshare-video": "video", "feedshare-document": "document"}


class Legacy:
    """The handlers."""

    def __init__(self, sim: LinkedInSimulator, composer: Composer, library: Library) -> None:
        self._sim = sim
        self._composer = composer
        self._library = library

    async def create(self, request: Request) -> Response:
        """`POST /v2/ugcPosts`."""
        caller = self._sim.auth.enter(request)
        self._sim.rates.take(caller)
        body = self._translated(await restli.read_object(request))
        if isinstance(body.get("author"), str):
            self._sim.acting(request, body["author"])
        order = self._composer.check(caller, body)
        async with exchange(request).commit():
            self._composer.refuse_duplicate(order)
            post = self._composer.make(order)
        headers = {"x-restli-id": post.id, "x-linkedin-id": post.id, **errors.traced()}
        return JSONResponse({"id": post.id}, 201, headers=headers)

    async def register(self, request: Request) -> Response:
        """`POST /v2/assets?action=registerUpload`."""
        caller = self._sim.auth.enter(request)
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
        self._sim.acting(request, owner)
        asset = self._library.begin(RECIPES[recipe], owner)
        url = ADDRESS.format(asset=asset.urn, part="0")
        address = f"{str(request.base_url).rstrip('/')}{url}?ca=vector_feedshare&ut={asset.secret}"
        value = {
            "uploadMechanism": {MECHANISM: {"headers": {}, "uploadUrl": address}},
            "mediaArtifact": f"urn:li:digitalmediaMediaArtifact:({_old(asset.urn)},urn:li:digitalmediaMediaArtifactClass:uploaded)",
            "asset": _old(asset.urn),
        }
        return JSONResponse({"value": value})

    def _translated(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as the Posts API would have it. Raises Refused (400)."""
        share = (body.get("specificContent") or {}).get(SHARE)
        if not isinstance(share, dict):
            raise errors.invalid("MISSING_FIELD", "specificContent is missing", "specificContent")
        text = share.get("shareCommentary") or {}
        return {
            "author": body.get("author"),
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


def _old(urn: str) -> str:
    return f"urn:li:digitalmediaAsset:{urns.id_of(urn)}"


def _article(item: dict[str, Any]) -> dict[str, Any]:
    source = str(item.get("originalUrl", ""))
    return {"source": source, **_described(item, title=source)}


def _described(item: dict[str, Any], *, title: str = "") -> dict[str, Any]:
    texts = {name: (item.get(name) or {}).get("text") for name in ("title", "description")}
    described = {name: text for name, text in texts.items() if isinstance(text, str) and text}
    return {"title": title, **described} if title else described
