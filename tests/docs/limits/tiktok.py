"""TikTok."""

_MB = "the pages say MB or GB without saying which: we send by the smaller reading, the simulator takes the larger"
DIFFERENT = {
    "photo_bytes": _MB,
    "video_bytes": _MB,
    "chunk_max_bytes": _MB,
    "last_chunk_max_bytes": _MB,
}
ALONE = {
    "video_min_seconds": "undocumented, and refused by nobody: only how long we let an animation run",
}
