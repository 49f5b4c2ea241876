"""The demo communities: what each takes, its rules and its flairs; and every account's own profile."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from polypost.sandbox.networks.reddit.errors import forbidden, not_found, rule_broken, says
from polypost.sandbox.simkit import Network

# People also write a community as its path.
_WRITTEN = re.compile(r"(?:/?r/)?(?P<name>.*?)/?")
_NAMESPACE = uuid.UUID("5f0c1a52-94a1-4a52-9f0d-2e7c3c1f4c11")


@dataclass(frozen=True, slots=True)
class Flair:
    """A link flair that a subreddit offers."""

    text: str
    editable: bool = False
    mod_only: bool = False

    def id(self, subreddit: str) -> str:
        """Its template id: the same at every start."""
        return str(uuid.uuid5(_NAMESPACE, f"{subreddit}/{self.text}"))


@dataclass(frozen=True, slots=True)
class Rules:
    """What `post_requirements` tells: enforced when a post asks for `validate_on_submit`."""

    title_min: int | None = None
    title_max: int | None = None
    title_blacklist: tuple[str, ...] = ()
    title_required: tuple[str, ...] = ()
    title_regexes: tuple[str, ...] = ()
    body_max: int | None = None
    body_policy: str = "none"
    body_blacklist: tuple[str, ...] = ()
    domain_whitelist: tuple[str, ...] = ()
    domain_blacklist: tuple[str, ...] = ()
    guidelines: str | None = None

    @property
    def link_policy(self) -> str:
        """Which of the two lists of domains holds."""
        return "whitelist" if self.domain_whitelist else "blacklist" if self.domain_blacklist else "none"


@dataclass(frozen=True, slots=True)
class Subreddit:
    """One community. `door` is `private`, `quarantine` or `banned` where nobody gets in."""

    name: str
    number: int
    title: str
    takes: str = "any"
    images: bool = True
    videos: bool = True
    galleries: bool = True
    polls: bool = True
    crossposts: bool = True
    flairs: tuple[Flair, ...] = ()
    flair_required: bool = False
    restricted: bool = False
    door: str | None = None
    owner: str | None = None
    rules: Rules = field(default_factory=Rules)

    @property
    def id(self) -> str:
        """Its id without the kind."""
        return f"sbx{self.number:03d}"

    @property
    def path(self) -> str:
        """The beginning of its addresses; a profile's differ."""
        return f"/user/{self.owner}" if self.owner else f"/r/{self.name}"

    @property
    def prefixed(self) -> str:
        """Its name as it is written."""
        return f"u/{self.owner}" if self.owner else f"r/{self.name}"

    def flair(self, template: str) -> Flair | None:
        """The flair with this template id."""
        return next((flair for flair in self.flairs if flair.id(self.name) == template), None)


DEMO: tuple[Subreddit, ...] = (
    Subreddit("sandbox", 1, "Everything goes", flairs=(Flair("News"), Flair("Your own", editable=True))),
    Subreddit(
        "sandboxflair",
        2,
        "Posts need a flair",
        flairs=(Flair("Question"), Flair("Show", editable=True), Flair("Announcement", mod_only=True)),
        flair_required=True,
    ),
    Subreddit(
        "sandboxrules",
        3,
        "Strict rules",
        rules=Rules(
            title_min=10,
            title_max=100,
            title_blacklist=("giveaway",),
            title_regexes=(r"^[^!]*$",),
            body_max=1_000,
            body_policy="required",
            body_blacklist=("referral",),
            domain_whitelist=("example.com",),
            guidelines="Plain titles of 10 to 100 characters, and always a text.",
        ),
    ),
    Subreddit("sandboxlinks", 4, "Links only", takes="link"),
    Subreddit(
        "sandboxtext", 5, "Text only", takes="self", images=False, videos=False, galleries=False, polls=False
    ),
    Subreddit(
        "sandboxplain", 6, "No pictures, no polls", images=False, videos=False, galleries=False, polls=False
    ),
    Subreddit("sandboxclosed", 7, "Only chosen people post", restricted=True),
    Subreddit("sandboxprivate", 8, "Members only", door="private"),
    Subreddit("sandboxquarantine", 9, "Behind a warning", door="quarantine"),
    Subreddit("sandboxbanned", 10, "Closed by Reddit", door="banned"),
    # Where everybody tries things out on Reddit itself.
    Subreddit("test", 11, "Test posts"),
)
_BY_NAME = {each.name.casefold(): each for each in DEMO}
_PROFILE = 100


def find(net: Network, name: str) -> Subreddit | None:
    """A community by name in any case; `u_<name>` is an account's profile."""
    known = _BY_NAME.get(name.casefold())
    if known is not None or not name.casefold().startswith("u_"):
        return known
    account = net.accounts.by_username(name[2:])
    if account is None:
        return None
    owner = account.username
    return Subreddit(f"u_{owner}", _PROFILE + int(account.data["number"]), account.name, owner=owner)


def enter(net: Network, name: str) -> Subreddit:
    """A community that a reader gets into. Raises Refused (403, 404)."""
    found = find(net, name)
    if found is None:
        raise not_found()
    if found.door == "banned":
        raise not_found("banned")
    if found.door is not None:
        raise forbidden(found.door)
    return found


