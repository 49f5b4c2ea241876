"""What somebody hands in about a post, as closed, strict models in the API's own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from polypost.errors import AddressRefused, InvalidRequest, Problem
from polypost.outbound import advice
from polypost.platforms.registry import BUILT_IN, connectors, other_names
from polypost.posts import words

M = TypeVar("M", bound=BaseModel)
CONTENT_BYTES = 100_000
# TikTok takes 35 pictures, and no network more.
MOST_MEDIA = 35
MOST_TARGETS = 50
# More than any network takes.
ALT_CHARACTERS = 5000
# What other services, and people, call the keys of a post.
_KEYS = {
    other: key
    for key, others in {
        "content": "text message caption body status description post copy",
        "mediaItems": "media mediaurl mediaurls image images imageurl photo photos picture video videos"
        " videourl attachment attachments asset assets file files",
        "platforms": "accounts targets networks channels destinations socialaccounts providers to",
        "platform": "network provider channel service name",
        "accountId": "account id integration integrationid channelid socialaccountid accountids",
        "platformSpecificData": "options settings data extra params platformoptions platformdata",
        "scheduledFor": "schedule scheduled scheduletime scheduledtime scheduledate scheduleddate publishat"
        " postat sendat runat when at date time datetime publishdate publishtime publishon",
        "timezone": "tz zone",
        "publishNow": "now publish immediate immediately postnow sendnow sharenow publishimmediately",
        "url": "src link href uri path mediaurl imageurl videourl file",
        "type": "kind mediatype contenttype mimetype format",
        "thumbnail": "cover coverurl poster thumb thumbnailurl preview",
        "altText": "alt alternativetext alttexts accessibilitytext",
    }.items()
    for other in others.split()
}
_KINDS = {
    other: kind
    for kind, others in {
        "image": "picture photo jpg jpeg png webp heic imagejpeg imagepng imagewebp",
        "video": "film movie clip reel mp4 mov videomp4 videoquicktime",
        "gif": "animation imagegif",
        "document": "pdf file doc applicationpdf",
    }.items()
    for other in others.split()
}


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise words.wrong("nul", "must not contain the NUL character", "Remove it.")
    return text


def _content(text: str) -> str:
    if len(text.encode()) > CONTENT_BYTES:
        said = f"must not be longer than {CONTENT_BYTES // 1000} kB"
        raise words.wrong("text_too_long", said, "Shorten the text.")
    return text


def _digits(value: Any) -> Any:
    # As a text a Unix time is told how to be written.
    return str(value) if type(value) is int and 0 < value < 10**13 else value


def _not_content(value: Any) -> Any:
    if isinstance(value, str) and value[:5].lower() == "data:":
        raise words.wrong(AddressRefused.code, str(AddressRefused()), advice("data:", file=True))
    return value


def _absent(value: Any) -> Any:
    return {} if value is None else value


Text = Annotated[str, AfterValidator(_no_nul)]
Content = Annotated[Text, AfterValidator(_content)]
Time = Annotated[Text, BeforeValidator(_digits)]
Zone = Annotated[Text, Field(min_length=1, max_length=64)]
ProfileId = Annotated[Text, Field(min_length=1, max_length=40)]
Url = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_no_nul)]
if TYPE_CHECKING:
    PlatformName = str
else:
    # An enum to clients, made of what this server has.
    PlatformName = Literal[BUILT_IN]


MediaFit = Annotated[
    Literal["auto", "strict"],
    Field(
        description="`auto` makes media fit each network without changing what people see: format, codec, bytes, pixels, "
        "colours, orientation; `strict` sends files as they are or not at all. `POLYPOST_MEDIA_FIT` if left out."
    ),
]


class Closed(BaseModel):
    """A body in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FitBody(Closed):
    """What may be done to media that people see; nothing of it is done without being asked for."""

    ratio: Literal["pad", "crop"] | None = Field(
        default=None,
        description="How a picture or video of a shape that the network refuses gets another one: filled up in the "
        "colour of its border, or cut.",
    )
    focus: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=2, max_length=2)] | None = (
        Field(
            default=None,
            description="The point that stays when it is cut: parts of width and height from the top left; the middle if left out.",
        )
    )
    trim: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        default=None, description="The seconds after which a video is cut off."
    )


class PlatformEntry(Closed):
    """One network and account of a post."""

    platform: PlatformName
    accountId: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_no_nul)] = Field(
        description="The `id` of a connected account."
    )
    content: Content | None = Field(
        default=None, description="A text for this account instead of the post's."
    )
    platformSpecificData: Annotated[dict[str, Any], BeforeValidator(_absent)] = Field(default_factory=dict)
    fit: FitBody | None = Field(default=None, description="For this account, over what the media items say.")


