"""Schedule lag: milliseconds from a post's instant to its being visible on the network, one post at a time."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta

from bench.report import Figures, step
from bench.side import Side, in_turn

GAP = 0.2
BLOCK = 20


def schedule_lag(store: str, sides: list[Side], figures: Figures, *, quick: bool) -> None:
    """The sides' posts are due in turn, `GAP` seconds apart; medians are by blocks of consecutive posts."""
    count = 4 if quick else 100
    step(f"schedule lag on {store}: {count} posts")
    due: dict[str, datetime] = {}
    # All are accepted before the first is due.
    begin = datetime.now(UTC) + timedelta(seconds=3 + 0.03 * count * len(sides))
    turns = [(number, side) for number in range(count) for side in in_turn(sides, number)]
    for turn, (number, side) in enumerate(turns):
        text = f"lag {side.tree.name} {number}"
        due[text] = begin + timedelta(seconds=GAP * turn)
        body = {
            "content": text,
            "scheduledFor": due[text].isoformat(timespec="microseconds"),
            "platforms": [{"platform": "twitter", "accountId": side.world.accounts["twitter"]}],
        }
        with side.world.client() as client:
            answer = client.post("/v1/posts", json=body)
        assert answer.status_code == 202, answer.text
    time.sleep(max(0.0, (max(due.values()) - datetime.now(UTC)).total_seconds()))
    for side in sides:
        lags = _lags(side, count, due)
        name = f"lag on {store}"
        for start in range(0, count, BLOCK):
            figures.add(f"{name}: p50 ms", side.tree.name, statistics.median(lags[start : start + BLOCK]))
        figures.add(f"{name}: p99 ms", side.tree.name, sorted(lags)[int(count * 0.99) - 1])
        figures.add(f"{name}: earliest ms", side.tree.name, min(lags))


def _lags(side: Side, count: int, due: dict[str, datetime]) -> list[float]:
    """Of each post in the order of their instants; raises RuntimeError when one is missing after 30 s."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        seen = {post["text"]: datetime.fromisoformat(post["time"]) for post in side.world.visible("twitter")}
        texts = [f"lag {side.tree.name} {number}" for number in range(count)]
        if seen.keys() >= set(texts):
            return [(seen[text] - due[text]).total_seconds() * 1000 for text in texts]
        time.sleep(0.2)
    raise RuntimeError(f"Of {count} posts with an instant each, not all are on X after 30 s.")
