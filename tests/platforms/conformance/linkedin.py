"""LinkedIn."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.linkedin.options import LinkedInOptions

_PICTURE = MediaRef("image", "https://media.example/a.jpg")
_DRAFT = Draft("", (), LinkedInOptions(), Account("urn:li:person:x"))
_LINK = {"articleUrl": "https://example.com/a", "articleTitle": "A title"}
_POLL = {"question": "Well?", "options": ["Yes", "No"]}


def _polled(question: str) -> Draft:
    return replace(_DRAFT, options=LinkedInOptions.model_validate({"poll": {**_POLL, "question": question}}))


CASE = Case(
    platform="linkedin",
    kinds=(
        Kind("text", text="A post (with brackets) of the #conformance suite"),
        Kind("image", media=("picture.png",), options=lambda _: {"altText": ["A picture"]}),
        Kind("multi-image", media=("square.jpg", "picture.png", "wide.jpg")),
        Kind("video", media=("wide.mp4",), processes=True),
        Kind("document", media=("paper.pdf",), options=lambda _: {"documentTitle": "A report"}),
        Kind("article", options=lambda _: _LINK),
        Kind("article with a picture", media=("picture.png",), options=lambda _: _LINK),
        Kind("poll", options=lambda _: {"poll": _POLL}),
        Kind("reshare", options=lambda _: {"reshareUrn": "urn:li:share:7141138937766391808"}),
        Kind("first comment", options=lambda _: {"firstComment": "And first {mark}"}, followed=1),
        # What has no text LinkedIn may take twice, so it is not sent again on a guess.
        Kind("image alone", text="", media=("square.jpg",), absent="outcome_unknown"),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 3000), replace(_DRAFT, text="x" * 3001), "content"),
        Edge(
            "pictures",
            replace(_DRAFT, media=(_PICTURE,) * 20),
            replace(_DRAFT, media=(_PICTURE,) * 21),
            "mediaItems",
        ),
        Edge("question", _polled("q" * 140), _polled("q" * 141), "platformSpecificData.poll.question"),
    ),
    refreshes="/oauth/v2/accessToken",
    lasting=60 * 86_400,
    dead=(
        (400, {"error": "invalid_grant", "error_description": "The refresh token is revoked"}),
        (400, {"error": "invalid_request", "error_description": "Unable to retrieve access token"}),
    ),
)
