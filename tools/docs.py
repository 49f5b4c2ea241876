"""Writes from the code: tables of pages, the picture of the rooms, catalogues of words, the client without asyncio.

A page marks the place with `<!-- generated: NAME -->` … `<!-- end -->`; everything between is replaced.
`python tools/docs.py` rewrites the pages, `python tools/docs.py --check` only says which are out of date.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import blocking
import catalogues
import rooms
import typer.main
from pydantic.fields import FieldInfo

import contract
from polypost import Client, errors
from polypost.api.openapi.operations import OPERATIONS
from polypost.cli.commands import app
from polypost.cli.exits import SAID
from polypost.cli.settings_file import text_of
from polypost.drawing.draw import figures_of
from polypost.mcp.schemas import input_schema
from polypost.mcp.tool import Tool
from polypost.mcp.tools import TOOLS
from polypost.observability import metrics as _declared  # noqa: F401  # so that every family is known
from polypost.observability.families import Family
from polypost.platforms.base import Connector, Limit, OAuth2
from polypost.platforms.kit.drawing import Colour, Draws
from polypost.platforms.registry import connectors
from polypost.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
_BLOCK = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MEBIBYTE = 1024 * 1024
# The fields of a media profile that name a limit.
_NUMBERS = frozenset(
    [
        "bytes",
        "least_bytes",
        "pixels",
        "long_side",
        "short_side",
        "width",
        "height",
        "min_ratio",
        "max_ratio",
        "frames",
        "all_pixels",
        "min_seconds",
        "max_seconds",
        "min_fps",
        "max_fps",
        "bitrate",
        "rate",
        "channels",
    ]
)
_RETRY = {
    "always": "yes",
    "unique_text": "yes, unless another open post of the account has the same text",
    "never": "no",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def settings() -> str:
    """Every setting with its default."""
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append((f"`POLYPOST_{name.upper()}`", _default(field), field.description or ""))
    return table(("Setting", "Default", "Meaning"), rows)


def _default(field: FieldInfo) -> str:
    text = text_of(field.get_default(call_default_factory=True))
    return f"`{text}`" if text else "none"


def metrics() -> str:
    """Every metric with its kind and labels."""
    rows = [
        (f"`{family.name}`", family.kind, " ".join(f"`{label}`" for label in family.labels), family.says)
        for family in Family.all.values()
    ]
    return table(("Metric", "Kind", "Labels", "What it says"), rows)


def network_settings() -> str:
    """The settings of each network."""
    rows = []
    for network in connectors():
        prefix = f"POLYPOST_{network.spec.id.upper()}"
        rows += [
            (f"`{prefix}_CLIENT_ID`", f"Id of your app on {network.spec.name}."),
            (f"`{prefix}_CLIENT_SECRET`", f"Its secret; on {network.spec.name} it never leaves the server."),
            (
                f"`{prefix}_SCOPES`",
                f"Further scopes that {network.spec.name} grants to your app, asked for when an account is connected.",
            ),
            (f"`{prefix}_URL`", f"Replaces scheme, host and port of every {network.spec.name} address."),
        ]
    return table(("Setting", "Meaning"), rows)


def error_classes() -> str:
    """The tree of errors.py: what the API answers and what a connector may raise."""
    rows = []
    for name, found in vars(errors).items():
        if not (isinstance(found, type) and issubclass(found, errors.PolypostError)):
            continue
        status = str(found.status) if issubclass(found, errors.ApiError) else "–"
        rows.append((f"`{found.code}`", status, f"`{name}`", found.__doc__ or ""))
    return table(("Code", "Status", "Class", "Meaning"), rows)


def cli() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    return "\n\n".join(_commands(root, "polypost"))


def _commands(command: Any, path: str) -> Iterable[str]:
    if hasattr(command, "commands"):
        for name, sub in command.commands.items():
            yield from _commands(sub, f"{path} {name}")
        return
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join([path, *(str(each.name).upper() for each in arguments)])
    yield f"### `{usage}`\n\n{command.help}"
    rows = [(_flags(each), _option_default(each), each.help or "") for each in options]
    if rows:
        yield table(("Option", "Default", "Meaning"), rows)


def _flags(option: Any) -> str:
    return ", ".join(f"`{flag}`" for flag in [*option.opts, *option.secondary_opts])


def _option_default(option: Any) -> str:
    if option.required:
        return "required"
    if option.is_flag and option.secondary_opts and option.default is not None:
        return f"`{option.opts[0] if option.default else option.secondary_opts[0]}`"
    return "" if option.is_flag or option.default is None else f"`{option.default}`"


def tools_for_agents() -> str:
    """Every tool for agents with its arguments and an example."""
    return "\n\n".join(_tool(each) for each in TOOLS)


def _tool(tool: Tool) -> str:
    schema = input_schema(tool)
    needed = schema.get("required", ())
    kind = "Acts" if tool.writes else "Reads"
    hints = [kind, *["dangerous"] * tool.destructive, *["asks others"] * tool.outside]
    rows = [
        (f"`{name}`", _argument(field), "yes" if name in needed else "", field.get("description", ""))
        for name, field in schema["properties"].items()
    ]
    shown = json.dumps(dict(tool.example), ensure_ascii=False)
    example = f"\n\n```json\n{shown}\n```" if tool.example else ""
    arguments = table(("Argument", "Value", "Required", "Meaning"), rows)
    return f"## `{tool.name}`\n\n{tool.description} *{', '.join(hints)}.*\n\n{arguments}{example}"


def _argument(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    words = {"string": "text", "integer": "whole number", "boolean": "`true` or `false`", "array": "list"}
    return words.get(field.get("type", ""), "object")


def exits() -> str:
    """What each exit status says."""
    return table(("Status", "Meaning"), [(f"`{status:d}`", said) for status, said in SAID.items()])


def methods() -> str:
    """Every method of the client with its call, in the order of the API's page."""
    rows = []
    for call, (name, _) in OPERATIONS.items():
        method = getattr(Client, snake(name), None)
        if method is not None:
            parameters = [
                each for each in inspect.signature(method).parameters.values() if each.name != "self"
            ]
            given = ", ".join(_parameter(each) for each in parameters)
            said = (inspect.getdoc(method) or "").partition("\n")[0]
            rows.append((f"`{method.__name__}({given})`", f"`{call}`", said))
    return table(("Method", "Call", "What it does"), rows)


