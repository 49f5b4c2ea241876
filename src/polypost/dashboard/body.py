"""The composer's form as a body of the API, and a post as such a form: nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from polypost.dashboard.options import fields_of, place_of, read, written
from polypost.errors import InvalidRequest
from polypost.intake.strict_json import from_json_within
from polypost.integrations import Integration
from polypost.posts.queries import Shown
from polypost.posts.tables import PostRow, TargetRow

NOW, AT, QUEUE, REPEAT, DRAFT = "now", "at", "queue", "repeat", "draft"
# What a body may say that the form has no field for; an edit must not lose it.
_FURTHER = ("mediaFit", "late", "lateAfter")
_ITEM = ("url", "type", "altText", "thumbnail", "ratio", "focus", "trim")


@dataclass(slots=True)
class Written:
    """What stands in the composer: `texts` and `options` by account, options by their place in its form.

    `profile` is whose queue is meant, empty for the project's own. `rest` is what a body may say beside: `fit` by
    account, and what stands in no field.
    """

    content: str = ""
    accounts: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    media: list[dict[str, str]] = field(default_factory=list)
    when: str = NOW
    at: str = ""
    zone: str = "UTC"
    rule: str = ""
    profile: str = ""
    note: str = ""
    rest: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_form(cls, form: FormData) -> Written:
        """What a form says; files are not among it."""
        texts: dict[str, str] = {}
        options: dict[str, dict[str, str]] = {}
        for name, value in form.multi_items():
            kind, _, rest = name.partition(".")
            if not isinstance(value, str) or not value.strip():
                continue
            if kind == "text":
                texts[rest] = _lines(value)
            elif kind == "option":
                account, _, option = rest.partition(".")
                options.setdefault(account, {})[option] = _lines(value)
        columns = [_texts(form, f"media-{name}") for name in _ITEM]
        media = [
            {name: said.strip() for name, said in zip(_ITEM, row, strict=True)}
            for row in zip(*columns, strict=False)
            if row[0].strip()
        ]
        return cls(
            content=_lines(_text(form, "content")),
            accounts=list(dict.fromkeys(_texts(form, "account"))),
            texts=texts,
            options=options,
            media=media,
            when=_text(form, "when") or NOW,
            at=_text(form, "at").strip(),
            zone=_text(form, "zone").strip() or "UTC",
            rule=_text(form, "own-rule").strip() or _text(form, "rule").strip(),
            profile=_text(form, "profile").strip(),
            note=_lines(_text(form, "note")).strip(),
            rest=_rest(_text(form, "rest")),
        )

    @classmethod
    def of_post(cls, shown: Shown) -> Written:
        """A post as it stands in the store."""
        post = shown.post
        raw = post.raw if isinstance(post.raw, dict) else {}
        rest = {name: raw[name] for name in _FURTHER if raw.get(name) is not None}
        entries = [each for each in raw.get("platforms") or () if isinstance(each, dict)]
        if fits := {str(each.get("accountId")): each["fit"] for each in entries if each.get("fit")}:
            rest["fits"] = fits
        at = post.local_time or ""
        if not at and post.scheduled_for is not None:
            at = post.scheduled_for.astimezone(ZoneInfo(post.timezone)).replace(tzinfo=None).isoformat()
        return cls(
            content=post.content,
            accounts=[each.integration_id for each in shown.targets],
            texts={each.integration_id: each.content for each in shown.targets if each.content is not None},
            options={
                each.integration_id: written(fields_of(each.platform), each.options)
                for each in shown.targets
                if each.options
            },
            media=[_item(each) for each in post.media or ()],
            when=AT if post.scheduled_for is not None else NOW,
            # Fields for an hour know milliseconds, and nothing finer.
            at=at[:23].removesuffix(":00") if at.count(":") > 1 else at,
            zone=post.timezone,
            rest=rest,
        )

    @classmethod
    def of_target(cls, post: PostRow, target: TargetRow) -> Written:
        """What one target of a post says, all of it as its own."""
        account, media = target.integration_id, post.media if target.own_media is None else target.own_media
        return cls(
            accounts=[account],
            texts={account: post.content if target.content is None else target.content},
            options={account: written(fields_of(target.platform), target.options or {})},
            media=[_item(each) for each in media or ()],
        )

    def body(self, found: Mapping[str, Integration]) -> dict[str, Any]:
        """The body of the API that says the same, with what it says of times; `found` has the accounts."""
        raw = self.untimed(found)
        if self.when == NOW:
            raw["publishNow"] = True
        elif self.when == AT:
            raw |= {"scheduledFor": self.at, "timezone": self.zone}
        elif self.when == REPEAT:
            raw |= {"rule": self.rule, "startsAt": self.at, "timezone": self.zone}
        elif self.when == DRAFT:
            raw["timezone"] = self.zone
        elif self.when == QUEUE and self.profile:
            raw["profileId"] = self.profile
        return raw

    def untimed(self, found: Mapping[str, Integration]) -> dict[str, Any]:
        """The body without its hour."""
        raw: dict[str, Any] = {"content": self.content}
        raw["platforms"] = [self._entry(account, found.get(account)) for account in self.accounts]
        if self.media:
            raw["mediaItems"] = [_media(item) for item in self.media]
        return raw | {name: self.rest[name] for name in _FURTHER if name in self.rest}

    def field_of(self, path: str, found: Mapping[str, Integration]) -> str:
        """The id of the field that a problem's path is about."""
        head, _, rest = path.partition("]")
        name, _, place = head.partition("[")
        at = int(place) if place.isdecimal() else -1
        if name == "platforms" and 0 <= at < len(self.accounts):
            account = self.accounts[at]
            steps = rest.replace("[", ".").replace("]", "").split(".")[1:]
            if steps[:1] == ["content"]:
                return f"text.{account}"
            if steps[:1] == ["platformSpecificData"]:
                platform = found[account].platform if account in found else ""
                option = place_of(fields_of(platform), steps[1:])
                return f"option.{account}.{option}" if option else f"panel.{account}"
            return f"account.{account}"
        if name == "mediaItems":
            column = rest.removeprefix(".").partition(".")
            column_name = column[2].partition("[")[0] if column[0] == "fit" else column[0]
            return f"media.{at}.{column_name if column_name in _ITEM else 'url'}" if at >= 0 else "media"
        fields = {
            "scheduledFor": "at",
            "startsAt": "at",
            "timezone": "zone",
            "rule": "rule",
            "profileId": "profile",
            "note": "note",
        }
        return fields.get(
            path, "accounts" if name == "platforms" else "content" if path == "content" else "page"
        )

    def _entry(self, account: str, found: Integration | None) -> dict[str, Any]:
        platform = found.platform if found else ""
        entry: dict[str, Any] = {"platform": platform, "accountId": account}
        if account in self.texts:
            entry["content"] = self.texts[account]
        if options := read(fields_of(platform), self.options.get(account, {})):
            entry["platformSpecificData"] = options
        fits = self.rest.get("fits")
        if isinstance(fits, dict) and account in fits:
            entry["fit"] = fits[account]
        return entry