def for_posting(net: Network, name: str, username: str) -> Subreddit:
    """A community that the account may post in. Raises Refused in the words of the submit call."""
    if not name:
        raise says("SUBREDDIT_REQUIRED", "sr")
    written = _WRITTEN.fullmatch(name)
    found = find(net, written["name"]) if written else None
    if found is None or found.door == "banned":
        raise says("SUBREDDIT_NOEXIST", "sr")
    if found.door is not None:
        raise forbidden(found.door)
    if found.restricted or (found.owner is not None and found.owner != username):
        raise says("SUBREDDIT_NOTALLOWED", "sr")
    return found


def check_rules(rules: Rules, title: str, body: str, url: str) -> None:
    """Hold a post against its community's rules. Raises Refused (400)."""
    _check_title(rules, title)
    if rules.body_policy == "required" and not body.strip():
        raise rule_broken("BODY_REQUIRED", "A body is required.", "body")
    if rules.body_max is not None and len(body) > rules.body_max:
        raise rule_broken(
            "BODY_MAX_LENGTH", f"The body may have at most {rules.body_max} characters.", "body"
        )
    if word := _contains(body, rules.body_blacklist):
        raise rule_broken(
            "BODY_BLACKLISTED_STRING", f'You may not have "{word}" anywhere in your post body.', "body"
        )
    host = (urlsplit(url).hostname or "") if url else ""
    if host and rules.domain_whitelist and not _within(host, rules.domain_whitelist):
        raise rule_broken("LINK_WHITELIST", "Only links to certain domains are allowed here.", "link")
    if host and _within(host, rules.domain_blacklist):
        raise rule_broken("LINK_BLACKLIST", "Links to this domain are not allowed here.", "link")


def _check_title(rules: Rules, title: str) -> None:
    if rules.title_min is not None and len(title) < rules.title_min:
        said = f"Title should be at least {rules.title_min} characters."
        raise rule_broken("MIN_LENGTH", said, "title")
    if rules.title_max is not None and len(title) > rules.title_max:
        raise rule_broken("MAX_LENGTH", f"Title should be at most {rules.title_max} characters.", "title")
    if word := _contains(title, rules.title_blacklist):
        said = f'You may not have "{word}" anywhere in your post title.'
        raise rule_broken("TITLE_BLACKLISTED_STRING", said, "title")
    if rules.title_required and not _contains(title, rules.title_required):
        raise rule_broken("TITLE_REQUIRED_STRING", "The title must hold one of the required words.", "title")
    if any(not re.search(pattern, title) for pattern in rules.title_regexes):
        raise rule_broken(
            "TITLE_REGEX_REQUIREMENT", "The title does not have the form that is asked for.", "title"
        )


def _contains(text: str, words: tuple[str, ...]) -> str | None:
    return next((word for word in words if word in text.casefold()), None)


def _within(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def requirements(subreddit: Subreddit) -> dict[str, Any]:
    """`GET /api/v1/<name>/post_requirements`."""
    rules = subreddit.rules
    return {
        "title_regexes": list(rules.title_regexes),
        "body_blacklisted_strings": list(rules.body_blacklist),
        "title_blacklisted_strings": list(rules.title_blacklist),
        "body_text_max_length": rules.body_max,
        "title_required_strings": list(rules.title_required),
        "guidelines_text": rules.guidelines,
        "gallery_min_items": None,
        "domain_blacklist": list(rules.domain_blacklist),
        "domain_whitelist": list(rules.domain_whitelist),
        "title_text_max_length": rules.title_max,
        "body_restriction_policy": rules.body_policy,
        "link_restriction_policy": rules.link_policy,
        "guidelines_display_policy": None,
        "body_required_strings": [],
        "title_text_min_length": rules.title_min,
        "gallery_captions_requirement": "none",
        "is_flair_required": subreddit.flair_required,
        "gallery_max_items": None,
        "gallery_urls_requirement": "none",
        "body_regexes": [],
        "link_repost_age": None,
        "body_text_min_length": None,
    }


def flair_templates(subreddit: Subreddit) -> list[dict[str, Any]]:
    """`GET /r/<name>/api/link_flair_v2`."""
    return [
        {
            "type": "text",
            "text_editable": flair.editable,
            "allowable_content": "all",
            "text": flair.text,
            "max_emojis": 10,
            "text_color": "dark",
            "mod_only": flair.mod_only,
            "css_class": "",
            "richtext": [],
            "background_color": "",
            "id": flair.id(subreddit.name),
        }
        for flair in subreddit.flairs
    ]


def flair_choices(subreddit: Subreddit) -> list[dict[str, Any]]:
    """The choices of `POST /r/<name>/api/flairselector`."""
    return [
        {
            "flair_css_class": "",
            "flair_template_id": flair.id(subreddit.name),
            "flair_text_editable": flair.editable,
            "flair_position": "right",
            "flair_text": flair.text,
        }
        for flair in subreddit.flairs
        if not flair.mod_only
    ]
