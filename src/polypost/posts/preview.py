"""The dry run: what acceptance would say, what it would cost and when it would go out. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from polypost import clock
from polypost.access import Project
from polypost.credits import funds
from polypost.errors import PolypostError, Problem
from polypost.integrations import service as integrations
from polypost.integrations.service import Integration
from polypost.platforms.base import Draft
from polypost.platforms.registry import connector
from polypost.posts.checks import locate, places_of
from polypost.posts.media_fit import changes_of, settle
from polypost.posts.orders import Context, NewPost


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order costs and shows. `price` in credits; `left` is None where the project has no limit."""

    price: int
    left: int | None
    texts: list[str]


def preview(
    db: Connection, context: Context, project: Project, order: NewPost
) -> tuple[Preview, Mapping[str, Integration]]:
    """What the store knows of an order, and the accounts that `checks.problems_of` judges it for."""
    known = integrations.find(db, project.id, [target.integration_id for target in order.targets])
    found = {each: account for each, account in known.items() if integrations.within(account, order.profiles)}
    price = sum(context.price(target.platform) for target in order.targets)
    left = None if funds.unlimited(project) else funds.balance(db, project.id, project, clock.now()).left
    texts = [order.content if target.content is None else target.content for target in order.targets]
    return Preview(price, left, texts), found


def judge_media(
    order: NewPost, found: Mapping[str, Integration], stored: Mapping[str, Any]
) -> tuple[list[Problem], list[str]]:
    """The problems of an order once its media are here, and what will be done to them.

    `stored` maps URLs to files or to what went wrong.
    """
    problems = []
    for place, item in enumerate(order.media):
        got = stored[item.url]
        if isinstance(got, PolypostError):
            problems.append(Problem(f"mediaItems[{place}].url", str(got), got.next_step, got.code))
    for index, target in enumerate(order.targets):
        for url, got in stored.items():
            if isinstance(got, PolypostError):
                where = f"platforms[{index}].platformSpecificData"
                problems += [
                    Problem(path, str(got), got.next_step, got.code)
                    for path in places_of(url, target.options, where)
                ]
    if problems:
        return problems, []
    media = tuple(replace(item, facts=stored[item.url].facts) for item in order.media)
    changes: list[str] = []
    for index, target in enumerate(order.targets):
        network, integration = connector(target.platform), found.get(target.integration_id)
        options = target.parsed.options
        if network is None or integration is None or options is None:
            continue
        where = f"platforms[{index}]"
        text = order.content if target.content is None else target.content
        named = network.media_refs(options)
        further = {ref.url: stored[ref.url].facts for ref in named if ref.url in stored}
        draft = Draft(text, media, options, integration.account, further)
        settled = settle(network, draft, target.integration_id, order.rules)
        problems.extend(
            locate(problem, where, own_text=target.content is not None) for problem in settled.problems
        )
        changes += changes_of(network, draft, settled, order.rules)
    return problems, list(dict.fromkeys(changes))
