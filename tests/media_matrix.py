"""What becomes of each of `tests.any_media` on each network: the table of the reference page, and what it is made of.

`python -m tests.media_matrix` writes the table anew.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from polypost.platforms.base import Account, Connector, Draft, MediaRef
from polypost.platforms.registry import connectors
from polypost.posts.media_fit import Settled, settle
from polypost.posts.options import parse_options
from polypost.posts.orders import ORDINARY
from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from tests.any_media import SOURCES, Source

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "media.md"
BLOCK = re.compile(r"(<!-- matrix -->\n).*?(<!-- end -->)", re.DOTALL)
# What posts need besides their media.
OPTIONS: dict[str, dict[str, Any]] = {
    "tiktok": {"privacyLevel": "SELF_ONLY"},
    "pinterest": {"boardId": "1"},
    "reddit": {"subreddit": "test"},
}
_SHORT = {"image/jpeg": "JPEG", "image/png": "PNG", "video/mp4": "MP4"}


@cache
def facts_of(source: Source) -> Facts | str:
    """The facts of a file, or the code for one that is no media or not whole."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(source.content)
        file.flush()
        try:
            return probe(Path(file.name))
        except (Unsupported, TooManyPixels) as error:
            return error.code


def settled(source: Source, network: Connector, facts: Facts, *, strict: bool = False) -> Settled:
    """What is done to a file in a post of its own on a network."""
    options, wrong = parse_options(network, OPTIONS.get(network.spec.id, {}), "")
    assert not wrong
    ref = MediaRef(source.kind, "https://example.com/a", facts=facts, strict=strict)
    draft = Draft("A text", (ref,), options, Account("1", metadata={}))
    return settle(network, draft, "int", ORDINARY)


def outcome(source: Source, network: Connector) -> str:
    """One cell: as it is, what it becomes, or the code of the problem."""
    facts = facts_of(source)
    if isinstance(facts, str):
        return f"refused: {facts}"
    done = settled(source, network, facts)
    strict = settled(source, network, facts, strict=True)
    mark = " ✕" if strict.problems else ""
    if done.problems:
        return f"refused: {done.problems[0].code}"
    (plan,) = done.plans
    if plan is None or plan.recipe is None:
        return "as it is"
    recipe = plan.recipe
    if recipe["do"] == "strip":
        return "bare"
    if "only" in recipe:
        return "JPEG if transparent"
    made = _SHORT[plan.facts.mime]
    if recipe["do"] == "video" and recipe["picture"] == "copy":
        made = "MP4, moved" if recipe["sound"] == "copy" else "MP4, new sound"
        made = "MP4 + silence" if recipe["sound"] == "silence" else made
    return made + mark


def written() -> str:
    """The table."""
    networks = sorted(connectors(), key=lambda each: each.spec.name.lower())
    head = ["File", *(each.spec.name for each in networks)]
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for source in SOURCES:
        cells = [source.name, *(outcome(source, each) for each in networks)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def current(page: str) -> str:
    """The page with the table as it should be."""
    return BLOCK.sub(lambda found: f"{found[1]}{written()}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
