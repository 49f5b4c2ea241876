"""What is done to a file so that a network takes it: decided from its facts and the network's profile, and nothing else.

Without being asked nothing changes that people see; shape and length are only changed on request. The steps are a
recipe for `polypost.decoder`: plain values, equal for all networks that need the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, sqrt
from typing import Any

from polypost.platforms.base import Fit, MediaKind, MediaProfile
from polypost.probe import Facts

Recipe = Mapping[str, Any]
LimitOf = Callable[[str], float]

# What films are made into; more than any network needs is no use.
_FPS = 30
_RATE = 48_000
_MIDDLE = (0.5, 0.5)
_LIKELY_BYTES = 500_000
_RATIO_SLACK = 0.01
_IN_MP4 = ("h264", "hevc", "av1")
_TAKEN_SOUNDS = frozenset({"aac", "mp3"})
# Sound and the container take their part of a film's bytes.
_VIDEO_SHARE = 0.92
# Of animations; what has more frames or pixels is no animation any more.
_MOST_FRAMES = 1_500
_MOST_ANIMATED_PIXELS = 3_000_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to one file; `recipe` is None where it goes out as it is.

    `facts` are those that the result will have, as far as they can be told before; `most` bytes are taken at most,
    `least` at least.
    `wish` says that the network takes the file without it too, `video` that it needs the library for films,
    `unasked` what was not done because nobody asked: `ratio` or `trim`. `refused` is why it cannot be done.
    """

    facts: Facts
    kind: MediaKind
    recipe: Recipe | None = None
    most: int | None = None
    least: int | None = None
    wish: bool = False
    video: bool = False
    unasked: str = ""
    refused: str = ""


def plan_for(
    facts: Facts,
    declared: MediaKind,
    profile_of: Callable[[str], MediaProfile | None],
    limit: LimitOf,
    fit: Fit,
    *,
    keep_metadata: bool = False,
) -> Plan:
    """What is done to a file that is declared as a kind; `profile_of` knows what its place takes by kind."""
    plan = _plan_for(facts, declared, profile_of, limit, fit, keep_metadata=keep_metadata)
    profile = profile_of("video" if plan.facts.kind == "video" else "image")
    if plan.recipe is None or profile is None or not profile.least_bytes:
        return plan
    least = int(limit(profile.least_bytes))
    # What comes too small and needs no change stays what it is: it is refused.
    made = plan.facts if plan.facts == facts else replace(plan.facts, size=max(plan.facts.size, least))
    return replace(plan, least=least, facts=made)


def _plan_for(
    facts: Facts,
    declared: MediaKind,
    profile_of: Callable[[str], MediaProfile | None],
    limit: LimitOf,
    fit: Fit,
    *,
    keep_metadata: bool,
) -> Plan:
    same = Plan(facts, declared)
    if facts.kind == "document":
        return same
    if facts.kind == "video":
        return _video(facts, declared, profile_of, limit, fit, keep_metadata=keep_metadata)
    if facts.moves and declared != "video":
        return _animation(facts, declared, profile_of, limit, keep_metadata=keep_metadata)
    still = profile_of("image")
    gif = profile_of("gif")
    if still is None or facts.moves or declared == "video":
        return same
    if declared == "gif" and gif is not None and facts.mime in gif.types:
        still = gif
    return _still(facts, declared, still, limit, fit, keep_metadata=keep_metadata)


