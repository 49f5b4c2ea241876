"""What a network takes as images, videos and documents: rules about a file's facts, as data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.probe import Facts

MIB = 1024 * 1024
RE_ENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."
LOWER_BIT_RATE = "Re-encode the video with a lower bit rate."
THIRTY_FRAMES = "Re-encode the video with 30 frames a second."


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of one fact, and what is said where it does not fit; a fact that is not known yet fits.

    In `says` and `hint` {0} is the fact; a hint that reckons with it is a function.
    """

    fact: Callable[[Facts], Any]
    fits: Callable[[Any], bool]
    says: str
    hint: str | Callable[[Any], str]
    code: str = "media_format"


def judged(path: str, facts: Facts, rules: Sequence[Rule]) -> Iterator[Problem]:
    """The problems of a file by these rules, in their order."""
    for rule in rules:
        fact = rule.fact(facts)
        if fact is not None and not rule.fits(fact):
            hint = rule.hint.format(fact) if isinstance(rule.hint, str) else rule.hint(fact)
            yield Problem(path, rule.says.format(fact), hint, rule.code)


def one_of(fact: str, taken: Collection[str], takes: str, hint: str = RE_ENCODE) -> Rule:
    """Which formats or codecs are taken; `takes` begins the sentence that names them."""
    return Rule(attrgetter(fact), lambda value: value in taken, f"{takes}; this is {{0}}.", hint)


def images(taken: Collection[str], takes: str) -> Rule:
    """Which formats of images are taken."""
    return one_of("mime", taken, takes, "Convert it to JPEG.")


def at_most(
    fact: str, most: float, says: str, hint: str | Callable[[Any], str], code: str = "media_format"
) -> Rule:
    """The largest value of a fact; it is measured, so that 60.02 seconds are 60."""
    return Rule(attrgetter(fact), lambda value: round(value, 1) <= most, says, hint, code)


def at_least(fact: str, least: float, says: str, hint: str, code: str = "media_format") -> Rule:
    """The smallest value of a fact, measured as the largest is."""
    return Rule(attrgetter(fact), lambda value: round(value, 1) >= least, says, hint, code)


def frame_rate(name: str, least: float, most: float) -> Rule:
    """The frames a second; they are measured, so that 60.002 are 60."""
    says = f"{name} takes {least} to {most} frames a second; this video has {{0:g}}."
    return Rule(attrgetter("fps"), lambda value: least <= round(value, 1) <= most, says, THIRTY_FRAMES)


def lasts(least: float, most: float, says: str, otherwise: str = "") -> tuple[Rule, Rule]:
    """The length in seconds: one sentence, and a hint for either side."""
    return no_shorter_than(least, says), ends_within(most, says, otherwise)


def no_shorter_than(least: float, says: str) -> Rule:
    """The smallest length in seconds."""
    return at_least("duration", least, says, "Use a longer video.", "media_duration")


def ends_within(most: float, says: str, otherwise: str = "") -> Rule:
    """The largest length in seconds."""
    return at_most("duration", most, says, f"Cut the video{otherwise}.", "media_duration")


def no_longer_than(most: float, says: str, otherwise: str = "") -> Rule:
    """As `ends_within`; the hint tells by how much the video has to be cut."""
    return at_most(
        "duration",
        most,
        says,
        lambda seconds: f"Cut it by {round(seconds, 1) - most:.1f} seconds{otherwise}.",
        "media_duration",
    )


def gif_frames(name: str, most: int) -> Rule:
    """The largest number of images in a GIF."""
    return at_most(
        "frames",
        most,
        f"{name} takes GIFs of at most {most} frames; this one has {{0}}.",
        lambda frames: f"Remove {frames - most} frames, or use an MP4 video.",
        "media_frames",
    )


def size(takes: str, most: int, hint: str, unit: int = MIB) -> Rule:
    """The largest file, told in megabytes; `takes` begins the sentence (`X takes pictures of`)."""
    says = f"{takes} at most {most // unit} MB here; this file has {{0:.1f}} MB."
    return Rule(lambda facts: facts.size / unit, lambda value: value <= most / unit, says, hint, "media_size")


def exact_size(name: str, most: int, hint: str, unit: int = MIB) -> Rule:
    """The largest file, told to the byte."""
    says = f"{name} takes at most {most / unit:g} MB ({most:,} bytes) here; this file has {{0:,}} bytes."
    return at_most("size", most, says, hint, "media_size")


def shape(fits: Callable[[tuple[int, int]], bool], says: str, hint: str) -> Rule:
    """What is asked of width and height; {0[0]} and {0[1]} name them."""
    return Rule(dimensions, fits, says, hint, "media_dimensions")


