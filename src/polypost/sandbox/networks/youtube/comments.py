"""`commentThreads` and `comments`: what people say below a video."""

from __future__ import annotations

import secrets
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_COMMENT, Auth, Caller
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.lists import (
    ids,
    listed,
    member,
    no_filter,
    page,
    resource,
    shown,
    uploads_of,
)
from polypost.sandbox.networks.youtube.metadata import parts
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.videos import Videos, stamp, tagged
from polypost.sandbox.simkit import Document, Network, SimPost, exchange

COMMENT, REPLY = "comment", "comment_reply"
THREAD_PARTS, COMMENT_PARTS = ("id", "replies", "snippet"), ("id", "snippet")
DOMAIN = "youtube.commentThread"
MODERATION = frozenset({"heldForReview", "published", "rejected"})


class Comments:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, quota: Quota, videos: Videos) -> None:
        self._auth = auth
        self._quota = quota
        self._videos = videos
        self._net = net

    async def start(self, request: Request) -> Response:
        """`POST /youtube/v3/commentThreads`: a comment on a video."""
        caller = self._enter(request, "write")
        parts(request, THREAD_PARTS)
        body = await resource(request)
        text = self._text(member(body, "snippet", "topLevelComment", "snippet", "textOriginal"))
        video_id = member(body, "snippet", "videoId")
        post = self._videos.get(video_id) if isinstance(video_id, str) else None
        if post is None or not self._videos.visible(post, caller.account.id):
            raise errors.not_found("video", "videoNotFound", DOMAIN, "body.snippet.videoId")
        # Videos made for kids take no comments.
        if post.raw["status"].get("selfDeclaredMadeForKids") or exchange(request).fault("comments_disabled"):
            message = "The video identified by the videoId parameter has disabled comments."
            raise errors.refused(403, "commentsDisabled", message, domain=DOMAIN, location="videoId")
        stored = {"text": text, "author": caller.account.id}
        # The owner column holds the video, so that its comments can be listed.
        made = self._net.documents.put(COMMENT, "Ug" + secrets.token_urlsafe(18), stored, account_id=post.id)
        return shown(request, self._thread(made, post))

    async def threads(self, request: Request) -> Response:
        """`GET /youtube/v3/commentThreads` of a video, or by id; newest first."""
        caller = self._enter(request, "list")
        parts(request, THREAD_PARTS)
        wanted = ids(request)
        query = request.query_params
        video_id = query.get("videoId", "")
        channel = query.get("allThreadsRelatedToChannelId") or query.get("channelId", "")
        if wanted:
            found = [each for name in wanted if (each := self._net.documents.get(COMMENT, name))]
        elif video_id:
            found = self._net.documents.of_account(COMMENT, self._seen(caller, video_id).id)[::-1]
        elif channel:
            posts = uploads_of(request, self._net, channel)
            found = [each for post in posts for each in self.of_video(post.id)]
            found.sort(key=lambda each: each.created, reverse=True)
        else:
            raise no_filter("allThreadsRelatedToChannelId", "channelId", "id", "videoId")
        pairs = [(each, self._videos.get(each.account_id or "")) for each in found]
        items = [self._thread(each, post) for each, post in pairs if post is not None]
        return shown(request, page(request, "commentThreadListResponse", items, size="comments_page_size"))

    async def reply(self, request: Request) -> Response:
        """`POST /youtube/v3/comments`: an answer to a comment."""
        caller = self._enter(request, "write")
        parts(request, COMMENT_PARTS)
        body = await resource(request)
        text = self._text(member(body, "snippet", "textOriginal"))
        parent = self._net.documents.get(COMMENT, str(member(body, "snippet", "parentId") or ""))
        if parent is None:
            raise errors.not_found(
                "parent comment", "parentCommentNotFound", "youtube.comment", "body.snippet.parentId"
            )
        stored = {"text": text, "author": caller.account.id, "parent": parent.id}
        name = f"{parent.id}.{secrets.token_urlsafe(16)}"
        made = self._net.documents.put(REPLY, name, stored, account_id=parent.id)
        return shown(request, self._comment(made, parent.account_id or ""))

    async def comments(self, request: Request) -> Response:
        """`GET /youtube/v3/comments`: the answers to a comment, or comments by id."""
        self._enter(request, "list")
        parts(request, COMMENT_PARTS)
        parent = request.query_params.get("parentId", "")
        if parent:
            found = self._net.documents.of_account(REPLY, parent)
            return shown(
                request,
                page(
                    request,
                    "commentListResponse",
                    [self._comment(each, "") for each in found],
                    size="comments_page_size",
                ),
            )
        if not ids(request):
            raise no_filter("id", "parentId")
        found = [each for name in ids(request) if (each := self._find(name))]
        return shown(request, listed("commentListResponse", [self._comment(each, "") for each in found]))

    async def change(self, request: Request) -> Response:
        """`PUT /youtube/v3/comments`: another text."""
        caller = self._enter(request, "write")
        parts(request, COMMENT_PARTS)
        body = await resource(request)
        comment = self._find(str(body.get("id", "")))
        if comment is None:
            raise errors.not_found("comment", "commentNotFound", "youtube.comment", "body.id")
        if comment.body["author"] != caller.account.id:
            raise errors.refused(403, "forbidden", "The comment cannot be updated.", domain="youtube.comment")
        text = self._text(member(body, "snippet", "textOriginal"))
        now = clock.now().isoformat()
        self._net.documents.update(_kind(comment), comment.id, text=text, changed=now)
        return shown(request, self._comment(self._find(comment.id) or comment, ""))

    async def moderate(self, request: Request) -> Response:
        """`POST /youtube/v3/comments/setModerationStatus`, by the owner of the video."""
        caller = self._enter(request, "write")
        status = request.query_params.get("moderationStatus", "")
        if status not in MODERATION:
            raise errors.bad_parameter("moderationStatus", f"Invalid value '{status[:20]}'.")
        found = [self._find(name) for name in ids(request)]
        if not found or None in found:
            raise errors.not_found("comment", "commentNotFound", "youtube.comment")
        for comment in filter(None, found):
            parent = self._net.documents.get(COMMENT, comment.body.get("parent", comment.id))
            post = self._videos.get(parent.account_id or "") if parent else None
            if post is None or post.account_id != caller.account.id:
                message = "The comment cannot be moderated."
                raise errors.refused(403, "forbidden", message, domain="youtube.comment")
            self._net.documents.update(_kind(comment), comment.id, moderation=status)
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """`DELETE /youtube/v3/comments?id=`."""
        caller = self._enter(request, "write")
        comment = self._find(request.query_params.get("id", ""))
        if comment is None:
            raise errors.not_found("comment", "commentNotFound", "youtube.comment")
        if comment.body["author"] != caller.account.id:
            raise errors.refused(403, "forbidden", "The comment cannot be deleted.", domain="youtube.comment")
        self._net.documents.delete(_kind(comment), comment.id)
        return Response(status_code=204)

    def of_video(self, video_id: str) -> list[Document]:
        """The comments on a video, oldest first."""
        return self._net.documents.of_account(COMMENT, video_id)

    def _find(self, name: str) -> Document | None:
        return self._net.documents.get(COMMENT, name) or self._net.documents.get(REPLY, name)

    def _seen(self, caller: Caller, video_id: str) -> SimPost:
        post = self._videos.get(video_id)
        if post is None or not self._videos.visible(post, caller.account.id):
            raise errors.not_found("video", "videoNotFound", DOMAIN, "videoId")
        return post

    def _text(self, text: Any) -> str:
        if not isinstance(text, str) or not text.strip():
            message = "The API call must contain the text of the comment."
            raise errors.refused(
                400, "commentTextRequired", message, domain=DOMAIN, location="body.snippet", kind="other"
            )
        if len(text) > limit("comment_characters"):
            message = "The comment resource that is being inserted contains too many characters."
            raise errors.refused(
                400, "commentTextTooLong", message, domain=DOMAIN, location="body.snippet", kind="other"
            )
        return text

    def _thread(self, comment: Document, post: SimPost) -> dict[str, Any]:
        replies = self._net.documents.of_account(REPLY, comment.id)
        snippet = {
            "channelId": post.account_id,
            "videoId": post.id,
            "topLevelComment": self._comment(comment, post.id),
            "canReply": True,
            "totalReplyCount": len(replies),
            "isPublic": True,
        }
        body = {"kind": "youtube#commentThread", "id": comment.id, "snippet": snippet}
        if replies:
            body["replies"] = {"comments": [self._comment(each, post.id) for each in replies]}
        return tagged(body)

    def _comment(self, comment: Document, video_id: str) -> dict[str, Any]:
        author = self._net.accounts.get(comment.body["author"])
        username = author.username if author else "gone"
        snippet: dict[str, Any] = {
            "authorDisplayName": f"@{username}",
            "authorProfileImageUrl": self._net.avatar_url(comment.body["author"]),
            "authorChannelUrl": f"http://www.youtube.com/@{username}",
            "authorChannelId": {"value": comment.body["author"]},
            "textDisplay": escape(comment.body["text"], quote=False).replace("\n", "<br>"),
            "textOriginal": comment.body["text"],
            "canRate": True,
            "viewerRating": "none",
            "likeCount": 0,
            "publishedAt": stamp(comment.created),
            "updatedAt": stamp(
                datetime.fromisoformat(comment.body.get("changed") or comment.created.isoformat())
            ),
        }
        if video_id:
            snippet["videoId"] = video_id
        if "moderation" in comment.body:
            snippet["moderationStatus"] = comment.body["moderation"]
        if "parent" in comment.body:
            snippet["parentId"] = comment.body["parent"]
        return tagged({"kind": "youtube#comment", "id": comment.id, "snippet": snippet})

    def _enter(self, request: Request, cost: str) -> Caller:
        caller = self._auth.enter(request, MAY_COMMENT, public=cost == "list")
        self._quota.units(caller.project, cost)
        return caller


def _kind(comment: Document) -> str:
    return REPLY if "parent" in comment.body else COMMENT
