"""What the OpenAPI document says beyond single routes: names of operations, tags, headers, errors."""

from __future__ import annotations

from typing import Any

# The contract's names, so that a client generated from either document has the same methods.
OPERATIONS = {
    "GET /v1/health": "healthCheck",
    "GET /v1/health/auth": "healthCheckAuth",
    "GET /v1/connect/{platform}/selection/{token}": "getSelection",
    "POST /v1/connect/{platform}/selection/{token}": "submitSelection",
    "GET /v1/connect/{platform}": "getOAuthUrl",
    "POST /v1/connect/{platform}/auth": "connectBluesky",
    "GET /v1/connect/integrations": "listIntegrations",
    "GET /v1/connect/integrations/{}": "getIntegration",
    "PATCH /v1/connect/integrations/{}": "moveIntegration",
    "DELETE /v1/connect/integrations/{}": "disconnectIntegration",
    "POST /v1/profiles": "createProfile",
    "GET /v1/profiles": "listProfiles",
    "GET /v1/profiles/{}": "getProfile",
    "PATCH /v1/profiles/{}": "updateProfile",
    "DELETE /v1/profiles/{}": "deleteProfile",
    "POST /v1/apps": "createApp",
    "GET /v1/apps": "listApps",
    "GET /v1/apps/{}": "getApp",
    "PATCH /v1/apps/{}": "updateApp",
    "DELETE /v1/apps/{}": "deleteApp",
    "POST /v1/notifications/test": "testNotification",
    "POST /v1/notifications": "createNotification",
    "GET /v1/notifications": "listNotifications",
    "GET /v1/notifications/{}": "getNotification",
    "PATCH /v1/notifications/{}": "updateNotification",
    "DELETE /v1/notifications/{}": "deleteNotification",
    "GET /v1/platforms": "listPlatforms",
    "POST /v1/posts": "createPost",
    "GET /v1/posts": "listPosts",
    "GET /v1/posts/{}": "getPost",
    "DELETE /v1/posts/{}": "deletePost",
    "GET /v1/posts/scheduled": "listScheduledPosts",
    "DELETE /v1/posts/scheduled/{}": "cancelScheduledPost",
    "PATCH /v1/posts/scheduled/{}": "reschedulePost",
    "PUT /v1/posts/scheduled/{}": "editScheduledPost",
    "POST /v1/media/upload": "createMediaUpload",
    "GET /v1/analytics": "getAnalytics",
    "GET /v1/comments": "listComments",
    "POST /v1/comments": "createComment",
    "DELETE /v1/comments/{}": "deleteComment",
    "PATCH /v1/comments/{}": "hideComment",
    "GET /v1/messages": "listConversations",
    "POST /v1/messages": "sendMessage",
    "GET /v1/messages/{}": "getConversationMessages",
    "GET /v1/usage": "getUsage",
    "GET /v1/pinterest/boards": "getPinterestBoards",
    "GET /v1/tiktok/creator-info": "getTikTokCreatorInfo",
    "POST /v1/ai/write": "aiWriteContent",
    "POST /v1/ai/image": "aiGenerateImage",
}

# Name and description by the beginning of the path; the longest beginning that fits is the one.
TAGS = {
    "/v1/posts": ("Posts", "Publish now or at an hour, read what became of it, try again, delete."),
    "/v1/posts/scheduled": ("Schedule", "Posts that wait for their hour: list, move, edit, cancel."),
    "/v1/posts/drafts": ("Drafts", "Posts that are written down and not yet due."),
    "/v1/schedules": ("Recurring", "Posts that come again by a rule."),
    "/v1/queue": ("Queue", "Hours of the week that fill up one post after the other."),
    "/v1/media": ("Media", "Files that posts carry."),
    "/media": ("Media", "Files that posts carry."),
    "/v1/connect": ("Connect", "Let the server into accounts on the networks, and look after them."),
    "/v1/profiles": ("Profiles", "Groups of connected accounts."),
    "/v1/apps": ("Apps", "OAuth apps of your own; a secret goes in and never comes out."),
    "/v1/notifications": ("Notifications", "Be told by webhook or e-mail what became of posts."),
    "/v1/webhooks": ("Webhooks", "Events beyond those of notifications, signed and delivered at least once."),
    "/v1/platforms": ("Platforms", "The networks this server publishes to."),
    "/v1/analytics": ("Analytics", "What the networks say of posts in numbers."),
    "/v1/comments": ("Comments", "What people say under posts."),
    "/v1/messages": ("Messages", "Conversations with people."),
    "/v1/usage": ("Usage", "Credits spent and left."),
    "/v1/pinterest": ("Pinterest", "What a Pinterest account has to choose from."),
    "/v1/tiktok": ("TikTok", "What a TikTok account may do."),
    "/v1/ai": ("AI", "Text and pictures from a model, where the operator configured one."),
    "/v1/health": ("Health", "Whether the server answers and can keep its promises."),
    "/healthz": ("Health", "Whether the server answers and can keep its promises."),
}

