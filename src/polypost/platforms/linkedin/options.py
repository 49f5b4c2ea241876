"""The `platformSpecificData` of a LinkedIn target."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from polypost.platforms.kit.options import ClosedOptions, WebAddress
from polypost.platforms.linkedin.spec import SPEC

Visibility = Literal["PUBLIC", "CONNECTIONS"]
Duration = Literal["ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS"]
# Of the API that we are compatible with; LinkedIn itself takes longer descriptions and titles of documents.
MOST_MENTIONS, DESCRIPTION, DOCUMENT_TITLE = 30, 400, 200


class Mention(ClosedOptions):
    """A stretch of the text that becomes a link to an organization; where it has to stand is judged by `check`."""

    text: Annotated[str, Field(min_length=1)]
    urn: Annotated[str, Field(pattern=r"^urn:li:organization:.+$")]


class Poll(ClosedOptions):
    """A poll below the text; the lengths are judged by `check`."""

    question: str
    options: Annotated[
        list[str],
        Field(min_length=SPEC.limit("poll_options_min"), max_length=SPEC.limit("poll_options_max")),
    ]
    duration: Duration | None = None


class LinkedInOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out."""

    visibility: Visibility | None = None
    mentions: Annotated[list[Mention], Field(max_length=MOST_MENTIONS)] | None = None
    article_url: WebAddress | None = None
    article_title: Annotated[str, Field(max_length=SPEC.limit("article_title_characters"))] | None = None
    article_description: Annotated[str, Field(max_length=DESCRIPTION)] | None = None
    document_title: Annotated[str, Field(max_length=DOCUMENT_TITLE)] | None = None
    alt_text: list[str] | None = None
    poll: Poll | None = None
    reshare_urn: Annotated[str, Field(pattern=r"^urn:li:(share|ugcPost|activity):[0-9]+$")] | None = None
    disable_reshare: bool | None = None
    first_comment: str | None = None

    @property
    def mentioned(self) -> list[Mention]:
        """The mentions, none when the key was left out."""
        return self.mentions or []

    @property
    def alt_texts(self) -> list[str]:
        """The alternative texts by the order of the pictures."""
        return self.alt_text or []

    @property
    def card_title(self) -> str:
        """The title of the link card, which LinkedIn demands: where the link leads, when none is given."""
        given = (self.article_title or "").strip()
        return given or (urlsplit(self.article_url or "").hostname or "")
