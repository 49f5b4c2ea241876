"""Which members the body of a post may have: LinkedIn refuses a body with any other.

Microsoft Learn, Posts API (post schema, content types) and Error Handling, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# None stands for a value that is looked at elsewhere, or by nobody.
_Known = Mapping[str, Any]
_IMAGE = dict.fromkeys(("id", "altText", "title"))
_CONTENT: _Known = {
    "media": dict.fromkeys(("id", "altText", "title")),
    "multiImage": {"images": _IMAGE, "altText": None},
    "article": dict.fromkeys(("source", "title", "description", "thumbnail", "thumbnailAltText")),
    "poll": {
        "question": None,
        "options": {"text": None},
        "settings": dict.fromkeys(("duration", "voteSelectionType", "isVoterVisibleToAuthor")),
    },
    "carousel": None,
    "celebration": None,
    "reference": None,
}
POST: _Known = {
    **dict.fromkeys(
        (
            "author", "commentary", "visibility", "lifecycleState", "isReshareDisabledByAuthor", "adContext",
            "container", "contentLandingPage", "contentCallToActionLabel",
        )
    ),
    "distribution": dict.fromkeys(
        ("feedDistribution", "targetEntities", "thirdPartyDistributionChannels")
    ),
    "content": _CONTENT,
    "reshareContext": dict.fromkeys(("parent", "root")),
}  # fmt: skip


def unknown(value: Any, known: _Known = POST, path: str = "") -> Iterator[str]:
    """The paths of the members that a body has and a post has not, such as `/content/media/alt`."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from unknown(each, known, f"{path}/{number}")
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in known:
                yield f"{path}/{name}"
            elif known[name] is not None:
                yield from unknown(each, known[name], f"{path}/{name}")
