"""The `platformSpecificData` of a Threads target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polypost.platforms.kit import options as kit
from polypost.platforms.kit.options import WHOLE, ClosedOptions, WebAddress
from polypost.platforms.threads.spec import SPEC

ReplyControl = Literal[
    "everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"
]
Style = Literal["bold", "italic", "highlight", "underline", "strikethrough"]


def _upper(codes: list[str]) -> list[str]:
    return [code.upper() for code in codes]


NetworkId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
Offset = Annotated[int, WHOLE, Field(ge=0)]
Length = Annotated[int, WHOLE, Field(ge=1)]
AltTexts = Annotated[list[str | None], Field(max_length=SPEC.limit("carousel_max_items"))]
CountryCode = Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]


class ThreadItem(kit.ThreadItem):
    """A further post of a chain, a reply to the one before it."""

    alt_text: AltTexts | None = None


class Poll(ClosedOptions):
    """A poll below the text, open for a day; the length of each option is judged by `check`."""

    options: Annotated[
        list[str],
        Field(min_length=SPEC.limit("poll_min_options"), max_length=SPEC.limit("poll_max_options")),
    ]


class Span(ClosedOptions):
    """A piece of a text, counted in characters."""

    offset: Offset
    length: Length


class TextEntity(Span):
    """A piece of the text that is covered until it is touched."""

    entity_type: Literal["SPOILER"] | None = None


class Styled(Span):
    """A piece of a long text and how it looks."""

    styling_info: Annotated[list[Style], Field(min_length=1)]


class TextAttachment(ClosedOptions):
    """A long text behind the post."""

    plaintext: str
    link_attachment_url: WebAddress | None = None
    text_with_styling_info: list[Styled] | None = None


class GifAttachment(ClosedOptions):
    """An animated picture from a provider's library."""

    gif_id: Annotated[str, Field(min_length=1, max_length=200)]
    provider: Literal["TENOR", "GIPHY"]


class ThreadsOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out. Alt texts belong to the media in their order."""

    reply_control: ReplyControl | None = None
    alt_text: AltTexts | None = None
    thread_items: list[ThreadItem] | None = None
    topic_tag: str | None = None
    link_attachment: WebAddress | None = None
    poll: Poll | None = None
    reply_to_id: NetworkId | None = None
    quote_post_id: NetworkId | None = None
    text_entities: list[TextEntity] | None = None
    spoiler_media: bool | None = None
    text_attachment: TextAttachment | None = None
    gif_attachment: GifAttachment | None = None
    ghost_post: bool | None = None
    location_id: NetworkId | None = None
    allowlisted_country_codes: (
        Annotated[list[CountryCode], Field(min_length=1, max_length=250), AfterValidator(_upper)] | None
    ) = None

    @property
    def thread(self) -> list[ThreadItem]:
        """The posts that follow the first one."""
        return self.thread_items or []