def snake(name: str) -> str:
    """The method of an operation: `listPosts` is `list_posts`."""
    plain = name.replace("OAuth", "Oauth").replace("TikTok", "Tiktok")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", plain).lower()


def _parameter(each: inspect.Parameter) -> str:
    if each.kind is each.VAR_KEYWORD:
        return f"**{each.name}"
    return each.name if each.default is each.empty else f"{each.name}=…"


def networks() -> str:
    """The networks of this version in one table."""
    rows = [
        (
            f"[{each.spec.name}](platforms/{each.spec.id}.md)",
            f"`{each.spec.id}`",
            each.spec.availability,
            ", ".join(each.spec.post_kinds),
        )
        for each in connectors()
    ]
    return table(("Network", "`platform`", "Status", "Posts"), rows)


def media_profiles() -> str:
    """What each network takes as it is, with the names of the limits that hold."""
    rows = []
    for each in connectors():
        for place, profile in each.spec.media.items():
            named = [getattr(profile, field.name) for field in fields(profile) if field.name in _NUMBERS]
            limits = ", ".join(dict.fromkeys(name.replace("_", " ") for name in named if name))
            codecs = [*profile.codecs, *profile.sounds]
            taken = ", ".join(mime.partition("/")[2] for mime in profile.types)
            taken += f" ({', '.join(codecs)})" if codecs else ""
            rows.append((each.spec.name, place, taken, limits, profile.source, profile.read.isoformat()))
    return table(("Network", "Kind and place", "As it is", "Limits", "Source", "Read"), rows)


def facts(network: Connector) -> str:
    """What a network's spec says apart from its limits."""
    spec = network.spec
    sunset = spec.api_version.sunset
    rows = [
        ("`platform`", f"`{spec.id}`"),
        ("Status", f"`{spec.availability}`"),
        ("API version", f"{spec.api_version.version} ({spec.api_version.source})"),
        ("Ends", sunset.isoformat() if sunset else "no date published"),
        ("Kinds of posts", ", ".join(spec.post_kinds)),
        *((f"Takes as {kind}", ", ".join(types)) for kind, types in spec.media_types.items()),
        *_oauth(spec.oauth),
        ("Hosts", ", ".join(dict.fromkeys(spec.hosts.values()))),
        ("Looked for after a lost answer", "yes"),
        ("One more try when not found", _RETRY[spec.retry_when_absent]),
        ("Found by what it says", _kinds(spec.lists)),
    ]
    return table(("", network.spec.name), rows)


def _kinds(lists: Mapping[str, bool]) -> str:
    """Of which kinds of posts something holds, and of which it does not."""
    there, not_there = ([kind for kind, yes in lists.items() if yes is wanted] for wanted in (True, False))
    told = [", ".join(there)] if there else []
    return "; ".join([*told, *([f"not {', '.join(not_there)}"] if not_there else [])])


def _oauth(oauth: OAuth2 | None) -> list[tuple[str, str]]:
    if oauth is None:
        return []
    return [
        ("Scopes asked for", ", ".join(f"`{scope}`" for scope in oauth.scopes)),
        ("Authorisation", f"OAuth 2.0{' with PKCE' if oauth.pkce else ''}, {oauth.authorize_url}"),
        ("Refresh tokens", "rotate with each use" if oauth.refresh_rotates else "do not rotate"),
    ]


def limits(network: Connector) -> str:
    """A network's numbers, each with its source and the day it was read."""
    return table(
        ("Limit", "Value", "Source", "Read"),
        [
            (name.replace("_", " "), _shown(limit), limit.source, limit.read.isoformat())
            for name, limit in network.spec.limits.items()
        ],
    )


