"""The Threads simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.threads import errors
from polypost.sandbox.networks.threads.auth import LONG, SCOPES, Auth
from polypost.sandbox.networks.threads.containers import Containers
from polypost.sandbox.networks.threads.discovery import Discovery
from polypost.sandbox.networks.threads.insights import Insights
from polypost.sandbox.networks.threads.intake import Intake
from polypost.sandbox.networks.threads.nodes import Nodes
from polypost.sandbox.networks.threads.publishing import AT_PUBLICATION, CONTAINER_FAULTS, Publishing
from polypost.sandbox.networks.threads.reading import Reading
from polypost.sandbox.networks.threads.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Stranger, each_path, meta

METHODS = ["GET", "POST", "DELETE"]
VERSION = "/v1.0"
PAGES = (
    "/@{username}/post/{shortcode}",
    "/@{username}/post/{shortcode}/",
    "/t/{shortcode}",
    "/t/{shortcode}/",
)
# Demo ids lie beyond 2^53, where a reader that takes them for floats goes wrong.
FIRST_ID = 24_876_543_210_987_000


class ThreadsSimulator(Simulator):
    """Threads on one port: threads.net, threads.com and graph.threads.net, graph.threads.com at once.

    Every path of the API exists with and without `/v1.0`, and with and without a slash at its end.
    """

    platform = "threads"
    tidies_paths = True
    look = Look("Threads", "#24262b", __package__, "This post is not available.")
    wording = meta.wording(errors.FAULTS, errors.rate_limited)
    _auth: Auth
    scopes = SCOPES
    own_faults = (
        *AT_PUBLICATION, "published_anyway", "quota", "reply_too_soon", "fetch_refused", "child_expired",
        *CONTAINER_FAULTS, "cannot_delete",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        containers = Containers(net)
        intake = Intake(net, containers)
        nodes = Nodes(net)
        auth = Auth(net, self.pages, self.gate)
        self._auth = auth
        self._publishing = Publishing(net, auth, containers, intake)
        self._reading = Reading(net, auth, nodes, containers, intake, self._publishing)
        self._discovery = Discovery(net, auth, nodes, self._publishing)
        self._insights = Insights(net, auth)
        self._web = Web(net, self.pages)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        return [
            Route("/oauth/authorize", self._auth.authorize, methods=["GET", "POST"]),
            *_graph("/oauth/access_token", self._auth.token, "GET", "POST"),
            *_graph("/access_token", self._auth.long_token, "GET"),
            *_graph("/refresh_access_token", self._auth.refresh, "GET"),
            *_graph("/debug_token", self._auth.debug, "GET"),
            *_graph("/keyword_search", self._discovery.search, "GET"),
            *_graph("/profile_lookup", self._discovery.lookup, "GET"),
            *_graph("/profile_posts", self._discovery.posts, "GET"),
            *_graph("/location_search", self._discovery.places, "GET"),
            *_graph("/oembed", self._discovery.oembed, "GET"),
            *each_path(PAGES, self._web.post, "GET"),
            *each_path(("/@{username}", "/@{username}/"), self._web.profile, "GET"),
            *self._edges(),
            *_graph("/{id}", self._reading.node, "GET"),
            *_graph("/{id}", self._reading.delete, "DELETE"),
            Route("/v{version:float}/{rest:path}", meta.nowhere, methods=METHODS),
            Route("/{rest:path}", meta.nowhere, methods=METHODS),
        ]

    def _edges(self) -> list[Route]:
        making, reading = self._publishing, self._reading
        return [
            *_graph("/{id}/threads", making.create, "POST"),
            *_graph("/{id}/threads", reading.threads, "GET"),
            *_graph("/{id}/threads_publish", making.publish, "POST"),
            *_graph("/{id}/threads_publishing_limit", making.limits, "GET"),
            *_graph("/{id}/repost", making.repost, "POST"),
            *_graph("/{id}/replies", reading.replies, "GET"),
            *_graph("/{id}/conversation", reading.conversation, "GET"),
            *_graph("/{id}/manage_reply", reading.manage, "POST"),
            *_graph("/{id}/ghost_posts", reading.ghosts, "GET"),
            *_graph("/{id}/mentions", self._discovery.mentions, "GET"),
            *_graph("/{id}/insights", self._insights.post, "GET"),
            *_graph("/{id}/threads_insights", self._insights.account, "GET"),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`, whose id and name follow from it."""
        return self.net.accounts.demo(
            number,
            id=str(FIRST_ID + number),
            data={
                "biography": "Lives in the sandbox.",
                "verified": number % 2 == 0,
                "followers_count": 1_200 + 7 * number,
            },
        )

    def token_extra(self, account: Account) -> dict[str, Any]:
        """When the demo token was made: a client that does not know asks for a renewal too early and is refused."""
        token = self.net.tokens.newest(LONG, account_id=account.id, client_id=self.client_id)
        return {} if token is None else {"issued_at": token.issued.isoformat()}

    def profile_path(self, username: str) -> str:
        """With the sign that Threads puts before names."""
        return f"/@{username}"

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """What somebody without an account replies to a post."""
        return self._publishing.comment_by(who, post_id, text, answered)


def _graph(path: str, handler: Handler, *methods: str) -> list[Route]:
    """A path with a version before it and without, with a slash at its end and without."""
    places = [f"{prefix}{path}{end}" for prefix in (VERSION, "") for end in ("", "/")]
    return each_path(places, handler, *methods)
