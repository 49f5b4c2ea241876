"""What the networks show of an order: its targets as drafts, with what is known of their media."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from polypost.drawing import Drawn, draw
from polypost.drawing.draw import MOST_CHARACTERS
from polypost.integrations.service import Integration
from polypost.platforms.base import Account, Draft
from polypost.platforms.registry import connector
from polypost.posts.orders import NewPost, NewTarget
from polypost.probe import Facts

# What all drawings of one order show of its texts, and what each of them shows at least.
ALL_CHARACTERS, LEAST_CHARACTERS = 100_000, 600
# Stands in for an account that is not there, which is said among the problems.
NOBODY = Account("")


def drawings(
    order: NewPost, found: Mapping[str, Integration], facts: Mapping[str, Facts]
) -> Iterator[tuple[NewTarget, Drawn]]:
    """Each target of a network that this server has, as that network shows it; `facts` are by URL.

    Options that are wrong are left out.
    """
    media = tuple(replace(item, facts=facts.get(item.url)) for item in order.media)
    most = min(MOST_CHARACTERS, max(LEAST_CHARACTERS, ALL_CHARACTERS // len(order.targets)))
    for target in order.targets:
        if connector(target.platform) is None:
            continue
        integration = found.get(target.integration_id)
        mine = integration is not None and integration.platform == target.platform
        text = order.content if target.content is None else target.content
        account = integration.account if integration is not None and mine else NOBODY
        draft = Draft(text, media, target.parsed.options, account, facts)
        yield target, draw(target.platform, draft, most=most)