class MediaItem(Closed):
    """One media item by public URL."""

    type: Literal["image", "video", "gif", "document"]
    url: Annotated[Url, BeforeValidator(_not_content)]
    thumbnail: Annotated[Url, BeforeValidator(_not_content)] | None = None
    altText: Annotated[Text, Field(max_length=ALT_CHARACTERS)] | None = Field(
        default=None,
        description="What it shows, in words, for who does not see it, on every network that has such texts.",
    )
    fit: FitBody | None = Field(default=None, description="Changes of shape and length that are welcome.")


class LateBody(Closed):
    """What becomes of a post that could not go out at its hour."""

    late: Literal["publish", "skip"] | None = Field(
        default=None,
        description="`skip` fails what is later than `lateAfter`; `publish` is what happens without it.",
    )
    lateAfter: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Seconds after its hour, at most the server's late grace."
    )


class UntimedBody(LateBody):
    """A post without its hour."""

    content: Content
    platforms: Annotated[list[PlatformEntry], Field(min_length=1, max_length=50)]
    mediaItems: Annotated[list[MediaItem], Field(max_length=20)] | None = None
    mediaFit: MediaFit | None = None


class DraftBody(UntimedBody):
    """`POST /v1/posts/drafts` and `PUT /v1/posts/drafts/{post_id}`."""

    timezone: Zone | None = None


class EditBody(UntimedBody):
    """A scheduled post as it shall be (`PUT /v1/posts/scheduled/{postId}`)."""

    content: Content = Field(description="The text; empty where the network allows it. At most 100 kB.")
    platforms: Annotated[list[PlatformEntry], Field(min_length=1, max_length=MOST_TARGETS)] = Field(
        description="Where to publish; each account once."
    )
    mediaItems: Annotated[list[MediaItem], Field(max_length=MOST_MEDIA)] | None = Field(
        default=None, description="Pictures, films or documents, by public address, for all platforms."
    )
    scheduledFor: Time | None = Field(
        default=None, description="When, in RFC 3339. Without an offset it is wall time in `timezone`."
    )
    scheduledAt: Time | None = Field(default=None, description="Another name of `scheduledFor`.")
    timezone: Text | None = Field(default=None, description="An IANA name; `UTC` if left out.")


class CreateBody(EditBody):
    """A new post: what, where, and when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "content": "Hello from my own server.",
                    "platforms": [{"platform": "bluesky", "accountId": "int_…"}],
                    "publishNow": True,
                }
            ]
        }
    )

    publishNow: bool | None = Field(
        default=None, description="`true` publishes at once; left out or `false` needs `scheduledFor`."
    )


class RescheduleBody(BaseModel):
    """Another hour (`PATCH /v1/posts/scheduled/{postId}`); open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    scheduledFor: Time
    timezone: Text | None = None


class RetryEntry(Closed):
    """A failed target by its network and account."""

    platform: PlatformName
    accountId: Text


class RetryBody(Closed):
    """Which failed targets to try again; all of them if left out (`POST /v1/posts/{postId}/retry`)."""

    platforms: Annotated[list[RetryEntry], Field(min_length=1, max_length=50)] | None = None
    force: bool = Field(default=False, description="Also those of which nobody knows whether they are out.")


class MendEntry(RetryEntry):
    """A failed target, and what is to be different there; what is left out stays as it is."""

    content: Content | None = Field(default=None, description="A text for this account.")
    mediaItems: Annotated[list[MediaItem], Field(max_length=MOST_MEDIA)] | None = Field(
        default=None, description="The media for this account; an empty list means none."
    )
    platformSpecificData: dict[str, Any] | None = Field(
        default=None, description="All of the network's options, in place of those from before."
    )


class MendBody(Closed):
    """What failed targets are changed to before they are tried again (`PUT /v1/posts/{postId}`)."""

    content: Content | None = Field(
        default=None, description="The text for all of them that get none of their own here."
    )
    platforms: Annotated[list[MendEntry], Field(min_length=1, max_length=MOST_TARGETS)] | None = Field(
        default=None, description="Which failed targets; all of them if left out."
    )
    mediaItems: Annotated[list[MediaItem], Field(max_length=MOST_MEDIA)] | None = Field(
        default=None, description="The media for all of them that get none of their own here."
    )
    force: bool = Field(
        default=False,
        description="Also those of which nobody knows whether they are out, after all looks found nothing.",
    )


def problems_in(found: Sequence[ErrorDetails], model: type[BaseModel]) -> list[Problem]:
    """Pydantic's findings in a body as problems with the contract's paths and words, and with what was meant."""
    meant = words.Meant(_KEYS, _KINDS | other_names())
    if "platforms" in model.model_fields:
        meant = meant._replace(elsewhere=_option)
    return words.problems(found, model, meant=meant)


def _option(key: str) -> str:
    networks = [
        each.spec.id
        for each in connectors()
        if key in {field.alias or name for name, field in each.options.model_fields.items()}
    ]
    named = " and ".join(networks)
    return (
        f"It is an option of {named}: put it into platformSpecificData beside the platform." if named else ""
    )


def read(model: type[M], body: dict[str, Any]) -> M:
    """The body as `model`. Raises InvalidRequest with every problem of its shape."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(problems_in(words.findings(error), model)) from error
