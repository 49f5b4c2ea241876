"""Pinterest."""

ALONE = {
    "pushed_bytes": "Pinterest states no bound for a call; ours keeps a call short enough for its deadline"
}
