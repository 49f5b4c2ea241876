"""What the server says about itself: both versions of the instance, OAuth metadata, WebFinger, NodeInfo."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.mastodon.answers import Answers
from polypost.sandbox.networks.mastodon.errors import error
from polypost.sandbox.networks.mastodon.limits import AUDIO, IMAGES, VIDEOS
from polypost.sandbox.networks.mastodon.rules import DOMAIN, Rules
from polypost.sandbox.simkit import Network, exchange

VERSION, API_VERSION, OLD_VERSION = "4.6.0", 10, "4.2.10"
ACCOUNTS = {
    "max_featured_tags": 10,
    "max_pinned_statuses": 5,
    "max_display_name_length": 30,
    "max_note_length": 500,
    "max_avatar_description_length": 1_500,
    "max_header_description_length": 1_500,
    "max_profile_fields": 4,
    "profile_field_name_limit": 255,
    "profile_field_value_limit": 255,
}
SCOPES = (
    "profile", "read", "read:accounts", "read:blocks", "read:bookmarks", "read:favourites", "read:filters",
    "read:follows", "read:lists", "read:mutes", "read:notifications", "read:search", "read:statuses", "write",
    "write:accounts", "write:blocks", "write:bookmarks", "write:conversations", "write:favourites",
    "write:filters", "write:follows", "write:lists", "write:media", "write:mutes", "write:notifications",
    "write:reports", "write:statuses", "follow", "push",
)  # fmt: skip


class Server:
    """The handlers."""

    def __init__(self, net: Network, rules: Rules, answers: Answers) -> None:
        self._rules = rules
        self._answers = answers
        self._net = net

    async def instance(self, request: Request) -> Response:
        """`GET /api/v2/instance`."""
        call = exchange(request)
        # `moved`: the API is not where the handles' domain is; WebFinger tells where.
        if call.fault("moved") or self._rules.older(request):
            return error(404, "Not Found")
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "domain": DOMAIN,
                "title": "Mastodon of the sandbox",
                "version": VERSION,
                "source_url": "https://github.com/mastodon/mastodon",
                "description": "A server that exists only here.",
                "usage": {"users": {"active_month": self._net.accounts.count()}},
                "thumbnail": {
                    "url": f"{base}/_sandbox/avatar/{DOMAIN}.png",
                    "description": "",
                    "blurhash": None,
                    "versions": None,
                },
                "icon": [],
                "languages": ["en"],
                "configuration": {
                    **self._configuration(),
                    "urls": {
                        "streaming": f"wss://{DOMAIN}",
                        "status": None,
                        "about": f"https://{DOMAIN}/about",
                        "privacy_policy": None,
                        "terms_of_service": None,
                    },
                    "vapid": {"public_key": "sandbox"},
                    "translation": {"enabled": False},
                    "limited_federation": False,
                },
                "registrations": {
                    "enabled": False,
                    "approval_required": False,
                    "reason_required": False,
                    "message": None,
                    "min_age": None,
                    "url": None,
                },
                "api_versions": {"mastodon": API_VERSION},
                "contact": {"email": f"admin@{DOMAIN}", "account": self._contact()},
                "rules": [],
            }
        )

    async def instance_v1(self, request: Request) -> Response:
        """`GET /api/v1/instance`, which newer servers still answer."""
        if exchange(request).fault("moved"):
            return error(404, "Not Found")
        return JSONResponse(
            {
                "uri": DOMAIN,
                "title": "Mastodon of the sandbox",
                "short_description": "A server that exists only here.",
                "description": "",
                "email": f"admin@{DOMAIN}",
                "version": OLD_VERSION if self._rules.older(request) else VERSION,
                "urls": {"streaming_api": f"wss://{DOMAIN}"},
                "stats": {"user_count": self._net.accounts.count(), "status_count": 0, "domain_count": 1},
                "thumbnail": None,
                "languages": ["en"],
                "registrations": False,
                "approval_required": False,
                "invites_enabled": False,
                "configuration": self._configuration(),
                "contact_account": self._contact(),
                "rules": [],
            }
        )

    def _contact(self) -> dict[str, Any] | None:
        first = self._net.accounts.all(1)
        return self._answers.account(first[0]) if first else None

    def _configuration(self) -> dict[str, Any]:
        get = self._rules.limit
        return {
            "accounts": ACCOUNTS,
            "statuses": {
                "max_characters": get("text_characters"),
                "max_media_attachments": get("media_per_post"),
                "characters_reserved_per_url": get("url_characters"),
            },
            "media_attachments": {
                "description_limit": get("alt_text_characters"),
                "supported_mime_types": [*IMAGES, *VIDEOS, *AUDIO],
                "image_size_limit": get("image_bytes"),
                "image_matrix_limit": get("image_pixels"),
                "video_size_limit": get("video_bytes"),
                "video_frame_rate_limit": get("video_fps"),
                "video_matrix_limit": get("video_pixels"),
            },
            "polls": {
                "max_options": get("poll_max_options"),
                "max_characters_per_option": get("poll_option_characters"),
                "min_expiration": get("poll_min_seconds"),
                "max_expiration": get("poll_max_seconds"),
            },
        }

    async def metadata(self, request: Request) -> Response:
        """`GET /.well-known/oauth-authorization-server`, since 4.3; its addresses are those the caller came by."""
        if self._rules.older(request):
            return error(404, "Not Found")
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": f"{base}/",
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "revocation_endpoint": f"{base}/oauth/revoke",
                "userinfo_endpoint": f"{base}/oauth/userinfo",
                "scopes_supported": list(SCOPES),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "code_challenge_methods_supported": ["S256"],
                "service_documentation": "https://docs.joinmastodon.org/",
                "app_registration_endpoint": f"{base}/api/v1/apps",
            }
        )

    async def webfinger(self, request: Request) -> Response:
        """`GET /.well-known/webfinger?resource=acct:user@domain`, with the profile's link."""
        name = request.query_params.get("resource", "").removeprefix("acct:").partition("@")[0]
        account = self._net.accounts.by_username(name) if name else None
        if account is None:
            return error(404, "Not Found")
        page = f"https://{DOMAIN}/@{account.username}"
        actor = f"https://{DOMAIN}/users/{account.username}"
        links = [
            {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": page},
            {"rel": "self", "type": "application/activity+json", "href": actor},
        ]
        body = {"subject": f"acct:{account.username}@{DOMAIN}", "aliases": [page, actor], "links": links}
        return JSONResponse(body, media_type="application/jrd+json")

    async def nodeinfo_links(self, request: Request) -> Response:
        """`GET /.well-known/nodeinfo`."""
        href = f"{str(request.base_url).rstrip('/')}/nodeinfo/2.0"
        rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
        return JSONResponse({"links": [{"rel": rel, "href": href}]})

    async def nodeinfo(self, request: Request) -> Response:
        """`GET /nodeinfo/2.0`."""
        version = OLD_VERSION if self._rules.older(request) else VERSION
        users = {"total": self._net.accounts.count(), "activeMonth": 1, "activeHalfyear": 1}
        return JSONResponse(
            {
                "version": "2.0",
                "software": {"name": "mastodon", "version": version},
                "protocols": ["activitypub"],
                "services": {"outbound": [], "inbound": []},
                "usage": {"users": users, "localPosts": 0},
                "openRegistrations": False,
                "metadata": {"nodeName": "Mastodon of the sandbox"},
            }
        )
