"""Everything that can be said about an order without the networks: one function for the API, dry runs and the composer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from polypost.errors import Problem
from polypost.integrations.service import Integration, within
from polypost.outbound import advice
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.registry import connector, meant
from polypost.posts.media_fit import changes_of, settle
from polypost.posts.orders import NewPost, NewTarget


def problems_of(
    order: NewPost, found: Mapping[str, Integration], places: Sequence[int] | None = None
) -> list[Problem]:
    """Every problem of every target, by its path in the request. `found` holds the project's own integrations.

    `places` are the targets' in the request, where these are not their places in the order.
    """
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, target in zip(places or range(len(order.targets)), order.targets, strict=True):
        where = f"platforms[{index}]"
        if target.integration_id in seen:
            problems.append(
                Problem(
                    f"{where}.accountId",
                    "This account is named twice.",
                    "Name each account once in a post.",
                    "duplicate_account",
                )
            )
            continue
        seen.add(target.integration_id)
        integration = found.get(target.integration_id)
        if order.profiles and integration is not None and not within(integration, order.profiles):
            integration = None
        problems.extend(_target_problems(order, target, where, integration))
    return problems


def _target_problems(
    order: NewPost, target: NewTarget, where: str, integration: Integration | None
) -> list[Problem]:
    network = connector(target.platform)
    if network is None:
        return [
            Problem(
                f"{where}.platform",
                f"'{target.platform}' is not available on this server.",
                meant(target.platform),
                "unknown_platform",
            )
        ]
    problems: list[Problem] = []
    if integration is None or integration.platform != target.platform:
        hint = f"Use the id of a connected {network.spec.name} account (GET /v1/connect/integrations)."
        problems.append(
            Problem(
                f"{where}.accountId",
                f"No {network.spec.name} account with this id is connected.",
                hint,
                "unknown_account",
            )
        )
    options, wrong = target.parsed
    problems.extend(locate(problem, where, own_text=False) for problem in wrong)
    if options is None or integration is None or integration.platform != target.platform:
        return problems
    draft = Draft(
        text=order.content if target.content is None else target.content,
        media=tuple(order.media if target.media is None else target.media),
        options=options,
        account=integration.account,
    )
    own_text, own_media = target.content is not None, target.media is not None
    said = settle(network, draft, target.integration_id, order.rules).problems
    problems.extend(locate(problem, where, own_text=own_text, own_media=own_media) for problem in said)
    return problems


def changes_for(order: NewPost, found: Mapping[str, Integration]) -> list[str]:
    """What will be done to those media of an order of which it is known what they are, in words."""
    if not [item for item in order.media if item.facts]:
        return []
    said: list[str] = []
    for target in order.targets:
        network, options = connector(target.platform), target.parsed.options
        integration = found.get(target.integration_id)
        if network is None or options is None or integration is None:
            continue
        text = order.content if target.content is None else target.content
        draft = Draft(text, tuple(order.media), options, integration.account)
        settled = settle(network, draft, target.integration_id, order.rules)
        said += changes_of(network, draft, settled, order.rules)
    return list(dict.fromkeys(said))


def option_media(order: NewPost) -> list[MediaRef]:
    """The further media that the options of an order name; none for options that are wrong."""
    found: list[MediaRef] = []
    for target in order.targets:
        network, options = connector(target.platform), target.parsed.options
        if network is not None and options is not None:
            found.extend(network.media_refs(options))
    return found


def option_urls(
    order: NewPost, check_url: Callable[[str], str | None], places: Sequence[int] | None = None
) -> list[Problem]:
    """What is wrong with URLs that options name (covers, thread media); `places` as `problems_of` has them."""
    problems = []
    for index, target in zip(places or range(len(order.targets)), order.targets, strict=True):
        if not target.options:
            continue
        network, options = connector(target.platform), target.parsed.options
        if network is None or options is None:
            continue
        where = f"platforms[{index}].platformSpecificData"
        for url in dict.fromkeys(ref.url for ref in network.media_refs(options)):
            wrong = check_url(url)
            if wrong is not None:
                problems += [
                    Problem(path, wrong, advice(url, file=True), "address_refused")
                    for path in places_of(url, target.options, where)
                ]
    return problems


def places_of(url: str, value: Any, where: str) -> Iterator[str]:
    """The paths at which `url` stands in a value from JSON, itself at the path `where`."""
    if value == url:
        yield where
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from places_of(url, item, f"{where}.{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from places_of(url, item, f"{where}[{place}]")


def locate(problem: Problem, where: str, *, own_text: bool, own_media: bool = False) -> Problem:
    """The problem with its path turned from the target's view to the request's."""
    path = problem.path
    if path == "content" and own_text:
        path = f"{where}.content"
    elif path.startswith("platformSpecificData") or (own_media and path.startswith("mediaItems")):
        path = f"{where}.{path}"
    return Problem(path, problem.message, problem.hint, problem.code)