DESCRIPTION = """\
One API for many social networks, on your own server. The contract is PostPeer's; what is added to it is additive.

Every path answers with and without a trailing slash. `x-request-id` is on every answer and `requestId` in every error.
Queries may carry parameters that are not named here; they mean nothing. Any path answers 405 with `Allow` to a method it
does not have, 400 with `malformed_request` to what is no HTTP, 408 to a request that takes too long, 431 to headers that are too long, and 500 with the
code `internal_error` to a fault of the server's own, whose log has the request id.
"""

HEADERS: dict[str, Any] = {
    "RequestId": {
        "description": "The id of this exchange in the server's log.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left of the key's requests: `r` of them for `t` seconds.",
        "schema": {"type": "string"},
        "example": '"key";r=5999;t=60',
    },
    "RateLimitPolicy": {
        "description": "How many requests `q` the key has in `w` seconds.",
        "schema": {"type": "string"},
        "example": '"key";q=6000;w=60',
    },
    "RetryAfter": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "IdempotencyReplayed": {
        "description": "`true` where the answer is about what an earlier request made.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "PreferenceApplied": {
        "description": "`respond-async` where the answer did not wait.",
        "schema": {"type": "string", "enum": ["respond-async"]},
    },
    "Location": {
        "description": "Where the browser goes next.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
}

REQUEST_HEADERS: dict[str, Any] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Makes repetition harmless: the same key with the same body is done once. 1 to 255 visible characters, bare or in double quotes.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 257,
            "pattern": r'^("([!#-\[\]-~]|\\["\\])+"|[!#-~][!-~]*)$',
        },
        "example": "8d3f1c1e",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`respond-async` (RFC 7240) answers at once, without waiting for the networks.",
        "schema": {"type": "string"},
        "example": "respond-async",
    },
}

TITLES = {
    400: "The request does not fit; every problem is named by its path.",
    401: "The key is missing or not valid.",
    402: "The project has not enough credits.",
    403: "The key may not do this, or the project is disabled.",
    404: "There is no such thing in this project.",
    409: "The thing is not in a state that allows this.",
    410: "This is gone for good.",
    412: "A condition of the request does not hold.",
    413: "The body is larger than the server takes.",
    414: "The URL is longer than the server takes.",
    415: "The server does not take this kind of body.",
    416: "There is no such range.",
    422: "This Idempotency-Key was used with another body.",
    429: "Too many requests; wait before the next.",
    500: "The operator of this server has to set something first.",
    502: "A network answered badly or not at all.",
    503: "The server cannot promise to keep this request, so it took nothing.",
    504: "A network took too long.",
}

_TOLD = {
    "code": {
        "type": "string",
        "description": "A stable word; the reference page on errors has all.",
        "examples": ["validation_error"],
    },
    "requestId": {"type": "string", "description": "The same as `x-request-id`."},
}
_RFC_9457 = {
    "type": {"type": "string"},
    "title": {"type": "string"},
    "status": {"type": "integer"},
    "detail": {"type": "string"},
}


def error_schemas() -> dict[str, Any]:
    """The two families of error bodies, each with and without a list of problems, and their RFC 9457 forms."""
    message = {
        "success": {"type": "boolean", "const": False},
        "message": {"type": "string", "description": "What happened and what to do next."},
    }
    error = {"error": {"type": "string", "description": "What happened and what to do next."}}
    made: dict[str, Any] = {
        "Problem": {
            "type": "object",
            "description": "One thing wrong with a request.",
            "required": ["path", "message", "hint", "code"],
            "properties": {
                "path": {"type": "string", "description": "Where: `platforms[0].content`."},
                "message": {"type": "string", "description": "What."},
                "hint": {"type": "string", "description": "How to make it fit."},
                "code": {"type": "string"},
            },
        }
    }
    problems = {"errors": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}}}
    for family, text in (("Failure", message), ("Error", error)):
        plain = text | _TOLD
        for name, properties in ((family, plain), (f"{family}WithProblems", plain | problems)):
            made[name] = {"type": "object", "required": list(properties), "properties": properties}
            made[f"{name}Details"] = {
                "allOf": [{"$ref": f"#/components/schemas/{name}"}],
                "type": "object",
                "required": list(_RFC_9457),
                "properties": _RFC_9457,
            }
    return made
