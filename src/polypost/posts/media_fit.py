"""Media made to fit: what becomes of a target's files before its network judges them, and the words for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from polypost.decoder.process import makes_videos
from polypost.errors import Problem
from polypost.platforms.base import AS_IT_IS, Connector, Draft, MediaKind, MediaProfile, MediaRef
from polypost.platforms.media_fit import Plan, plan_for
from polypost.probe import Facts

NO_VIDEOS = "media_fit_unavailable"
_MEGABYTE = 1_000_000
_NAMES = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/heic": "HEIC",
    "image/heif": "HEIF",
    "image/avif": "AVIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "video/mp4": "MP4",
    "video/quicktime": "MOV",
    "video/webm": "WebM",
    "video/x-matroska": "MKV",
    "video/3gpp": "3GP",
}
_NOTES = {"white": "transparency on white", "silence": "with a silent sound track"}
_INSTALL = "Install polypost[video] on the server, or use an MP4 video with H.264 and AAC."
_ADDRESS = "Set POLYPOST_PUBLIC_URL to an address of this server that the network reaches, or use a file that needs no change."


@dataclass(frozen=True, slots=True)
class Rules:
    """What this server does with media: `strict` changes nothing where a post does not say, `keep_metadata` leaves
    what files tell of their making, `lends` says that networks reach its own copies; those that stand `nearby` always do.
    """

    strict: bool = False
    keep_metadata: bool = False
    lends: bool = True
    nearby: frozenset[str] = frozenset()

    def lends_to(self, platform: str) -> bool:
        """Whether a network can fetch this server's copies."""
        return self.lends or platform in self.nearby


ORDINARY = Rules()


class Settled(NamedTuple):
    """A draft as its network is to judge it; the plans of its media in their order, those of further media by address.

    `problems` are what stands in the way, by path relative to the post.
    """

    draft: Draft
    plans: list[Plan | None]
    further: dict[str, Plan]
    problems: list[Problem]


def settle(
    network: Connector,
    draft: Draft,
    integration_id: str,
    rules: Rules,
    *,
    strict: bool | None = None,
) -> Settled:
    """What is done to the media of a draft, as far as their facts are known, and what its network says then.

    `strict` is for media that options name; None where it is that of the post's own.
    """
    if not draft.further and not [ref for ref in draft.media if ref.facts is not None or ref.type == "gif"]:
        # Nothing is known of them, and nothing follows from their kinds.
        return Settled(draft, [None] * len(draft.media), {}, network.check(draft))
    plans = [_planned(network, draft, ref, integration_id, rules) for ref in draft.media]
    if strict is None:
        strict = draft.media[0].strict if draft.media else rules.strict
    further = {} if strict else dict(_further(network, draft, rules))
    settled = _judged(network, draft, plans, further, rules)
    wishes = any(plan and plan.wish for plan in plans)
    if settled.problems and wishes:
        bare = [None if plan and plan.wish else plan for plan in plans]
        without = _judged(network, draft, bare, further, rules)
        if len(without.problems) < len(settled.problems):
            settled = without
    return settled


def _planned(
    network: Connector, draft: Draft, ref: MediaRef, integration_id: str, rules: Rules
) -> Plan | None:
    if ref.strict or ref.facts is None:
        return None
    plan = plan_for(
        ref.facts,
        ref.type,
        lambda kind: network.media_profile(kind, draft),
        lambda name: network.media_limit(name, draft.account),
        ref.fit_for(integration_id),
        keep_metadata=rules.keep_metadata,
    )
    # What is only wished for is not worth an installation, or a public address.
    if plan.wish and plan.video and not makes_videos():
        return None
    return plan


def _further(network: Connector, draft: Draft, rules: Rules) -> Iterator[tuple[str, Plan]]:
    """The plans of media that options and thumbnails name; those of a thread stay of the kind that they are."""
    items = [media for item in getattr(draft.options, "thread", ()) for media in item.media]
    kinds = {media.url: media.type for media in items}
    for url, facts in draft.further.items():
        if any(ref.url == url for ref in draft.media):
            continue
        declared = kinds.get(url, "image")

        def profile_of(kind: str, url: str = url) -> MediaProfile | None:
            if kind == "image" and url not in kinds:
                cover = network.media_profile("cover", draft)
                return cover or network.media_profile(kind, draft)
            return network.media_profile(kind, draft)

        plan = plan_for(
            facts,
            declared,
            profile_of,
            lambda name: network.media_limit(name, draft.account),
            AS_IT_IS,
            keep_metadata=rules.keep_metadata,
        )
        if plan.kind == declared and not (plan.video and (plan.wish or not makes_videos())):
            yield url, plan


def _judged(
    network: Connector,
    draft: Draft,
    plans: Sequence[Plan | None],
    further: Mapping[str, Plan],
    rules: Rules,
) -> Settled:
    known = {url: further[url].facts if url in further else facts for url, facts in draft.further.items()}
    media = [
        _expected(network, draft, ref) if plan is None else replace(ref, type=plan.kind, facts=plan.facts)
        for ref, plan in zip(draft.media, plans, strict=True)
    ]
    fitted = replace(draft, media=tuple(media), further=known)
    problems = [_with_hint(problem, plans) for problem in network.check(fitted)]
    for place, (ref, plan) in enumerate(zip(draft.media, plans, strict=True)):
        if wrong := _hindered(f"mediaItems[{place}]", network, draft, ref, plan, rules):
            own = (wrong.path, f"{wrong.path}.type")
            problems = [*(each for each in problems if each.path not in own), wrong]
    return Settled(fitted, list(plans), dict(further), problems)