NO_ITEM: Mapping[str, str] = dict.fromkeys(_ITEM, "") | {"type": "image"}


def _item(value: Mapping[str, Any]) -> dict[str, str]:
    """A stored media item as a row of the form."""
    fit = value.get("fit") or {}
    focus = " ".join(f"{each:g}" for each in fit.get("focus") or ())
    trim = f"{fit['trim']:g}" if fit.get("trim") else ""
    said = {name: str(value.get(name) or "") for name in ("url", "type", "altText", "thumbnail")}
    return said | {"ratio": str(fit.get("ratio") or ""), "focus": focus, "trim": trim}


def _media(item: Mapping[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {
        name: item[name] for name in ("type", "url", "thumbnail", "altText") if item.get(name)
    }
    fit: dict[str, Any] = {"ratio": item["ratio"]} if item.get("ratio") else {}
    if item.get("focus"):
        fit["focus"] = [_number(each) for each in item["focus"].split()]
    if item.get("trim"):
        fit["trim"] = _number(item["trim"])
    return raw | ({"fit": fit} if fit else {})


def _number(text: str) -> Any:
    """A number, or the text, of which the rules say what is wrong."""
    try:
        found = from_json_within(text.encode())
    except (ValueError, InvalidRequest):
        return text
    return found if isinstance(found, int | float) else text


def _rest(text: str) -> dict[str, Any]:
    try:
        found = from_json_within(text.encode()) if text else {}
    except (ValueError, InvalidRequest):
        return {}
    return found if isinstance(found, dict) else {}


def _text(form: FormData, name: str) -> str:
    found = form.get(name)
    return found if isinstance(found, str) else ""


def _texts(form: FormData, name: str) -> Sequence[str]:
    return [each for each in form.getlist(name) if isinstance(each, str)]


def _lines(text: str) -> str:
    # Forms send every line break as two characters.
    return text.replace("\r\n", "\n")