def _still(
    facts: Facts,
    declared: MediaKind,
    profile: MediaProfile,
    limit: LimitOf,
    fit: Fit,
    *,
    keep_metadata: bool,
) -> Plan:
    most = int(limit(profile.bytes)) if profile.bytes else None
    shown = facts.shown
    if shown is None:
        return Plan(facts, declared)
    wrong = _outside(shown, profile, limit)
    framed, wanted = None, shown
    if wrong is not None and fit.ratio:
        framed, wanted = fit.ratio, _framed(shown, wrong, fit.ratio)
    wanted = _within(wanted, profile, limit)
    unasked = "ratio" if wrong is not None and not fit.ratio else ""
    seen = facts.alpha and not profile.transparent
    too_much = most is not None and facts.size > most
    needed = bool(
        facts.mime not in profile.types or facts.orientation or facts.colour or framed or wanted != shown
    )
    plan = Plan(facts, "image" if declared == "gif" and needed else declared, most=most, unasked=unasked)
    if not needed and not seen and not too_much:
        return replace(plan, recipe=_bare(facts, keep_metadata=keep_metadata))
    lossless = bool(facts.alpha and profile.transparent and "image/png" in profile.types and not too_much)
    to = "image/png" if lossless else "image/jpeg"
    recipe: dict[str, Any] = {"do": "still", "from": facts.mime, "to": to, "keep": keep_metadata}
    if not needed and not too_much:
        # Whether anything is transparent is only known once it has been looked at.
        recipe["only"] = "transparent"
    if wanted != shown or framed:
        recipe["size"] = list(wanted)
    if framed:
        recipe |= {"ratio": framed, "focus": list(fit.focus or _MIDDLE)}
    if too_much and facts.mime in profile.types:
        recipe["bytes"] = most
    made = Facts("image", to, _likely(facts, most), wanted[0], wanted[1], alpha=lossless or None)
    return replace(plan, recipe=recipe, facts=facts if "only" in recipe else made)


def _likely(facts: Facts, most: int | None) -> int:
    """Bytes that a result may have; how many it will have is only known once it is made."""
    return min(max(facts.size, _LIKELY_BYTES), most or facts.size + _LIKELY_BYTES)


def anew(plan: Plan, size: int) -> Plan | None:
    """The same for a result that was made and has too many or too few bytes; None where it has not."""
    assert plan.recipe is not None
    do = plan.recipe["do"]
    if plan.most is not None and size > plan.most and do == "still" and "bytes" not in plan.recipe:
        return replace(plan, recipe={**plan.recipe, "to": "image/jpeg", "bytes": plan.most})
    if plan.least is None or size >= plan.least or (do == "strip" and plan.facts.kind == "video"):
        return None
    recipe = {name: value for name, value in plan.recipe.items() if name != "only"}
    if do == "strip":
        recipe |= {"do": "still", "to": "image/jpeg", "keep": False}
    return replace(plan, recipe={**recipe, "least": plan.least})


def _bare(facts: Facts, *, keep_metadata: bool) -> Recipe | None:
    """The recipe that removes what a file tells of its making, and nothing else."""
    return {"do": "strip", "from": facts.mime} if facts.metadata and not keep_metadata else None


def _animation(
    facts: Facts,
    declared: MediaKind,
    profile_of: Callable[[str], MediaProfile | None],
    limit: LimitOf,
    *,
    keep_metadata: bool,
) -> Plan:
    gif, still, film = profile_of("gif"), profile_of("image"), profile_of("video")
    as_it_is = Plan(facts, declared, recipe=_bare(facts, keep_metadata=keep_metadata))
    if gif is not None and facts.mime in gif.types and _fits_as_gif(facts, gif, limit):
        return as_it_is
    taken = still is not None and facts.mime in still.types
    shown, frames = facts.shown, facts.frames or 0
    # Where PNG is taken, one that moves always went out as it is.
    if film is None or shown is None or (taken and facts.mime == "image/png"):
        return as_it_is
    wish = gif is None and taken
    if frames > _MOST_FRAMES or frames * shown[0] * shown[1] > _MOST_ANIMATED_PIXELS:
        says = f"An animation of {frames:,} frames is too much to be made into a video here."
        return as_it_is if wish else replace(as_it_is, refused=says)
    seconds = facts.duration or frames / 10
    least = limit(film.min_seconds) if film.min_seconds else 0.0
    times = 1
    while seconds * times < least and times < 100:
        times += 1
    size = _even(_within(shown, film, limit))
    most = int(limit(film.bytes)) if film.bytes else None
    recipe = {
        "do": "animation",
        "from": facts.mime,
        "size": list(size),
        "times": times,
        "silence": film.silence,
        "bits": _bits(film, limit, seconds * times),
    }
    made = replace(
        _video_facts(facts, size),
        size=_likely(facts, most),
        duration=seconds * times,
        frames=None,
        audio_codec="aac" if film.silence else None,
        alpha=None,
        metadata=None,
    )
    return Plan(made, film.moving, recipe, most=most, wish=wish, video=True)


