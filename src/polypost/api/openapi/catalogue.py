"""What the OpenAPI document says beyond single routes: tags, headers, errors."""

from __future__ import annotations

from typing import Any

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

Every path answers with and without a trailing slash. `x-request-id` is on every answer and `requestId` in every error;
to the official Python client `x-hidden-platforms` names the networks that an answer leaves out.
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
_PROBLEMS = {
    "type": "array",
    "description": "Everything that is wrong, with a 400.",
    "items": {"$ref": "#/components/schemas/Problem"},
}
_RFC_9457 = {
    name: {"type": kind, "description": "Of RFC 9457, with `Accept: application/problem+json`."}
    for name, kind in (("type", "string"), ("title", "string"), ("status", "integer"), ("detail", "string"))
}


def error_schemas() -> dict[str, Any]:
    """The body of an error in the two families of paths, and what problem+json adds to it (RFC 9457)."""
    problem = {
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
    text = {"type": "string", "description": "What happened and what to do next."}
    families = {
        "Failure": {"success": {"type": "boolean", "const": False}, "message": text} | _TOLD,
        "ErrorAnswer": {"error": text} | _TOLD,
    }
    return {"Problem": problem} | {
        name: {
            "type": "object",
            "required": list(properties),
            "properties": properties | {"errors": _PROBLEMS} | _RFC_9457,
        }
        for name, properties in families.items()
    }
