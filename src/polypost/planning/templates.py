"""What a schedule is made of, as values: the post it repeats and when; and a stored row turned back into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from polypost.planning.recurrence import Occurrence, Recurrence
from polypost.planning.rules import parse
from polypost.platforms.base import MediaRef
from polypost.posts.orders import (
    Late,
    NewPost,
    NewTarget,
    When,
    fit_value,
    media_ref,
    media_value,
    stored_value,
)


@dataclass(frozen=True, slots=True)
class Template:
    """The post that a schedule repeats, and its times: a rule that begins at the wall time `starts_at` in `timezone`."""

    name: str | None
    content: str
    targets: Sequence[NewTarget]
    media: Sequence[MediaRef]
    timezone: str
    rule: str
    starts_at: datetime
    late: Late | None = None

    @property
    def recurrence(self) -> Recurrence:
        """The times."""
        return Recurrence(parse(self.rule), self.starts_at, self.timezone)

    def same_times(self, other: Template) -> bool:
        """Whether the other has the same times, whatever it says."""
        return (self.timezone, self.rule, self.starts_at) == (other.timezone, other.rule, other.starts_at)

    def order(self, occurrence: Occurrence | None = None) -> NewPost:
        """The order for one occurrence; without one, for checks alone."""
        body = self._post()
        if not self.media:
            del body["mediaItems"]
        when = None
        if occurrence is not None:
            local = occurrence.local.isoformat()
            when = When(occurrence.at, self.timezone, local, occurrence.note)
            body |= {"scheduledFor": local, "timezone": self.timezone}
        return NewPost(self.content, self.targets, self.media, when, self.timezone, body, late=self.late)

    @property
    def body(self) -> dict[str, Any]:
        """The body that would make this schedule."""
        times = {"timezone": self.timezone, "rule": self.rule, "startsAt": self.starts_at.isoformat()}
        return {"name": self.name, **self._post(), **times}

    def _post(self) -> dict[str, Any]:
        fits = dict(self.media[0].fits) if self.media else {}
        platforms = [target_value(target) for target in self.targets]
        for each in platforms:
            if fit := fits.get(each["accountId"]):
                each["fit"] = fit_value(fit)
        body = {
            "content": self.content,
            "platforms": platforms,
            "mediaItems": [media_value(item) for item in self.media],
            **({"late": self.late.policy, "lateAfter": self.late.after} if self.late else {}),
        }
        return body | ({"mediaFit": "strict"} if any(item.strict for item in self.media) else {})

    def values(self) -> dict[str, Any]:
        """The columns of a schedule's row."""
        return {
            "name": self.name,
            "content": self.content,
            "media": [stored_value(item) for item in self.media],
            "targets": [target_value(target) for target in self.targets],
            "timezone": self.timezone,
            "rule": self.rule,
            "starts_at": self.starts_at.isoformat(),
            "late": self.late.policy if self.late else None,
            "late_after": self.late.after if self.late else None,
        }


def template_of(row: Row[Any]) -> Template:
    """The template in a schedule's row."""
    return Template(
        name=row.name,
        content=row.content,
        targets=[
            NewTarget(
                each["platform"],
                each["accountId"],
                each.get("content"),
                each.get("platformSpecificData") or {},
            )
            for each in row.targets
        ],
        media=[media_ref(item) for item in row.media],
        timezone=row.timezone,
        rule=row.rule,
        starts_at=datetime.fromisoformat(row.starts_at),
        late=Late(row.late, row.late_after) if row.late else None,
    )


def target_value(target: NewTarget) -> dict[str, Any]:
    """A platform entry as the API writes it and a schedule's row keeps it."""
    value: dict[str, Any] = {"platform": target.platform, "accountId": target.integration_id}
    if target.content is not None:
        value["content"] = target.content
    if target.options:
        value["platformSpecificData"] = dict(target.options)
    return value