def _fits_as_gif(facts: Facts, profile: MediaProfile, limit: LimitOf) -> bool:
    width, height = facts.shown or (0, 0)
    frames = facts.frames or 1
    asked = (
        (profile.bytes, facts.size),
        (profile.frames, frames),
        (profile.width, width),
        (profile.height, height),
        (profile.pixels, width * height),
        (profile.all_pixels, width * height * frames),
    )
    return all(not name or value <= limit(name) for name, value in asked)


def _video(
    facts: Facts,
    declared: MediaKind,
    profile_of: Callable[[str], MediaProfile | None],
    limit: LimitOf,
    fit: Fit,
    *,
    keep_metadata: bool,
) -> Plan:
    profile, shown = profile_of("video"), facts.shown
    if profile is None or shown is None or declared not in {"video", profile.moving}:
        return Plan(facts, declared)
    wrong = _outside(shown, profile, limit)
    framed = fit.ratio if wrong is not None else None
    wanted = _framed(shown, wrong, framed) if wrong is not None and framed else shown
    wanted = _within(wanted, profile, limit)
    cut, too_long = _cut(facts, profile, limit, fit)
    lasts = cut or facts.duration
    most = int(limit(profile.bytes)) if profile.bytes else None
    container = facts.mime not in profile.types
    picture = framed is not None or wanted != shown or _frames_are_made(facts, profile, limit)
    left = (lasts or 1.0) / (facts.duration or 1.0)
    picture = picture or (most is not None and facts.size * left > most)
    # What MP4 cannot hold, or few can play from it, is made anew too.
    picture = picture or (container and facts.video_codec not in _IN_MP4)
    sound = _sound_is_made(facts, profile, limit, moved=container or picture)
    silence = profile.silence and facts.audio_codec is None
    unasked = "ratio" if wrong is not None and not framed else "trim" if too_long else ""
    plan = Plan(facts, declared, most=most, unasked=unasked)
    needed = picture or sound or container or cut is not None
    if not (needed or silence):
        return replace(plan, recipe=_bare(facts, keep_metadata=keep_metadata))
    recipe: dict[str, Any] = {
        "do": "video",
        "from": facts.mime,
        "picture": "make" if picture else "copy",
        "sound": "silence" if silence else "make" if sound else "copy",
    }
    made = facts
    if picture:
        wanted, fps = _even(wanted), _fps(facts, profile, limit)
        if framed and (beyond := _outside(wanted, profile, limit)) is not None:
            # Even sides may be a pixel off the shape that was asked for.
            wide = wanted[0] / wanted[1] > beyond
            wanted = (wanted[0] - 2, wanted[1]) if wide else (wanted[0], wanted[1] - 2)
        recipe |= {"size": list(wanted), "fps": fps or 0, "bits": _bits(profile, limit, lasts)}
        made = replace(_video_facts(facts, wanted), fps=float(fps) if fps else facts.fps)
    if framed:
        recipe |= {"ratio": framed, "focus": list(fit.focus or _MIDDLE)}
    if cut is not None:
        recipe["seconds"] = cut
    if recipe["sound"] != "copy":
        made = replace(made, audio_codec="aac", audio_rate=_RATE, audio_channels=2)
    size = _likely(facts, most) if picture else round(facts.size * left)
    made = replace(
        made, mime="video/mp4", size=size, duration=lasts, faststart=True, bitrate=None, metadata=None
    )
    return replace(plan, facts=made, recipe=recipe, wish=not needed, video=True)


def _cut(facts: Facts, profile: MediaProfile, limit: LimitOf, fit: Fit) -> tuple[float | None, bool]:
    """Where a film ends that is to be cut off, and whether it is too long all the same."""
    longest = limit(profile.max_seconds) if profile.max_seconds else None
    seconds, cut = facts.duration, None
    if seconds is None:
        return None, False
    if fit.trim and seconds > fit.trim:
        cut = min(fit.trim, longest or fit.trim)
    lasts = cut or seconds
    return cut, longest is not None and round(lasts, 1) > longest


