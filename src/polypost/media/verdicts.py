"""How large a file may be, and the fixed words for one that cannot be had (RELIABILITY O5, O7)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from polypost.errors import AddressRefused, FetchFailed, OutboundError, PolypostError, Rejected, Unavailable
from polypost.platforms.base import MediaKind, Spec
from polypost.platforms.registry import connectors
from polypost.probe import Incomplete, TooManyPixels, Unsupported

MB = 1024 * 1024


def _most(kind: str) -> int:
    """The most bytes of a file of a kind that any network takes."""
    named = [
        (each, profile.bytes)
        for each in connectors()
        for place, profile in each.spec.media.items()
        if place.partition("/")[0] == kind and profile.bytes
    ]
    return max(each.spec.limit(name) for each, name in named)


# Above what the most generous network takes there is no use in fetching; that each one's own limit holds is seen to
# later. Pictures are made smaller, so larger ones are welcome, and MB are read as mebibytes, so that no file is refused
# here over the two meanings of the word.
# Where a network takes less it can be made smaller; nobody fetches more than this for it.
ORDINARY_VIDEO = 1024 * MB
LARGEST: Mapping[MediaKind, int] = {
    "image": 100 * MB,
    "gif": max(_most("gif"), 100 * MB),
    "video": _most("video"),
    "document": 100 * MB,  # LinkedIn, the one network that takes documents, ends at 100 MB
}

TOO_LARGE = "media_too_large"
UPLOAD_OPEN = "upload_incomplete"
UPLOAD_GONE = "upload_gone"
UNDECODABLE = "media_undecodable"


class NameUnknown(Unavailable):
    """The host's name is unknown, which may be an error of whoever was asked; `verdict` is for when it is said again."""

    def __init__(self, message: str, verdict: PolypostError) -> None:
        super().__init__(message, code=verdict.code)
        self.verdict = verdict


class UploadMissing(FetchFailed):
    """What an upload's address stands for cannot be had; the code says why."""


_OPENS = "Check that the link opens in a private browser window and gives the file itself."
_NEXT_STEPS: Mapping[str, str] = {
    FetchFailed.code: _OPENS,
    AddressRefused.code: "Use an http or https link to a public web address.",
    Unsupported.code: f"Link to the file itself, not to a page that shows it. {Unsupported.next_step}",
    Incomplete.code: Incomplete.next_step,
    TooManyPixels.code: TooManyPixels.next_step,
    TOO_LARGE: "Make the file smaller.",
    UPLOAD_OPEN: "Send the file to its uploadUrl, then retry.",
    UNDECODABLE: "Save it anew as JPEG or MP4 and use that file, or set mediaFit to strict to send it as it is.",
    UPLOAD_GONE: "Upload the file again and name its new address.",
}


def most_for(spec: Spec) -> int:
    """The most bytes of a video that are fetched for a network."""
    named = {profile.bytes for place, profile in spec.media.items() if place.startswith("video")}
    return max(ORDINARY_VIDEO, *(spec.limit(name) for name in named if name), 0)


def refusal(kind: MediaKind, code: str, most: int | None = None) -> PolypostError:
    """The error a person sees for a file of `kind` that cannot be had, by its code; `most` bytes would be taken."""
    noun = _noun(kind)
    if code == AddressRefused.code:
        said = f"{noun} URL does not lead to a public web address."
    elif code == Unsupported.code:
        said = f"{noun} is not of a supported type."
    elif code == Incomplete.code:
        said = f"{noun} breaks off before its end."
    elif code == TooManyPixels.code:
        said = f"{noun} has more than 100 million pixels."
    elif code == TOO_LARGE:
        said = f"{noun} is too large, at most {(most or LARGEST[kind]) // MB:,} MB can be published here."
    elif code == UPLOAD_OPEN:
        said = f"{noun} has not been uploaded completely."
    elif code == UPLOAD_GONE:
        said = f"{noun} was uploaded and is not kept any more."
    else:
        said = f"{noun} URL is not publicly accessible."
    return recalled(code, said)


def undecodable(kind: MediaKind, why: str) -> PolypostError:
    """The error for a file of `kind` that cannot be made to fit; `why` is a sentence."""
    return recalled(UNDECODABLE, f"{_noun(kind)} cannot be made to fit: {why}")


def stumbled(kind: MediaKind, *, nameless: bool) -> Unavailable:
    """The error for a file of `kind` that could not be had this time; its host, or the way to it, had trouble."""
    noun = _noun(kind)
    if nameless:
        said = f"{noun} URL names a host that could not be found."
        return NameUnknown(said, refusal(kind, FetchFailed.code))
    return Unavailable(f"{noun} could not be fetched this time.", code=FetchFailed.code)


def _noun(kind: MediaKind) -> str:
    return "GIF" if kind == "gif" else kind.capitalize()


def recalled(code: str, message: str) -> PolypostError:
    """The error again, from what the table keeps of it."""
    family: type[OutboundError] = AddressRefused if code == AddressRefused.code else FetchFailed
    return family(message, code=code, next_step=_NEXT_STEPS.get(code, _OPENS))


def not_public(url: str) -> Rejected:
    """The refusal for a file that a network has to pull and cannot reach."""
    host = urlsplit(url).hostname or "its address"
    return Rejected(
        f"The network has to fetch this file itself and cannot reach {host}.",
        code="media_not_public",
        next_step="Give a public URL, or set POLYPOST_PUBLIC_URL to an address of this server that the network reaches.",
    )


def no_space() -> Unavailable:
    """The error when the disk has no room for another file; nobody's file is at fault."""
    return Unavailable("There is not enough disk space on the server.", code="media_no_space")


def unwritable() -> Unavailable:
    """The error when the server's own disk refuses the file."""
    return Unavailable("The server could not keep the media on its disk.", code="media_not_stored")
