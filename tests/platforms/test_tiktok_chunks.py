"""The arithmetic of chunks: every vector of the network's description, and the plans that the connector makes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from tests.platforms.scripted_tiktok import CHUNK

from polypost.platforms.tiktok.chunks import SMALLEST, Plan, plan
from polypost.platforms.tiktok.spec import SPEC

DESCRIPTION = json.loads(
    (Path(__file__).parent.parent / "specs" / "tiktok-content-posting.json").read_text(encoding="utf-8")
)
VECTORS = DESCRIPTION["chunk_vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["video_size"]))
def test_vector(vector):
    made = Plan(vector["video_size"], vector["chunk_size"])
    last = made.count - 1
    assert made.count == vector["total_chunk_count"]
    assert list(made.piece(0)) == vector["first"]
    assert list(made.piece(last)) == vector["last"]
    assert made.content_range(0) == vector["content_range_first"]
    assert made.content_range(last) == vector["content_range_last"]


@pytest.mark.parametrize(
    "size",
    [
        *(vector["video_size"] for vector in VECTORS),
        *(1, SMALLEST - 1, SMALLEST, SMALLEST + 1, 2 * SMALLEST - 1, 2 * SMALLEST, 2 * SMALLEST + 1),
        *(7_777_777 * factor for factor in (1, 3, 17, 101, 499)),
        4_000_000_000,
    ],
)
def test_every_plan_keeps_the_rules(size):
    made = plan(size)
    pieces = [made.piece(number) for number in range(made.count)]
    assert 1 <= made.count <= SPEC.limit("chunks_max")
    assert made.count == size // made.chunk
    assert pieces[0][0] == 0
    assert pieces[-1][1] == size - 1
    assert all(after[0] == before[1] + 1 for before, after in pairwise(pieces))
    # By either reading of the word, a chunk has five MB unless it is the whole file, and at most 64.
    assert made.chunk == size or 5 * 1024 * 1024 <= made.chunk <= SPEC.limit("chunk_max_bytes")
    assert pieces[-1][1] - pieces[-1][0] + 1 <= SPEC.limit("last_chunk_max_bytes")


def test_the_last_chunk_is_small_enough_for_a_call_that_has_seconds():
    for size in range(1, 200_000_000, 1_234_567):
        made = plan(size)
        first, last = made.piece(made.count - 1)
        assert last - first + 1 < 2 * SMALLEST
        if made.count > 1:
            assert last - first + 1 < made.chunk + made.count


def test_the_scripts_file_takes_three_chunks():
    assert plan(3 * CHUNK + 100).count == 3


def test_the_rules_are_those_of_the_description():
    rules = DESCRIPTION["chunk_rules"]
    assert SPEC.limit("chunk_min_bytes") == rules["min_chunk"]
    assert SPEC.limit("chunk_max_bytes") == rules["max_chunk"]
    assert SPEC.limit("last_chunk_max_bytes") == rules["max_last_chunk"]
    assert SPEC.limit("chunks_max") == rules["max_chunks"]
    assert SPEC.limit("video_bytes") == rules["max_video"]
