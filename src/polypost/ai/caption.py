"""A caption that fits the strictest of the networks it is for."""

from __future__ import annotations

from collections.abc import Sequence

from polypost.ai.provider import Provider
from polypost.platforms.registry import connectors

PRICE = 2
_WISH = (
    "You write one caption for a social media post. Answer with the caption alone: no quotes around it, no heading, "
    "no alternatives, no explanation. Write in the language of the description. {limit}"
)


def room(platforms: Sequence[str]) -> tuple[int | None, str]:
    """The smallest number of characters that all of these networks take, and the name of the network that sets it."""
    chosen = [each.spec for each in connectors() if each.spec.id in platforms]
    if not chosen:
        return None, ""
    strictest = min(chosen, key=lambda spec: spec.limit(spec.text_limit))
    return strictest.limit(strictest.text_limit), strictest.name


def size(text: str) -> int:
    """The text's length, counted like the strictest counters do: what is not Latin or the like counts twice."""
    return sum(1 if ord(character) < 0x1100 else 2 for character in text)


async def caption(
    provider: Provider, *, description: str, platforms: Sequence[str], existing: str | None
) -> str:
    """A caption for `description`, or a better version of `existing`. Raises ServiceUnavailable, AiFailed."""
    most, network = room(platforms)
    limit = "" if most is None else f"It has at most {most} characters, because {network} takes no more."
    wish = f"What the post is about: {description}"
    if existing:
        wish = f"Improve this draft:\n{existing}\n\n{wish}"
    talk = [{"role": "system", "content": _WISH.format(limit=limit)}, {"role": "user", "content": wish}]
    said = await provider.text(talk)
    if most is None or size(said) <= most:
        return said
    shorter = f"That has {size(said)} characters. Say it again with fewer than {most}."
    said = await provider.text(
        [*talk, {"role": "assistant", "content": said}, {"role": "user", "content": shorter}]
    )
    return said if size(said) <= most else _cut(said, most)


def _cut(text: str, most: int) -> str:
    kept = ""
    for word in text.split(" "):
        longer = f"{kept} {word}" if kept else word
        if size(longer) + 2 > most:
            break
        kept = longer
    if not kept:
        while text and size(text) + 2 > most:
            text = text[:-1]
        kept = text
    return kept.rstrip(" ,;:–-") + "…"
