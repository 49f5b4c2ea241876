"""What stands where: who may import whom in a network's folder, and two independent readings of its limits."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from polypost.platforms.registry import BUILT_IN, connector
from polypost.sandbox.networks import simulators
from tests.docs import sources

PLATFORMS = "polypost.platforms"
# What every part of a network's folder may use besides its own modules.
TOOLS = {"polypost.outbound", "polypost.probe", "polypost.errors", "polypost.clock"}
RATES = {
    "posts_per_window": ("create", "user"),
    "posts_per_app_day": ("create", "app"),
    "posts_per_three_hours": ("create", "long"),
}

# The connector's name of a limit → the simulator's, where they differ; None where only the connector has it.
TWITTER = {
    "text": "text_weighted",
    "long_text": "text_weighted_premium",
    "url": "url_weight",
    "images": "media_per_post",
    "video_min_seconds": "video_seconds_min",
    "video_max_seconds": "video_seconds_max",
    "video_min_side": "video_side_min",
    "video_subscriber_long_side": "video_long_side_premium",
    "video_subscriber_short_side": "video_short_side_premium",
    "video_max_ratio": "video_ratio",
    "poll_min_options": "poll_options_min",
    "poll_max_options": "poll_options_max",
    "poll_min_minutes": "poll_minutes_min",
    "poll_max_minutes": "poll_minutes_max",
}
INSTAGRAM = {
    "caption_hashtags": "hashtags",
    "caption_mentions": "mentions",
    "carousel_min_items": "carousel_min",
    "carousel_max_items": "carousel_max",
    "image_min_ratio": "image_ratio_min",
    "image_max_ratio": "image_ratio_max",
    "video_min_seconds": "reel_seconds_min",
    "reel_max_seconds": "reel_seconds_max",
    "video_min_fps": "video_fps_min",
    "video_max_fps": "video_fps_max",
    "video_max_width": "video_width",
    "audio_max_rate": "audio_hertz",
    "reel_min_ratio": "video_ratio_min",
    "reel_max_ratio": "video_ratio_max",
    "story_max_seconds": "story_seconds_max",
    "story_min_ratio": "story_ratio_min",
    "carousel_video_max_seconds": "child_seconds_max",
    "container_life_hours": "container_hours",
}
NAMES: Mapping[str, Mapping[str, str]] = {"twitter": TWITTER, "instagram": INSTAGRAM}
# Where the two readings differ on purpose, each with the reason.
DIFFERENT = {
    ("twitter", "segment_bytes"): "the present limit is not documented; we send less than the old one",
}
# Limits that the simulator cannot name, because they hold on our side or in another unit.
ALONE = {
    ("twitter", "video_min_ratio"): "the inverse of video_max_ratio",
    ("twitter", "audio_channels"): "the simulator does not listen",
    ("twitter", "media_life_hours"): "in seconds there",
    ("instagram", "story_max_ratio"): "one bound for both there",
}


def limits_of_simulator(platform: str) -> dict[str, float]:
    """The simulator's own numbers, by name."""
    listed = import_module(f"{PLATFORMS}.{platform}.simulator.limits").LIMITS
    return {name: number.value for name, number in listed.items()}


def pairs(platform: str) -> Iterator[tuple[str, float, float]]:
    """(name, connector's number, simulator's number) for each limit that both have."""
    network = connector(platform)
    assert network is not None
    theirs = limits_of_simulator(platform)
    for name, limit in network.spec.limits.items():
        other = NAMES.get(platform, {}).get(name, name)
        if other in theirs:
            yield name, limit.value, theirs[other]


@pytest.mark.parametrize("platform", BUILT_IN)
def test_connector_and_simulator_read_the_same_limits(platform: str) -> None:
    differ = [
        name
        for name, ours, theirs in pairs(platform)
        if abs(ours - theirs) > 1e-9 and (platform, name) not in DIFFERENT
    ]
    assert differ == []


@pytest.mark.parametrize("platform", BUILT_IN)
def test_no_limit_is_left_out(platform: str) -> None:
    network = connector(platform)
    assert network is not None
    compared = {name for name, _, _ in pairs(platform)}
    alone = {name for name in network.spec.limits if name not in compared}
    excused = {name for where, name in ALONE if where == platform}
    if platform == "twitter":
        excused |= set(RATES)
    assert alone == excused


@pytest.mark.parametrize(("platform", "name"), DIFFERENT)
def test_differences_are_still_there(platform: str, name: str) -> None:
    found = {known: (ours, theirs) for known, ours, theirs in pairs(platform)}
    assert found[name][0] != found[name][1]


@pytest.mark.parametrize(("name", "place"), RATES.items())
def test_x_rates(name: str, place: tuple[str, str]) -> None:
    network = connector("twitter")
    assert network is not None
    rates = import_module(f"{PLATFORMS}.twitter.simulator.limits").RATES
    assert network.spec.limits[name].value == getattr(rates[place[0]], place[1]).calls


def imports(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(sources.trees()[path]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module as well.
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith("polypost")}


def allowed(name: str, roots: set[str]) -> bool:
    """Whether a name stands in one of the roots, or is one of their parents in `from parent import root`."""
    return any(name == root or name.startswith(f"{root}.") or root.startswith(f"{name}.") for root in roots)


def modules(platform: str, *, simulator: bool) -> list[Path]:
    folder = sources.PACKAGE / "platforms" / platform
    return [
        path for path in sources.trees() if folder in path.parents and sources.is_simulator(path) is simulator
    ]


@pytest.mark.parametrize("platform", BUILT_IN)
def test_a_connector_knows_its_network_and_nothing_else(platform: str) -> None:
    home = f"{PLATFORMS}.{platform}"
    for path in modules(platform, simulator=False):
        for name in imports(path):
            assert allowed(name, {home, f"{PLATFORMS}.base", *TOOLS}), f"{path.name}: {name}"
            assert not name.startswith(f"{home}.simulator"), f"{path.name}: {name}"


@pytest.mark.parametrize("platform", BUILT_IN)
def test_a_simulator_is_written_without_the_connector(platform: str) -> None:
    home = f"{PLATFORMS}.{platform}.simulator"
    for path in modules(platform, simulator=True):
        for name in imports(path):
            assert allowed(name, {home, f"{PLATFORMS}.simkit", *TOOLS}), f"{path.name}: {name}"


def test_every_network_has_a_simulator_and_the_import_rules() -> None:
    assert {each.platform for each in simulators()} == set(BUILT_IN)
    rules = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    homes = {f"{PLATFORMS}.{platform}" for platform in BUILT_IN}
    by_name = {rule["name"]: rule for rule in rules}
    assert set(by_name["Networks do not know each other"]["modules"]) == homes
    assert homes <= set(by_name["Connectors know their network and nothing else"]["source_modules"])
    assert set(by_name["The core reaches networks by the registry alone"]["protected_modules"]) == homes
    assert set(by_name["Only the sandbox runs simulators"]["protected_modules"]) == {
        f"{home}.simulator" for home in homes
    }


def test_the_conformance_of_folders() -> None:
    """Each network's folder has the same rooms."""
    for platform in BUILT_IN:
        folder = sources.PACKAGE / "platforms" / platform
        for name in ("__init__.py", "spec.py", "options.py", "connector.py", "icon.svg"):
            assert (folder / name).is_file(), f"{platform}/{name}"
        assert (folder / "simulator").is_dir() or (folder / "simulator.py").is_file()
