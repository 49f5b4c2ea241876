"""The video resource that a session is opened with."""

from __future__ import annotations

from typing import Any

from polypost.platforms.base import Post
from polypost.platforms.youtube.options import DEFAULT_CATEGORY, YouTubeOptions


def parts_of(post: Post) -> dict[str, str]:
    """The parameters of the session: exactly the parts that the resource has, and whether subscribers hear of it."""
    options: YouTubeOptions = post.options
    params = {"part": ",".join(resource_of(post, ""))}
    if options.notify_subscribers is not None:
        params["notifySubscribers"] = "true" if options.notify_subscribers else "false"
    return params


def resource_of(post: Post, title: str) -> dict[str, Any]:
    """The resource: what the options say, and YouTube's defaults for what they leave out."""
    options: YouTubeOptions = post.options
    snippet: dict[str, Any] = {
        "title": title,
        "description": post.text,
        "categoryId": options.category_id or DEFAULT_CATEGORY,
    }
    if options.tags:
        snippet["tags"] = options.tags
    if options.default_language:
        snippet["defaultLanguage"] = options.default_language
    status: dict[str, Any] = {
        "privacyStatus": options.privacy,
        "selfDeclaredMadeForKids": bool(options.made_for_kids),
        "containsSyntheticMedia": bool(options.contains_synthetic_media),
    }
    chosen = {
        "license": options.license,
        "embeddable": options.embeddable,
        "publicStatsViewable": options.public_stats_viewable,
    }
    status |= {name: value for name, value in chosen.items() if value is not None}
    resource = {"snippet": snippet, "status": status}
    if options.has_paid_product_placement is not None:
        resource["paidProductPlacementDetails"] = {
            "hasPaidProductPlacement": options.has_paid_product_placement
        }
    return resource
