"""How Reddit shows a post in a feed: its title whole, the beginning of its text, galleries, polls, links."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.drawn_words import comment, counted
from polypost.platforms.reddit.options import RedditOptions
from polypost.platforms.reddit.plan import plan_for
from polypost.platforms.reddit.spec import SPEC

_READ = date(2026, 11, 26)
_ON_THE_PAGE = "reddit.com in a browser, as remembered"
_ISSUES = "Issues and guides of 2024-26"

_figure = kit.figures_read(_READ, _ON_THE_PAGE)
_seen = kit.figures_read(_READ, _ISSUES, "seen")


def show(draft: Draft) -> kit.Shown:
    """The one post. Pictures have words below them and no alternative texts."""
    options: RedditOptions = draft.options
    plan = plan_for(draft.text, draft.media, options)
    poll = options.poll
    days = f"{poll.duration_days} day{'s' if poll.duration_days != 1 else ''}" if poll else None
    named = getattr(options, "subreddit", None)
    notes = [f"r/{named}"] if named else []
    notes += [options.flair_text] if options.flair_text else []
    notes += ["A crossposted post stands here."] if options.crosspost_id else []
    part = kit.Part(
        text=plan.body,
        title=plan.title,
        media=draft.media,
        captions=[item.caption or "" for item in options.gallery or ()],
        poster=draft.media[0].thumbnail if draft.media else None,
        card=kit.Card(options.url) if options.url else None,
        poll=kit.Poll(tuple(poll.options), ends=days) if poll else None,
        covered=bool(options.nsfw or options.spoiler),
        notes=(*notes, *comment(options.first_comment)),
        counted=counted(SPEC, len(plan.body))
        if plan.body
        else counted(SPEC, len(plan.title), "title_characters"),
    )
    return kit.Shown("feed", plan.kind, [part])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="stacked",
            text=kit.Fold("Read more", lines=_figure(3, "lines")),
            title=kit.Fold(),
            single=kit.Single(height=_figure(540), fit="contain"),
            several=kit.Several("carousel", fit="contain", chip=True),
            card=kit.CardLook(
                "large",
                ratio=_seen(1.91, "width / height"),
                title_lines=_figure(1, "lines"),
                radius=_figure(16),
            ),
        )
    },
    column=_figure(756),
    avatar=_figure(24),
    text_size=_figure(14),
    text_line=_figure(20),
    title_size=_figure(18),
    title_line=_figure(22),
    left=_figure(16),
    right=_figure(16),
    gap=_figure(8),
    radius=_figure(16),
    media_gap=_figure(0),
    colour=kit.Colour("#0a449b", _ON_THE_PAGE, _READ, "believed"),
    poll="radio",
    show=show,
)