def ratio(name: str, low: float, high: float, hint: str, digits: int | None = None) -> Rule:
    """Width divided by height; `digits` are those that count, where a network's own number is rounded."""

    def fits(sides: tuple[int, int]) -> bool:
        value = sides[0] / sides[1]
        return low <= (value if digits is None else round(value, digits)) <= high

    says = (
        f"{name} refuses the shape {{0[0]}}×{{0[1]}}: width / height has to be between {low:g} and {high:g}."
    )
    return shape(fits, says, hint)


def width(name: str, most: int) -> Rule:
    """The largest width of a video in pixels."""
    says = f"{name} takes videos of at most {most} pixels width; this one has {{0}}."
    return at_most("width", most, says, "Scale the video down.", "media_dimensions")


def sample_rate(name: str, most: int) -> Rule:
    """The largest sample rate of the sound, in hertz."""
    says = f"{name} takes sound of at most {most} Hz; this has {{0}} Hz."
    return at_most("audio_rate", most, says, "Resample the sound to 48 kHz.")


def channels(takes: str, most: int) -> Rule:
    """The largest number of sound channels; `takes` begins the sentence that names them."""
    return at_most(
        "audio_channels", most, f"{takes}; this has {{0}} channels.", "Mix the sound down to stereo."
    )


def dimensions(facts: Facts) -> tuple[int, int] | None:
    """Width and height, None unless both are known."""
    return (facts.width, facts.height) if facts.width and facts.height else None


def pixels(facts: Facts) -> tuple[int, int, int] | None:
    """Width, height, and how many pixels that are."""
    sides = dimensions(facts)
    return (*sides, sides[0] * sides[1]) if sides else None


def mistaken(path: str, item: MediaRef, facts: Facts, hint: str = "", what: str = "") -> Problem:
    """The problem of a file that is something else than its item is declared as."""
    file = f"{what or f'a {facts.kind}'} ({facts.mime})"
    said = f"The item is declared as {item.type}, but the file is {file}."
    return Problem(
        f"{path}.type", said, hint or f'Set type to "{facts.kind}" or use another file.', "media_type"
    )


def is_still_gif(facts: Facts) -> bool:
    """Whether it is a GIF that does not move."""
    return facts.kind == "gif" and facts.frames == 1


def another_file(facts: Facts) -> str:
    """The hint for a network that takes no documents."""
    return "Use another file." if facts.kind == "document" else ""


def no_documents(path: str, name: str, hint: str = "Convert its pages to pictures.") -> Problem:
    """The problem of a document where none is taken."""
    return Problem(path, f"{name} takes no documents.", hint, "media_format")


def images_gifs_and_videos(path: str, item: MediaRef, name: str) -> Problem | None:
    """What speaks against an item on a network of images, animated GIFs and videos; a GIF that stands still is an image."""
    facts = item.facts
    if item.type == "document":
        return no_documents(path, name)
    if not facts or facts.kind == item.type or (item.type == "image" and is_still_gif(facts)):
        return None
    moves = facts.kind == "gif" and not is_still_gif(facts)
    return mistaken(path, item, facts, another_file(facts), "an animated gif" if moves else "")


def moves_alone(path: str, items: Sequence[MediaRef], name: str, gif: str, most: int) -> list[Problem]:
    """The problem of a GIF (`gif` in a sentence) or a video beside other items, where `most` images go together."""
    moving = [item for item in items if item.type in {"gif", "video"}]
    if not moving or len(items) == 1:
        return []
    what = gif if moving[0].type == "gif" else "a video"
    says = f"On {name} {what} stands alone in a post; there are {len(items)} items."
    hint = f"Use up to {most} pictures, or one GIF, or one video; the rest can go to threadItems."
    return [Problem(path, says, hint, "media_mix")]


def each_item(
    path: str, items: Sequence[MediaRef], judge: Callable[[str, MediaRef], Iterable[Problem]]
) -> Iterator[Problem]:
    """The problems of all items of a list, by their paths in it."""
    for place, item in enumerate(items):
        yield from judge(f"{path}[{place}]", item)


def stills_and_videos(
    path: str,
    item: MediaRef,
    name: str,
    gifs: str = "GIFs",
    moving: str = ", or to an MP4 video to keep it moving.",
) -> Problem | None:
    """What speaks against an item on a network of JPEG images and videos, which takes no GIF and no document."""
    facts = item.facts
    if item.type == "document":
        return no_documents(path, name, "Convert it to JPEG pages.")
    if item.type == "gif" or (item.type == "image" and facts and facts.kind == "gif"):
        return Problem(path, f"{name} takes no {gifs}.", f"Convert it to JPEG{moving}", "media_format")
    return mistaken(path, item, facts) if facts and facts.kind != item.type else None
