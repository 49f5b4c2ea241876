"""The Instagram simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.auth import Auth
from polypost.sandbox.networks.instagram.containers import Containers
from polypost.sandbox.networks.instagram.facebook import Facebook
from polypost.sandbox.networks.instagram.intake import Intake
from polypost.sandbox.networks.instagram.media import AT_CREATION, AT_PUBLICATION, MediaEdges
from polypost.sandbox.networks.instagram.messages import Inbox
from polypost.sandbox.networks.instagram.nodes import Nodes
from polypost.sandbox.networks.instagram.reading import Reading
from polypost.sandbox.networks.instagram.talk import Talk
from polypost.sandbox.networks.instagram.uploads import Uploads
from polypost.sandbox.networks.instagram.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Stranger, each_path, meta

METHODS = ["GET", "POST", "DELETE"]
RUPLOAD = ("/ig-api-upload/v{version:graph}/{container}", "/ig-api-upload/{container}")
# Without a version only digits are an object: other names are people's pages.
NODE = ("/v{version:graph}/{id}", "/{id:int}", "/me")
ACCOUNT_TYPES = ("BUSINESS", "MEDIA_CREATOR")


class InstagramSimulator(Simulator):
    """Instagram on one port: www and api.instagram.com, graph.instagram.com, graph and rupload.facebook.com at once.

    Every path of the Graph API exists with and without `/v26.0` or an earlier version. Demo account 1 is a business,
    account 2 a creator, and so on in turn. Each is linked to a Facebook Page of its own.
    """

    platform = "instagram"
    tidies_paths = True
    look = Look("Instagram", "#a32a6c", __package__, "Sorry, this page isn’t available.")
    wording = meta.wording(errors.FAULTS, errors.rate_limited)
    _auth: Auth
    scopes = (
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_business_manage_insights",
        "instagram_business_manage_messages",
    )
    own_faults = (
        *AT_CREATION, "processing_failed", *AT_PUBLICATION, "quota", "token_in_data",
        "cannot_delete",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        containers = Containers(net)
        intake = Intake(net, containers)
        nodes = Nodes(net)
        auth = Auth(net, self.pages, self.gate)
        self._auth = auth
        self._facebook = Facebook(net, nodes, auth)
        self._making = MediaEdges(net, auth, containers, intake)
        self._talk = Talk(net, auth, nodes, containers)
        self._inbox = Inbox(net, auth)
        self._reading = Reading(net, auth, self._facebook, self._inbox, nodes, self._talk, containers, intake)
        self._uploads = Uploads(net, auth, containers, intake)
        self._web = Web(net, self.pages, self._inbox, nodes)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        web = self._web
        return [
            Route("/oauth/authorize", self._auth.authorize, methods=["GET", "POST"]),
            *_graph("/dialog/oauth", self._facebook.dialog, "GET", "POST"),
            *_graph("/oauth/access_token", self._facebook.token, "GET", "POST"),
            *_graph("/access_token", self._auth.long_token, "GET"),
            *_graph("/refresh_access_token", self._auth.refresh, "GET"),
            Route("/p/{shortcode}/", web.post),
            Route("/reel/{shortcode}/", web.post),
            Route("/reels/{shortcode}/", web.post),
            Route("/stories/{username}/{id}/", web.story),
            Route("/direct/t/{conversation}/", web.conversation),
            *each_path(RUPLOAD, self._uploads.send, "POST"),
            *each_path(RUPLOAD, self._uploads.progress, "GET"),
            *self._edges(),
            *each_path(NODE, self._reading.node, "GET"),
            *each_path(NODE, self._reading.change, "POST"),
            *each_path(NODE, self._reading.delete, "DELETE"),
            Route("/v{version:float}/{rest:path}", meta.nowhere, methods=METHODS),
            Route("/{username}/", web.profile),
        ]

    def _edges(self) -> list[Route]:
        media, reading = self._making, self._reading
        return [
            *_graph("/{id}/accounts", self._facebook.accounts, "GET"),
            *_graph("/{id}/media", media.create, "POST"),
            *_graph("/{id}/media", reading.media, "GET"),
            # Meta's generated client spells the edge without the underscore for the Instagram login.
            *_graph("/{id}/media_publish", media.publish, "POST"),
            *_graph("/{id}/mediapublish", media.publish, "POST"),
            *_graph("/{id}/content_publishing_limit", media.quota, "GET"),
            *_graph("/{id}/stories", reading.stories, "GET"),
            *_graph("/{id}/comments", self._talk.comment, "POST"),
            *_graph("/{id}/comments", self._talk.comments, "GET"),
            *_graph("/{id}/replies", self._talk.answer, "POST"),
            *_graph("/{id}/replies", self._talk.answers, "GET"),
            *_graph("/{id}/conversations", self._inbox.conversations, "GET"),
            *_graph("/{id}/messages", self._inbox.messages, "GET"),
            *_graph("/{id}/messages", self._inbox.send, "POST"),
            *_graph("/{id}/tags", reading.tags, "GET"),
            *_graph("/{id}/children", reading.children, "GET"),
            *_graph("/{id}/insights", reading.insights, "GET"),
            *_graph("/{id}/permissions", reading.permissions, "DELETE"),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`: a professional one, with a Page."""
        return self.net.accounts.demo(
            number,
            id=f"17841{secrets.randbelow(10**12):012}",
            data={
                "scoped_id": f"2{secrets.randbelow(10**16):016}",
                "page_id": f"10{secrets.randbelow(10**13):013}",
                "person_id": f"12{secrets.randbelow(10**13):013}",
                "account_type": ACCOUNT_TYPES[(number - 1) % 2],
                "followers_count": 1_200 + 7 * number,
            },
        )

    def profile_path(self, username: str) -> str:
        """With the slash that Instagram's own addresses have."""
        return f"/{username}/"

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """What somebody without an account says under a medium."""
        return self._talk.comment_by(who, post_id, text, answered)

    def message_by(self, who: Stranger, account_id: str, text: str) -> dict[str, Any]:
        """What somebody without an account writes to one."""
        return self._inbox.message_by(who, account_id, text)


def _graph(path: str, handler: Handler, *methods: str) -> list[Route]:
    """A path with a version before it and without."""
    return each_path((f"/v{{version:graph}}{path}", path), handler, *methods)