def _shown(limit: Limit) -> str:
    if limit.unit == "bytes" and limit.value % _MEBIBYTE == 0:
        return f"{limit.value / _MEBIBYTE:g} MiB"
    return f"{_number(limit.value)} {limit.unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10_000 and value == int(value) else f"{round(value, 4):g}"


def drawing(network: Connector) -> str:
    """The numbers that drawings of a network's posts follow, and how sure each is; those of all its surfaces once."""
    assert isinstance(network, Draws)
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, surface in network.drawing.surfaces.items():
        for key, figure in figures_of(network.drawing, surface):
            value = figure.value if isinstance(figure, Colour) else _shown(figure)
            row = (key.replace("_", " ").replace(".", ", "), value, figure.confidence, figure.source)
            rows.setdefault(row, []).append(name)
    every = list(network.drawing.surfaces)
    return table(
        ("Number", "Where", "Value", "How sure", "Source"),
        [
            (row[0], "everywhere" if where == every else ", ".join(where), *row[1:])
            for row, where in rows.items()
        ],
    )


def quirks(network: Connector) -> str:
    """What surprises people about a network."""
    return "\n".join(f"- {line}" for line in network.spec.quirks)


def options(network: Connector) -> str:
    """The keys of a network's `platformSpecificData`."""
    schema = network.options.model_json_schema(by_alias=True)
    rows = _fields(schema, schema.get("$defs", {}), "")
    return table(("Key", "Value"), rows)


def _fields(schema: dict[str, Any], known: dict[str, Any], path: str) -> list[tuple[str, str]]:
    rows = []
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        shown, inner = _type(field, known)
        rows.append((f"`{path}{name}`", shown + (" (required)" if path and name in needed else "")))
        if inner is not None:
            rows += _fields(inner, known, f"{path}{name}{'[]' if shown.startswith('list') else ''}.")
    return rows


def _type(field: dict[str, Any], known: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The words for a value, and the schema of the object it is or holds."""
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    kind = kinds[0]
    if "$ref" in kind:
        return "object", known[kind["$ref"].rpartition("/")[2]]
    if "enum" in kind or "const" in kind:
        return " or ".join(f"`{value}`" for value in kind.get("enum", [kind.get("const")])), None
    if kind.get("type") == "array":
        shown, inner = _type(kind["items"], known)
        return f"list of {_range(kind, 'minItems', 'maxItems')}{shown}", inner
    word = {"string": "text", "integer": "whole number", "boolean": "`true` or `false`"}[kind["type"]]
    bounds = _range(kind, "minimum", "maximum") or _range(kind, "minLength", "maxLength", " characters")
    pattern = f", matching `{kind['pattern']}`" if "pattern" in kind else ""
    return f"{word}{', ' if bounds else ''}{bounds.strip()}{pattern}", None


def _range(kind: dict[str, Any], low: str, high: str, unit: str = "") -> str:
    least, most = kind.get(low), kind.get(high)
    if most is None:
        return f"at least {least}{unit} " if least is not None else ""
    return f"{least} to {most}{unit} " if least is not None else f"at most {most}{unit} "


def blocks() -> dict[str, Callable[[], str]]:
    """Everything that can be generated, by the name a page asks for it with."""
    made: dict[str, Callable[[], str]] = {
        "settings": settings,
        "network-settings": network_settings,
        "media-profiles": media_profiles,
        "errors": error_classes,
        "cli": cli,
        "mcp": tools_for_agents,
        "exits": exits,
        "client": methods,
        "networks": networks,
        "contract": contract.page,
        "metrics": metrics,
        "rooms": lambda: table(("Room", "What it is", "Beside it"), rooms.table()),
    }
    for network in connectors():
        for part in (facts, limits, quirks, options, drawing):
            made[f"{network.spec.id}-{part.__name__}"] = lambda part=part, network=network: part(network)
    return made


def current(page: str, made: dict[str, Callable[[], str]]) -> str:
    """The page with its generated blocks as they should be. Raises KeyError for an unknown name."""
    return _BLOCK.sub(lambda block: f"{block[1]}{made[block[2]]()}\n{block[3]}", page)


def main() -> int:
    """Rewrite the pages; with `--check`, name those that would change and return 1."""
    made = blocks()
    stale = []
    pages = {
        path: current(path.read_text(encoding="utf-8"), made).encode() for path in sorted(DOCS.rglob("*.md"))
    }
    pages[DOCS / "images" / "rooms.svg"] = rooms.image().encode()
    pages |= catalogues.files()
    pages |= blocking.files()
    for path, fresh in pages.items():
        if not path.exists() or fresh != path.read_bytes():
            stale.append(path.relative_to(DOCS.parent).as_posix())
            if "--check" not in sys.argv:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(fresh)
    print("\n".join(stale) or "Everything generated is current.")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
