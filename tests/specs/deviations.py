"""Where a request of ours or an answer of a simulator differs from the network's machine-readable spec, and why.

The spec tests take an entry out of the comparison, and fail for one that nothing needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """`where` names operation and place as the network's test writes them; `source` says who is right, and since when."""

    where: str
    reason: str
    source: str


DEVIATIONS: Mapping[str, tuple[Deviation, ...]] = {
    "twitter": (
        Deviation(
            "GET /2/users/{id}/tweets: query tweet.fields",
            "The document renamed the parameter to post.fields; the API that clients speak takes tweet.fields.",
            "X API documentation, Get Posts, and tweepy 4.17, both read 2026-11-24",
        ),
        Deviation(
            "GET /2/tweets: query tweet.fields",
            "The same.",
            "X API documentation, Get Posts by ids, and tweepy 4.17, both read 2026-11-24",
        ),
        *(
            Deviation(
                f"{operation}: answer 200 data.[].public_metrics: 'repost_count' is a required property",
                "With the parameter's old name the members have their old names too.",
                "X API documentation, Metrics, and tweepy 4.17, both read 2026-11-24",
            )
            for operation in ("GET /2/tweets", "GET /2/users/{id}/tweets")
        ),
    ),
    "pinterest": tuple(
        Deviation(
            where,
            "Pinterest's instants are UTC without a zone.",
            "a real answer in pinterest/api-quickstart issue 78, read 2026-11-24",
        )
        for where in (
            "POST /v5/pins: answer 201 created_at",
            "GET /v5/pins: answer 200 items.[].created_at",
            "GET /v5/pins/{pin_id}: answer 200 created_at",
            "PATCH /v5/pins/{pin_id}: answer 200 created_at",
            "POST /v5/pins/{pin_id}/save: answer 201 created_at",
            "POST /v5/boards: answer 201 created_at",
            "POST /v5/boards: answer 201 board_pins_modified_at",
            "GET /v5/boards: answer 200 items.[].created_at",
            "GET /v5/boards: answer 200 items.[].board_pins_modified_at",
            "GET /v5/boards/{board_id}: answer 200 created_at",
            "GET /v5/boards/{board_id}: answer 200 board_pins_modified_at",
            "PATCH /v5/boards/{board_id}: answer 200 created_at",
            "PATCH /v5/boards/{board_id}: answer 200 board_pins_modified_at",
            "GET /v5/boards/{board_id}/pins: answer 200 items.[].created_at",
        )
    ),
    "linkedin": (
        Deviation(
            "POST /rest/posts: request: content type",
            "The document gives bodies as an example under */*; the API takes JSON.",
            "Microsoft Learn, LinkedIn: Posts API, read 2026-11-24",
        ),
        Deviation(
            "POST /rest/images: request: content type",
            "As above.",
            "Microsoft Learn, LinkedIn: Images API, read 2026-11-24",
        ),
        Deviation(
            "POST /rest/documents: request: content type",
            "As above.",
            "Microsoft Learn, LinkedIn: Documents API, read 2026-11-24",
        ),
        Deviation(
            "POST /rest/videos: request: content type",
            "As above.",
            "Microsoft Learn, LinkedIn: Videos API, read 2026-11-24",
        ),
        Deviation(
            "POST /rest/posts: answer 201",
            "The document knows success as 200 only; a post that was created is a 201 without a body.",
            "Microsoft Learn, LinkedIn: Posts API, read 2026-11-24",
        ),
        Deviation(
            "DELETE /rest/posts/{encoded ugcPostUrn|shareUrn}: answer 204",
            "The same; its own description says 204.",
            "Microsoft Learn, LinkedIn: Posts API, read 2026-11-24",
        ),
        Deviation(
            "GET /rest/posts: query",
            "The document has the reading of several posts by their ids, not the finder by author.",
            "Microsoft Learn, LinkedIn: Posts API, read 2026-11-24",
        ),
        Deviation(
            "GET /rest/organizationAcls: query",
            "The document has the finder by organization, not the one by member with role, state and page.",
            "Microsoft Learn, LinkedIn: Organization Access Control by Role, read 2026-11-24",
        ),
        Deviation(
            "GET /rest/documents/urn",
            "The document writes this path with two slashes.",
            "Microsoft Learn, LinkedIn: Documents API, read 2026-11-24",
        ),
        Deviation(
            "GET /rest/videos/urn",
            "The document lists the status of a video under images.",
            "Microsoft Learn, LinkedIn: Videos API, read 2026-11-24",
        ),
        Deviation(
            "POST /rest/socialActions/urn",
            "Comments are in none of the workspaces that the document was made from.",
            "Microsoft Learn, LinkedIn: Comments API, read 2026-11-24",
        ),
        Deviation(
            "GET /rest/memberCreatorPostAnalytics",
            "The document is older than the analytics of members' posts.",
            "Microsoft Learn, LinkedIn: Member Post Analytics, read 2026-11-24",
        ),
    ),
    "bluesky": (
        Deviation(
            "app.bsky.video.uploadVideo: params: did is unknown",
            "The service wants to know whose film it is and what to call it.",
            "Bluesky docs, Uploading images and video, April 2026",
        ),
        Deviation(
            "app.bsky.video.uploadVideo: params: name is unknown",
            "As above.",
            "Bluesky docs, Uploading images and video, April 2026",
        ),
        Deviation(
            "app.bsky.video.uploadVideo: error 401: has no name",
            "To an account without a confirmed address the service answers with a status of a job, which names the error.",
            "bluesky-social/atproto issue 3097, read 2026-11-24",
        ),
    ),
    "facebook": (
        Deviation(
            "GET page /",
            "the extract holds the methods that publish, and reading a node has no parameters but `fields`",
            "Meta for Developers, Graph API: Page, read 2026-11-24",
        ),
        *(
            Deviation(
                f"GET page /published_posts {name}",
                "time-based paging is a rule of all lists of posts and stands with none of them",
                "Meta for Developers, Graph API: Paginated results, read 2026-11-24",
            )
            for name in ("since", "until")
        ),
        Deviation(
            "POST page /photos source",
            "the client sends files beside the parameters, so its generated lists do not name them",
            "Meta for Developers, Graph API: Page photos, read 2026-11-24",
        ),
        Deviation(
            "POST advideo /thumbnails",
            "the extract leaves the edge of covers out; the client it is taken from has it",
            "facebook-business 26.0.3, AdVideo.create_thumbnail, read 2026-11-24",
        ),
        Deviation(
            "page.picture",
            "an edge that can be read as a field",
            "Meta for Developers, Graph API: Page picture, read 2026-11-24",
        ),
        Deviation(
            "pagepost.attachments",
            "an edge that can be read as a field",
            "Meta for Developers, Graph API: Post attachments, read 2026-11-24",
        ),
        *(
            Deviation(
                field,
                "an edge that can be read as a field",
                "Meta for Developers, Graph API: Using the Graph API, field expansion, read 2026-11-24",
            )
            for field in (
                "pagepost.comments",
                "pagepost.insights",
                "pagepost.reactions",
                "advideo.video_insights",
            )
        ),
    ),
    "instagram": (
        *(
            Deviation(
                f"GET {node} /insights metric: no list<metric_enum>",
                "the documents' own form is the names with commas between them",
                "Meta for Developers, Instagram Platform: IG Media Insights, read 2026-11-24",
            )
            for node in ("igmediaforigonlyapi", "igmedia")
        ),
        Deviation(
            "POST iguserforigonlyapi /media_publish",
            "the generated client spells this edge without the underscore, and only for this login; the documents and"
            " all clients spell it with one",
            "Meta for Developers, Instagram Platform: IG User media_publish, read 2026-11-24",
        ),
        Deviation(
            "DELETE igmediaforigonlyapi /",
            "the list of what can be called with this login is older than the edge, which the same client has for the"
            " Facebook Login; our connector tries and copes with a refusal",
            "facebook-business 26.0.3, IGMedia.api_delete, read 2026-11-24",
        ),
        *(
            Deviation(
                f"POST {node} /media children: no list<string>",
                "the documents' own form is the ids with commas between them",
                "Meta for Developers, Instagram Platform: Content Publishing, carousel posts, read 2026-11-24",
            )
            for node in ("iguserforigonlyapi", "iguser")
        ),
        Deviation(
            "POST /media: uri",
            "where the bytes of a resumable upload go; the generated client tells of no answer but the id",
            "Meta for Developers, Instagram Platform: IG User media, read 2026-11-24",
        ),
        *(
            Deviation(
                f"iguser.{name}",
                "a field of this login only, where the same account has another id of the app's own",
                "Meta for Developers, Instagram Platform: Get Started with Instagram Login, read 2026-11-24",
            )
            for name in ("user_id", "account_type")
        ),
        Deviation(
            "iguserforigonlyapi.user_id: no int",
            "the documents' answers have it in quotes, as every id of the Graph API",
            "Meta for Developers, Instagram Platform: Get Started with Instagram Login, read 2026-11-24",
        ),
    ),
    "threads": (
        Deviation(
            "POST /oauth/access_token: answer user_id: a number",
            "Meta's sample shows a placeholder; the id comes as a bare number, beyond what floats hold.",
            "Meta for Developers, Threads API: Get Access Tokens, read 2026-11-24",
        ),
    ),
    "googlebusiness": tuple(
        Deviation(
            f"mybusiness.accounts.locations.localPosts.{method}: answer 200 {place}: Additional properties",
            "The description lists what a request may hold; answers name the photo and where Google keeps it.",
            "Google My Business API v4, accounts.locations.media: MediaItem, read 2026-11-24",
        )
        for method, place in (
            ("create", "media.[]"),
            ("get", "media.[]"),
            ("list", "localPosts.[].media.[]"),
        )
    ),
}
