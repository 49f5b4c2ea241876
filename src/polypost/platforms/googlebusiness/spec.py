"""What Google Business Profile is as data: addresses, scope, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, Spec, limits_read
from polypost.platforms.families.google.spec import LOGIN, TOKEN, oauth_for

_READ = date(2026, 11, 24)
_REFERENCE = "Google My Business API v4, accounts.locations.localPosts"
_QUOTA = "Business Profile APIs: Usage limits"
_SEEN = "seen in open connectors, not documented"
_VENDORS = "limits that other publishing APIs print, not documented"

POSTS = "https://mybusiness.googleapis.com"
ACCOUNTS = "https://mybusinessaccountmanagement.googleapis.com"
LOCATIONS = "https://mybusinessbusinessinformation.googleapis.com"
MANAGE_SCOPE = "https://www.googleapis.com/auth/business.manage"

KIB = 1024
MB = 1_000_000

_limit = limits_read(_READ)

OAUTH = oauth_for(MANAGE_SCOPE)

_PHOTO = MediaProfile(
    _VENDORS,
    _READ,
    ("image/jpeg", "image/png"),
    bytes="photo_max_bytes",
    least_bytes="photo_min_bytes",
    pulled=True,
)
SPEC = Spec(
    id="googlebusiness",
    name="Google Business Profile",
    other_names=("google", "gbp", "gmb", "googlemybusiness"),
    availability="beta",
    api_version=ApiVersion(
        "v4", None, "Google My Business API v4.9; posts are not on Google's deprecation schedule"
    ),
    oauth=OAUTH,
    hosts={"posts": POSTS, "accounts": ACCOUNTS, "locations": LOCATIONS, "login": LOGIN, "token": TOKEN},
    text_limit="summary_characters",
    limits={
        "summary_characters": _limit(1500, "characters", _SEEN),
        "event_title_characters": _limit(58, "characters", _VENDORS),
        "photos_max": _limit(1, "photo", _SEEN),
        "photo_min_width": _limit(400, "pixels", _VENDORS),
        "photo_min_height": _limit(300, "pixels", _VENDORS),
        "photo_min_bytes": _limit(10 * KIB, "bytes", _VENDORS),
        "photo_max_bytes": _limit(5 * MB, "bytes", _VENDORS),
        "requests_per_minute": _limit(300, "calls / minute / app and API", _QUOTA),
        "edits_per_minute": _limit(10, "changes / minute / location", _QUOTA),
        "posts_page_size_max": _limit(100, "posts in a page of a list", _REFERENCE),
    },
    media_types={"image": ("image/jpeg", "image/png")},
    media={"image": _PHOTO, "cover": _PHOTO},
    lists={"every post": True},
    reconcile_kind="L",
    retry_when_absent="never",
    post_kinds=("text", "photo", "event", "offer"),
    quirks=(
        "Each location of the business is an account of its own; one login connects all its locations.",
        "Google approves every cloud project for these APIs by hand; an unapproved project has a quota of 0.",
        "A post has at most one photo, which Google fetches: its address has to be reachable from the internet.",
        "Google Business posts take no video. One that has a thumbnail is published with the thumbnail as its photo.",
        "Dates and times of events have no zone; they are the location's local time.",
        "Google ignores the button of an offer; the button GET_OFFER is deprecated and becomes LEARN_MORE elsewhere.",
        "Google looks at a post after it has taken it and may still reject it, without saying why.",
        "The same post can be published twice; Google is not known to refuse duplicates.",
        "Phone numbers in the text are believed to get posts rejected.",
    ),
    thumbnails=True,
    confirms_later=True,
)
