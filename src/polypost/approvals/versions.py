"""What exactly is approved: a draft with its texts, media, accounts, options and hour has a version that changes with each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from polypost import clock
from polypost.posts.orders import asked_fit
from polypost.posts.tables import PostRow, TargetRow


def version_of(post: PostRow, targets: Sequence[TargetRow], *, queue: bool) -> str:
    """The version of a draft, in hex; `queue` says that its hour is the next free slot.

    It is a SHA-256: of two drafts with one shorter number, the harmless one could be shown and the other one sent.
    """
    hour = None if post.scheduled_for is None else clock.iso(post.scheduled_for)
    said = {
        "content": post.content,
        "media": post.media,
        "fit": asked_fit(post.raw),
        "late": [post.late, post.late_after],
        "hour": [queue, hour, post.local_time, post.timezone],
        "targets": [
            [each.platform, each.integration_id, each.content, each.options, each.own_media]
            for each in targets
        ],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