def _frames_are_made(facts: Facts, profile: MediaProfile, limit: LimitOf) -> bool:
    """Whether codec, colours or rates of the pictures are others than the network takes."""
    return bool(
        (profile.codecs and facts.video_codec not in profile.codecs)
        or ((facts.depth or facts.colour) and not profile.hdr)
        or _fps(facts, profile, limit) is not None
        or (facts.peak_fps is not None and profile.steady)
        or _over(facts.bitrate, profile.bitrate, limit)
    )


def _sound_is_made(facts: Facts, profile: MediaProfile, limit: LimitOf, *, moved: bool) -> bool:
    """Whether the sound is made anew; in a film that is `moved` into an MP4 it is one that those have."""
    codec = facts.audio_codec
    return codec is not None and bool(
        (profile.sounds and codec not in profile.sounds)
        or _over(facts.audio_rate, profile.rate, limit)
        or _over(facts.audio_channels, profile.channels, limit)
        or (moved and codec not in _TAKEN_SOUNDS)
    )


def _video_facts(facts: Facts, size: tuple[int, int]) -> Facts:
    return replace(
        facts,
        kind="video",
        mime="video/mp4",
        width=size[0],
        height=size[1],
        video_codec="h264",
        peak_fps=None,
        orientation=None,
        colour=None,
        depth=None,
    )


def _over(value: float | None, name: str, limit: LimitOf) -> bool:
    return bool(name and value is not None and value > limit(name))


def _fps(facts: Facts, profile: MediaProfile, limit: LimitOf) -> int | None:
    """The frames a second that a film is given; None where it keeps its own."""
    if facts.fps is None:
        return None
    low = limit(profile.min_fps) if profile.min_fps else 0
    high = limit(profile.max_fps) if profile.max_fps else facts.fps
    if facts.peak_fps is not None and facts.peak_fps > high and profile.max_fps:
        return _FPS
    # Rates are measured: 23.976 frames a second count as 24.
    return None if low <= round(facts.fps) <= high or low <= round(facts.fps, 1) <= high else _FPS


def _bits(profile: MediaProfile, limit: LimitOf, seconds: float | None) -> int:
    """Bits a second that pictures may have: what the network takes, and what lets the film fit."""
    most = 20_000_000
    if profile.bitrate:
        most = min(most, int(limit(profile.bitrate) * _VIDEO_SHARE))
    if profile.bytes and seconds:
        most = min(most, int(limit(profile.bytes) * 8 * _VIDEO_SHARE / seconds) - 160_000)
    return max(most, 100_000)


def _outside(sides: tuple[int, int], profile: MediaProfile, limit: LimitOf) -> float | None:
    """The nearest width / height that the network takes; None for a shape that it takes."""
    value = sides[0] / sides[1]
    low = limit(profile.min_ratio) if profile.min_ratio else value
    high = limit(profile.max_ratio) if profile.max_ratio else value
    # Where one shape is asked for, it is that of whole pixels.
    slack = _RATIO_SLACK if low == high else 0.0
    if low - slack <= value <= high + slack:
        return None
    return low if value < low else high


def _framed(sides: tuple[int, int], ratio: float, how: str) -> tuple[int, int]:
    """The sides of a picture that is given another shape: cut to it, or filled up; never a pixel beyond it."""
    width, height = sides
    exact = Fraction(ratio).limit_denominator(1000)
    if width / height > ratio:
        return (int(height * exact), height) if how == "crop" else (width, ceil(width / exact))
    return (width, int(width / exact)) if how == "crop" else (ceil(height * exact), height)


def _within(sides: tuple[int, int], profile: MediaProfile, limit: LimitOf) -> tuple[int, int]:
    """The sides as large as the network takes them, in the same shape; never larger than they are."""
    width, height = sides
    factor = 1.0
    asked = (
        (profile.long_side, max(sides)),
        (profile.short_side, min(sides)),
        (profile.width, width),
        (profile.height, height),
    )
    for name, value in asked:
        if name:
            factor = min(factor, limit(name) / value)
    if profile.pixels:
        factor = min(factor, sqrt(limit(profile.pixels) / (width * height)))
    if factor >= 1:
        return sides
    return max(1, int(width * factor)), max(1, int(height * factor))


def _even(sides: tuple[int, int]) -> tuple[int, int]:
    """The sides as films have them."""
    return max(2, sides[0] // 2 * 2), max(2, sides[1] // 2 * 2)
