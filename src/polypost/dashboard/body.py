"""The composer's form as a body of the API, and such a body as a form: nothing is judged here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from polypost.integrations import Integration
from polypost.platforms.registry import connector

NOW, AT, DRAFT = "now", "at", "draft"


@dataclass(frozen=True, slots=True)
class Field:
    """An option of a network as a form asks for it; `kind` is choice, switch, number, lines, json or text."""

    name: str
    label: str
    kind: str
    hint: str
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(slots=True)
class Written:
    """What stands in the composer: `texts` and `options` by account, options by name as the form has them."""

    content: str = ""
    accounts: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    media: list[dict[str, str]] = field(default_factory=list)
    when: str = NOW
    at: str = ""
    zone: str = "UTC"

    @classmethod
    def of_form(cls, form: FormData) -> Written:
        """What a form says; files are not among it."""
        texts: dict[str, str] = {}
        options: dict[str, dict[str, str]] = {}
        for name, value in form.multi_items():
            kind, _, rest = name.partition(".")
            if not isinstance(value, str):
                continue
            if kind == "text" and value.strip():
                texts[rest] = _lines(value)
            elif kind == "option" and value.strip():
                account, _, option = rest.partition(".")
                options.setdefault(account, {})[option] = value
        media = [
            {"url": url.strip(), "type": kind, "altText": alt}
            for url, kind, alt in zip(
                _texts(form, "media-url"), _texts(form, "media-type"), _texts(form, "media-alt"), strict=False
            )
            if url.strip()
        ]
        accounts = list(dict.fromkeys(_texts(form, "account")))
        return cls(
            content=_lines(_text(form, "content")),
            accounts=accounts,
            texts=texts,
            options=options,
            media=media,
            when=_text(form, "when") or NOW,
            at=_text(form, "at"),
            zone=_text(form, "zone") or "UTC",
        )

    @classmethod
    def of_body(cls, raw: Mapping[str, Any], zone: str = "UTC") -> Written:
        """What a body of the API says."""
        entries = [each for each in raw.get("platforms") or () if isinstance(each, dict)]
        when = raw.get("scheduledFor") or raw.get("scheduledAt")
        return cls(
            content=str(raw.get("content") or ""),
            accounts=[str(each.get("accountId")) for each in entries],
            texts={str(each["accountId"]): each["content"] for each in entries if each.get("content")},
            options={
                str(each["accountId"]): {
                    name: _shown(value) for name, value in each["platformSpecificData"].items()
                }
                for each in entries
                if each.get("platformSpecificData")
            },
            media=[
                {"url": item["url"], "type": item["type"], "altText": item.get("altText") or ""}
                for item in raw.get("mediaItems") or ()
            ],
            when=AT if when else NOW,
            at=str(when or "")[:16],
            zone=str(raw.get("timezone") or zone),
        )

    def body(self, found: Mapping[str, Integration]) -> dict[str, Any]:
        """The body of the API that says the same; `found` has the accounts."""
        raw: dict[str, Any] = {"content": self.content}
        raw["platforms"] = [self._entry(account, found.get(account)) for account in self.accounts]
        if self.media:
            raw["mediaItems"] = [{name: said for name, said in item.items() if said} for item in self.media]
        if self.when == NOW:
            raw["publishNow"] = True
        elif self.when == AT:
            raw |= {"scheduledFor": self.at, "timezone": self.zone}
        elif self.when == DRAFT:
            raw["timezone"] = self.zone
        return raw

    def _entry(self, account: str, found: Integration | None) -> dict[str, Any]:
        platform = found.platform if found else ""
        entry: dict[str, Any] = {"platform": platform, "accountId": account}
        if account in self.texts:
            entry["content"] = self.texts[account]
        if options := self.options.get(account):
            kinds = {each.name: each.kind for each in fields_of(platform)}
            entry["platformSpecificData"] = {
                name: _read(value, kinds.get(name, "json")) for name, value in options.items()
            }
        return entry


def fields_of(platform: str) -> Sequence[Field]:
    """The options of a network, from its closed schema."""
    network = connector(platform)
    if network is None:
        return ()
    schema = network.options.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    return [
        _field(name, said, schema.get("$defs", {}), required=name in required)
        for name, said in schema["properties"].items()
    ]


def _field(name: str, said: dict[str, Any], shapes: Mapping[str, Any], *, required: bool) -> Field:
    some = [each for each in _variants(said, shapes) if each.get("type") != "null"]
    one = some[0] if len(some) == 1 else {}
    kind = "json"
    choices: tuple[str, ...] = ()
    if "enum" in one or "const" in one:
        kind, choices = "choice", tuple(map(str, one.get("enum") or (one["const"],)))
    elif one.get("type") == "boolean":
        kind = "switch"
    elif one.get("type") in {"integer", "number"}:
        kind = "number"
    elif one.get("type") == "string":
        kind = "text"
    elif one.get("type") == "array" and one.get("items", {}).get("type") == "string":
        kind = "lines"
    return Field(name, _label(name), kind, said.get("description") or "", choices, required)


def _variants(said: dict[str, Any], shapes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in said.get("anyOf") or said.get("oneOf") or [said]:
        place = each.get("$ref", "").rpartition("/")[2]
        yield shapes[place] if place else each


def _label(name: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words[:1].upper() + words[1:]


def _read(value: str, kind: str) -> Any:
    """A field's text as JSON; what cannot be read stays a text, of which the network's rules say what is wrong."""
    if kind == "switch":
        return value == "true"
    if kind == "lines":
        return [line.strip() for line in value.splitlines() if line.strip()]
    if kind in {"number", "json"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False)


def _text(form: FormData, name: str) -> str:
    found = form.get(name)
    return found if isinstance(found, str) else ""


def _texts(form: FormData, name: str) -> list[str]:
    return [each for each in form.getlist(name) if isinstance(each, str)]


def _lines(text: str) -> str:
    # Forms send every line break as two characters.
    return text.replace("\r\n", "\n")
