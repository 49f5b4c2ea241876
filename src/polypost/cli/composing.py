"""What of a post the command line says: to whom, when, with which media and options."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polypost.cli import when
from polypost.cli.exits import Exit

if TYPE_CHECKING:
    from polypost.client import Client
    from polypost.client.shapes import Entry

Text = Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")]
To = Annotated[
    list[str] | None,
    typer.Option(
        help="Account: network:name, network:id, network alone where it has one account, or an id. Repeat for several."
    ),
]
Media = Annotated[
    list[str] | None,
    typer.Option(
        help="File or address of a picture, film or document; repeat for several. image=https://… says the kind."
    ),
]
Alt = Annotated[
    list[str] | None, typer.Option(help="What a file shows, in words; one for each --media, in order.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Option of a network: youtube.title=…, twitter.content=… for its own text. Repeat for several.",
    ),
]
At = Annotated[str | None, typer.Option(help=f"When: {when.HELP} Without an offset in --zone.")]
Zone = Annotated[str | None, typer.Option(help="Time zone as Europe/Berlin; this machine's if left out.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it is out everywhere, or failed.")]
Seconds = Annotated[
    float | None,
    typer.Option("--timeout", help="Seconds to wait at most; else until 600 after its hour.", min=0),
]


def text_of(given: str) -> str:
    """The text, or what standard input has."""
    return sys.stdin.read().rstrip("\n") if given == "-" else given


def entries(client: Client, to: Sequence[str], options: Sequence[str]) -> list[Entry]:
    """The accounts of a post with their options. Raises ClientError; ValueError for options that are none."""
    words = [word for each in to for word in each.split(",") if word]
    found: list[Entry] = [
        {"platform": each["platform"], "accountId": each["id"]} for each in accounts(client, words)
    ]
    for network, key, value in map(_option, options):
        mine = [entry for entry in found if entry["platform"] == network]
        if not mine:
            raise ValueError(f"--set {network}.{key}: the post does not go to {network}. Name it with --to.")
        for entry in mine:
            if key == "content":
                entry["content"] = str(value)
            else:
                entry["platformSpecificData"] = {**entry.get("platformSpecificData", {}), key: value}
    return found


def _option(given: str) -> tuple[str, str, Any]:
    name, equals, text = given.partition("=")
    network, dot, key = name.partition(".")
    if not (equals and dot and network and key):
        raise ValueError(f"--set {given}: write it as network.option=value.")
    if key == "content":
        return network, key, text
    try:
        return network, key, json.loads(text)
    except ValueError:
        return network, key, text


def accounts(client: Client, words: Sequence[str]) -> list[Mapping[str, Any]]:
    """The accounts that are meant, each once, in order. Leaves with NOT_FOUND for a word that means none or several."""
    found: dict[str, Mapping[str, Any]] = {}
    for word in words:
        account = _account(client, word)
        found[account["id"]] = account
    return list(found.values())


def _account(client: Client, word: str) -> Mapping[str, Any]:
    network, colon, name = word.partition(":")
    if name.startswith("int_"):
        # Nothing is left to find, and a key that may only publish may not look.
        return {"platform": network, "id": name, "username": name}
    # Names of networks are short and have no underscore, ids are long or have one.
    if not colon and ("_" in word or len(word) > 20):
        one: Mapping[str, Any] = client.get_integration(word)["integration"]
        return one
    listed = list(client.each(client.list_integrations, platform=network, limit=100))
    wanted = name.removeprefix("@").casefold()
    matching = [each for each in listed if not wanted or wanted in _names(each)]
    if len(matching) == 1:
        return matching[0]
    known = ", ".join(f"{network}:{each['username'] or each['id']}" for each in listed) or "none"
    what = f"means {len(matching)} accounts" if matching else "is no connected account"
    print(f"polypost: {word} {what}. Of {network} there are: {known}. Ids work too.", file=sys.stderr)
    raise SystemExit(Exit.NOT_FOUND)


def _names(account: Mapping[str, Any]) -> set[str]:
    named = (account.get(key) for key in ("id", "username", "displayName", "platformUserId"))
    return {str(each).removeprefix("@").casefold() for each in named if each}


def hour(at: str, zone: str | None) -> dict[str, Any]:
    """`scheduled_for` and `timezone` of what was written. Raises ValueError."""
    named = zone or when.here()
    return {"scheduled_for": when.hour(at, named, datetime.now(UTC)), "timezone": named}