def _expected(network: Connector, draft: Draft, ref: MediaRef) -> MediaRef:
    """An item whose facts are not known, as what it will go out as: a GIF where none is taken becomes a video."""
    if ref.strict or ref.facts or ref.type != "gif":
        return ref
    video = network.media_profile("video", draft)
    others = (network.media_profile(kind, draft) for kind in ("gif", "image"))
    taken = any(other is not None and "image/gif" in other.types for other in others)
    return ref if taken or video is None else replace(ref, type=video.moving)


def _hindered(
    path: str, network: Connector, draft: Draft, ref: MediaRef, plan: Plan | None, rules: Rules
) -> Problem | None:
    """What this server cannot do although it would have to."""
    name = network.spec.name
    if plan is None:
        became = _expected(network, draft, ref)
        video, profile, needed = True, network.media_profile("video", draft), became.type != ref.type
    else:
        if plan.refused:
            return Problem(path, plan.refused, "Use a shorter one, or a video.", "media_frames")
        changed = plan.recipe is not None and plan.recipe["do"] != "strip" and not plan.wish
        video, profile, needed = plan.video, network.media_profile(plan.facts.kind, draft), changed
    if not needed:
        return None
    if video and not makes_videos():
        says = f"This has to be made into an MP4 video for {name}, and the server has no library for that."
        return Problem(path, says, _INSTALL, NO_VIDEOS)
    if profile is not None and profile.pulled and not rules.lends_to(network.spec.id):
        says = f"This has to be changed for {name}, which fetches files itself and cannot reach this server."
        return Problem(path, says, _ADDRESS, "media_not_public")
    return None


def _with_hint(problem: Problem, plans: Sequence[Plan | None]) -> Problem:
    """The problem, with what may be asked for where shape or length are in the way."""
    for place, plan in enumerate(plans):
        if plan is None or not plan.unasked or problem.path != f"mediaItems[{place}]":
            continue
        if plan.unasked == "ratio" and problem.code == "media_dimensions":
            said = 'or let the server do it with "fit": {"ratio": "pad"} or {"ratio": "crop"}.'
        elif plan.unasked == "trim" and problem.code == "media_duration":
            said = 'or let the server do it with "fit": {"trim": seconds}.'
        else:
            continue
        return replace(problem, hint=f"{problem.hint.rstrip('.')}, {said}")
    return problem


def told(source: Facts, made: Facts, network: str, notes: Sequence[str] = (), *, sized: bool = True) -> str:
    """What was done to a file: `PNG 2.1 MB → JPEG 0.4 MB for Instagram`; without sizes where they are yet to come."""
    parts = [_NOTES[note] for note in notes]
    if source.shown and made.shown and source.shown != made.shown:
        parts.insert(0, f"{made.shown[0]}×{made.shown[1]} instead of {source.shown[0]}×{source.shown[1]}")
    if source.duration and made.duration and round(source.duration, 1) > round(made.duration, 1):
        parts.append(f"cut to {made.duration:.1f} s")
    further = f" ({', '.join(parts)})" if parts else ""
    became = _named(made) + (f" {_size(made)}" if sized else "")
    return f"{_named(source)} {_size(source)} → {became} for {network}{further}"


def bared(files: int) -> str:
    """What is done to files of which nothing else is changed than that they do not tell of their making any more."""
    return f"Location, camera and time removed from {'1 file' if files == 1 else f'{files} files'}"


def stays(network: Connector, kind: MediaKind, rules: Rules) -> bool:
    """Whether a file of which only that would be removed goes out from its own address, so that all of it is in there."""
    profile = network.spec.media.get(kind)
    return profile is not None and profile.pulled and not rules.lends_to(network.spec.id)


def changes_of(network: Connector, draft: Draft, settled: Settled, rules: Rules) -> list[str]:
    """What will be done to the media of a draft, in words."""
    planned = [(ref.facts, plan) for ref, plan in zip(draft.media, settled.plans, strict=True)]
    planned += [(draft.further[url], plan) for url, plan in settled.further.items()]
    said = []
    files = 0
    for facts, plan in planned:
        if facts is None or plan is None or plan.recipe is None:
            continue
        if plan.recipe["do"] == "strip":
            files += not stays(network, plan.kind, rules)
        elif "only" in plan.recipe:
            files += bool(facts.metadata and not rules.keep_metadata)
        else:
            notes = ["silence"] if plan.recipe.get("sound") == "silence" else []
            said.append(told(facts, plan.facts, network.spec.name, notes, sized=False))
    return [*said, bared(files)] if files else said


def _named(facts: Facts) -> str:
    name = _NAMES.get(facts.mime, facts.mime)
    codec = {"h264": "H.264", "hevc": "HEVC"}.get(facts.video_codec or "", (facts.video_codec or "").upper())
    return f"{name} ({codec})" if facts.kind == "video" and codec else name


def _size(facts: Facts) -> str:
    return (
        f"{facts.size / _MEGABYTE:.1f} MB" if facts.size >= _MEGABYTE / 10 else f"{-(-facts.size // 1000)} kB"
    )
