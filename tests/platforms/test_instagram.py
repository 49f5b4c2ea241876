"""What an Instagram draft may be, and what its options take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.instagram import CONNECTOR
from polypost.probe import Facts

MB = 1024 * 1024
JPEG = Facts("image", "image/jpeg", 2 * MB, 1080, 1350)
MP4 = Facts(
    "video",
    "video/mp4",
    20 * MB,
    1080,
    1920,
    duration=30.0,
    fps=29.97,
    video_codec="h264",
    audio_codec="aac",
    audio_rate=48_000,
    faststart=True,
    bitrate=5_600_000,
)


def ref(facts: Facts | None = None, kind: str | None = None) -> MediaRef:
    kind = kind or (facts.kind if facts else "image")
    return MediaRef(kind, f"https://media.example/{kind}", facts=facts)


def problems(media, text="Hello", **options):
    parsed = CONNECTOR.options.model_validate(options)
    return CONNECTOR.check(Draft(text, tuple(media), parsed, Account("17841400000000000")))


def paths(media, text="Hello", **options):
    return [problem.path for problem in problems(media, text, **options)]


@pytest.mark.parametrize(
    ("media", "options"),
    [
        ([ref(JPEG)], {}),
        ([ref(MP4)], {}),
        ([ref(MP4)], {"coverUrl": "https://media.example/c.jpg", "thumbOffset": 99_999_999}),
        ([ref(MP4)], {"thumbOffset": 29_000, "shareToFeed": False, "collaborators": ["a.b", "c_d"]}),
        ([ref(JPEG), ref(MP4), ref(JPEG)], {"collaborators": ["someone"]}),
        ([ref(JPEG)] * 10, {}),
        ([ref(JPEG)], {"contentType": "story"}),
        ([ref(MP4)], {"contentType": "story"}),
        ([ref(replace(JPEG, width=1080, height=1920))], {"contentType": "story"}),
        ([ref(replace(JPEG, width=4000, height=4000))], {}),
        ([ref(replace(MP4, mime="video/quicktime", video_codec="hevc", duration=900.0))], {}),
        ([ref(replace(MP4, fps=23.976, audio_codec=None, audio_rate=None))], {}),
        ([ref(replace(MP4, duration=60.03))], {"contentType": "story"}),
    ],
)
def test_what_instagram_takes(media, options):
    assert problems(media, **options) == []


@pytest.mark.parametrize("kind", ["image", "video"])
def test_unknown_facts_raise_no_problem(kind):
    bare = Facts(kind, "image/jpeg" if kind == "image" else "video/mp4", 1000)
    assert problems([ref(kind=kind)]) == []
    assert problems([ref(bare)]) == []


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (replace(JPEG, mime="image/png"), "Convert it to JPEG"),
        (replace(JPEG, mime="image/webp"), "Convert it to JPEG"),
        (replace(JPEG, size=8 * MB + 1), "lower quality"),
        (replace(JPEG, width=1080, height=1351), "Crop"),
        (replace(JPEG, width=1920, height=1000), "Crop"),
        (replace(MP4, mime="video/webm"), "MP4"),
        (replace(MP4, video_codec="av1"), "H.264"),
        (replace(MP4, audio_codec="opus"), "AAC"),
        (replace(MP4, audio_rate=96_000), "48 kHz"),
        (replace(MP4, fps=15.0), "frames"),
        (replace(MP4, fps=120.0), "frames"),
        (replace(MP4, width=2160, height=3840), "Scale"),
        (replace(MP4, width=10, height=1200), "Crop"),
        (replace(MP4, size=300 * MB + 1), "bit rate"),
        (replace(MP4, duration=2.0), "longer"),
        (replace(MP4, duration=901.0), "Cut"),
    ],
)
def test_each_limit_of_a_file_has_its_hint(facts, says):
    found = problems([ref(facts)])
    assert [problem.path for problem in found] == ["mediaItems[0]"]
    assert says in found[0].hint


def test_a_story_has_limits_of_its_own():
    assert paths([ref(replace(MP4, duration=61.0))], contentType="story") == ["mediaItems[0]"]
    assert paths([ref(replace(MP4, size=100 * MB + 1))], contentType="story") == ["mediaItems[0]"]
    assert paths([ref(replace(MP4, width=100, height=1200))], contentType="story") == ["mediaItems[0]"]
    assert paths([ref(JPEG), ref(JPEG)], contentType="story") == ["mediaItems"]
    assert paths([ref(JPEG)], contentType="story", collaborators=["a"]) == [
        "platformSpecificData.collaborators"
    ]
    # A story shows no caption, so none can be too long.
    assert paths([ref(JPEG)], "#a " * 2000, contentType="story") == []


def test_a_carousel_has_limits_of_its_own():
    assert paths([ref(JPEG)] * 11) == ["mediaItems"]
    assert paths([ref(JPEG), ref(replace(MP4, duration=61.0))]) == ["mediaItems[1]"]
    assert paths([ref(JPEG), ref(replace(JPEG, width=9, height=16))]) == ["mediaItems[1]"]


def test_media_is_required():
    assert paths([]) == ["mediaItems"]
    assert paths([], contentType="story") == ["mediaItems"]


@pytest.mark.parametrize("kind", ["gif", "document"])
def test_gifs_and_documents_are_refused_before_they_are_fetched(kind):
    (problem,) = problems([ref(kind=kind)])
    assert problem.path == "mediaItems[0]"
    assert "JPEG" in problem.hint


def test_a_gif_declared_as_a_picture_is_a_gif():
    (problem,) = problems([ref(Facts("gif", "image/gif", 1000, 500, 500), "image")])
    assert "GIF" in problem.message
    assert "JPEG" in problem.hint


def test_a_declared_type_that_the_file_is_not():
    (problem,) = problems([ref(MP4, "image")])
    assert problem.path == "mediaItems[0].type"
    assert '"video"' in problem.hint


@pytest.mark.parametrize("name", ["coverUrl", "thumbOffset"])
@pytest.mark.parametrize(
    ("media", "more"),
    [([ref(JPEG)], {}), ([ref(MP4), ref(JPEG)], {}), ([ref(MP4)], {"contentType": "story"})],
)
def test_covers_belong_to_reels(name, media, more):
    value = "https://media.example/c.jpg" if name == "coverUrl" else 0
    assert paths(media, **{name: value}, **more) == [f"platformSpecificData.{name}"]


def test_the_cover_frame_lies_inside_the_video():
    assert paths([ref(MP4)], thumbOffset=30_001) == ["platformSpecificData.thumbOffset"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 2200, True),
        ("x" * 2201, False),
        ("👍" * 2200, True),
        (" ".join(f"#tag{n}" for n in range(30)), True),
        ("#a#b" * 15, True),
        ("#a#b" * 16, False),
        (" ".join(f"#tag{n}" for n in range(31)), False),
        (" ".join(f"@user.{n}" for n in range(20)), True),
        (" ".join(f"@user.{n}" for n in range(21)), False),
        (" ".join(f"mail{n}@host.example" for n in range(40)), True),
        (" ".join(f"https://host.example/{n}#part" for n in range(40)), True),
    ],
)
def test_the_caption(text, fits):
    expected = [] if fits else ["content"]
    assert paths([ref(JPEG)], text) == expected


def test_all_problems_are_told_at_once():
    found = paths(
        [ref(replace(JPEG, mime="image/png", size=9 * MB)), ref(kind="gif")], "x" * 2201, thumbOffset=1
    )
    assert found == [
        "content",
        "platformSpecificData.thumbOffset",
        "mediaItems[0]",
        "mediaItems[0]",
        "mediaItems[1]",
    ]


@settings(deadline=None)
@given(
    st.text(),
    st.lists(
        st.sampled_from([ref(JPEG), ref(MP4), ref(), ref(kind="gif"), ref(kind="document")]), max_size=12
    ),
    st.sampled_from([{}, {"contentType": "story"}, {"thumbOffset": 5}, {"collaborators": ["a"]}]),
)
def test_check_judges_every_draft_the_same_way_twice(text, media, options):
    first = problems(media, text, **options)
    assert first == problems(media, text, **options)
    assert all(problem.path and problem.message and problem.hint for problem in first)


@pytest.mark.parametrize(
    "given_options",
    [
        {},
        {
            "contentType": None,
            "shareToFeed": None,
            "coverUrl": None,
            "thumbOffset": None,
            "collaborators": None,
        },
        {"thumbOffset": 500.0},
        {"collaborators": ["a", "b", "c"]},
        {"collaborators": ["A.b_9" * 6]},
        {"contentType": "story"},
    ],
)
def test_options_that_fit(given_options):
    parsed = CONNECTOR.options.model_validate(given_options)
    if given_options.get("thumbOffset"):
        assert parsed.thumb_offset == 500


@pytest.mark.parametrize(
    ("given_options", "path"),
    [
        ({"contentType": "reel"}, ("contentType",)),
        ({"contentType": ""}, ("contentType",)),
        ({"shareToFeed": "yes"}, ("shareToFeed",)),
        ({"shareToFeed": 1}, ("shareToFeed",)),
        ({"coverUrl": "cover.jpg"}, ("coverUrl",)),
        ({"coverUrl": "ftp://media.example/c.jpg"}, ("coverUrl",)),
        ({"coverUrl": "http://[::1"}, ("coverUrl",)),
        ({"thumbOffset": -1}, ("thumbOffset",)),
        ({"thumbOffset": 0.5}, ("thumbOffset",)),
        ({"thumbOffset": True}, ("thumbOffset",)),
        ({"thumbOffset": "5"}, ("thumbOffset",)),
        ({"collaborators": []}, ("collaborators",)),
        ({"collaborators": ["a", "b", "c", "d"]}, ("collaborators",)),
        ({"collaborators": ["same", "Same"]}, ("collaborators",)),
        ({"collaborators": ["@a"]}, ("collaborators", 0)),
        ({"collaborators": ["a", ""]}, ("collaborators", 1)),
        ({"collaborators": ["a" * 31]}, ("collaborators", 0)),
        ({"collaborators": ["ü"]}, ("collaborators", 0)),
        ({"share_to_feed": True}, ("share_to_feed",)),
        ({"altText": "x"}, ("altText",)),
    ],
)
def test_options_that_do_not_fit(given_options, path):
    with pytest.raises(ValidationError) as refused:
        CONNECTOR.options.model_validate(given_options)
    assert [error["loc"] for error in refused.value.errors()] == [path]


def test_the_cover_is_fetched_with_the_media():
    named = CONNECTOR.options.model_validate({"coverUrl": "https://media.example/c.jpg"})
    assert list(CONNECTOR.media_refs(named)) == [MediaRef("image", "https://media.example/c.jpg")]
    assert list(CONNECTOR.media_refs(CONNECTOR.options())) == []


def test_the_spec_says_where_each_number_comes_from():
    for name, limit in CONNECTOR.spec.limits.items():
        assert limit.source, name
        assert limit.read, name
    assert CONNECTOR.spec.reconcile_kind == "H"
    assert CONNECTOR.spec.retry_when_absent == "always"
