"""The sandbox with one of its Threads profiles, for whole stories."""

from __future__ import annotations

from typing import Any

from tests.platforms import sandboxed
from tests.platforms.run import MemoryFile

from polypost.platforms.base import Post
from polypost.platforms.threads import CONNECTOR


class Room(sandboxed.PullingRoom):
    platform = "threads"


def post(*items: MemoryFile, text: str = "Hello #world", chain: Any = (), **options: Any) -> Post:
    """A post; `chain` holds (text, files) of the posts that follow."""
    further: dict[str, MemoryFile] = {}
    if chain:
        options["threadItems"] = [
            {"content": words, "mediaItems": [{"type": file.ref.type, "url": file.url} for file in files]}
            for words, files in chain
        ]
        further = {file.url: file for _, files in chain for file in files}
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), further)
