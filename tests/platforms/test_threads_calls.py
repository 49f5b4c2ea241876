"""What the Threads connector sends, and what it makes of answers that the simulator gives rarely or never."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.scripted import with_network
from tests.platforms.scripted_threads import (
    CONTAINERS,
    PUBLISH,
    QUOTA,
    STATUS,
    MemoryRun,
    PublicFile,
    Script,
    media,
    post,
    quota,
    refused,
    run_on,
)

from polypost.errors import (
    NoAnswer,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Proof
from polypost.platforms.threads import CONNECTOR
from polypost.platforms.threads.containers import BUILDS, REFUSALS
from polypost.platforms.threads.graph_errors import NotReady

pytestmark = pytest.mark.anyio

NOT_FOUND = (400, refused(24, 4279009))


def told(*items: Any, arrange: Any = None, **options: Any) -> tuple[Script, MemoryRun, Any]:
    """Publish on a script; the network, the run, and the proof or what was raised."""
    wanted = items[0] if items and not isinstance(items[0], PublicFile) else post(*items, **options)

    async def story(net: Script) -> Any:
        if arrange is not None:
            arrange(net)
        run = run_on(net)
        try:
            return net, run, await CONNECTOR.publish(run, wanted)
        except PlatformError as error:
            return net, run, error

    return with_network(Script, story)


def test_a_text_is_contained_looked_at_and_published():
    net, run, proof = told()
    assert proof == Proof("m1", "https://www.threads.net/@demo/post/abc")
    (made,) = net.calls[CONTAINERS]
    assert made.fields == {"media_type": "TEXT", "text": "Hello #world"}
    assert made.headers["authorization"] == "Bearer token-1"
    assert [call.fields for call in net.calls[STATUS]] == [{"fields": "status,error_message"}]
    assert [call.fields for call in net.calls[PUBLISH]] == [{"creation_id": "c1"}]
    assert run.attempts[0].handles == {
        "container": "c1",
        "text": "Hello #world",
        "media_type": "TEXT_POST",
        "reply_to": None,
        "quote": False,
    }
    assert run.warnings == []


def test_every_option_has_its_parameter():
    net, _, _ = told(
        replyControl="mentioned_only",
        topicTag="Tea",
        linkAttachment="https://tea.example/",
        quotePostId="18000000000000009",
        replyToId="18000000000000008",
        textEntities=[{"offset": 0, "length": 5}],
        locationId="22",
        allowlistedCountryCodes=["de", "FR"],
        gifAttachment={"gifId": "16185153483944881729", "provider": "TENOR"},
    )
    fields = dict(net.calls[CONTAINERS][0].fields)
    assert json.loads(fields.pop("text_entities")) == [{"entity_type": "SPOILER", "offset": 0, "length": 5}]
    assert json.loads(fields.pop("gif_attachment")) == {"gif_id": "16185153483944881729", "provider": "TENOR"}
    assert fields == {
        "media_type": "TEXT",
        "text": "Hello #world",
        "reply_control": "mentioned_only",
        "topic_tag": "Tea",
        "link_attachment": "https://tea.example/",
        "quote_post_id": "18000000000000009",
        "reply_to_id": "18000000000000008",
        "location_id": "22",
        "allowlisted_country_codes": "DE,FR",
    }


def test_polls_and_long_texts_are_json():
    net, _, _ = told(poll={"options": ["Tea ", "Coffee", "Both"]}, ghostPost=True)
    fields = net.calls[CONTAINERS][0].fields
    assert json.loads(fields["poll_attachment"]) == {
        "option_a": "Tea",
        "option_b": "Coffee",
        "option_c": "Both",
    }
    assert fields["is_ghost_post"] == "true"
    styled = [{"offset": 0, "length": 4, "stylingInfo": ["bold", "italic"]}]
    net, _, _ = told(
        textAttachment={
            "plaintext": "Long words",
            "linkAttachmentUrl": "https://a.example/",
            "textWithStylingInfo": styled,
        }
    )
    assert json.loads(net.calls[CONTAINERS][0].fields["text_attachment"]) == {
        "plaintext": "Long words",
        "link_attachment_url": "https://a.example/",
        "text_with_styling_info": [{"offset": 0, "length": 4, "styling_info": ["bold", "italic"]}],
    }


def test_media_are_pulled_from_our_address_and_described():
    net, _, _ = told(media("image", "a.jpg"), text=" ", altText=["A cat"], spoilerMedia=True)
    assert net.calls[CONTAINERS][0].fields == {
        "media_type": "IMAGE",
        "image_url": "https://pull.example/a.jpg",
        "alt_text": "A cat",
        "is_spoiler_media": "true",
    }
    net, run, _ = told(media("video", "a.mp4"), altText=[None])
    assert net.calls[CONTAINERS][0].fields == {
        "media_type": "VIDEO",
        "video_url": "https://pull.example/a.mp4",
        "text": "Hello #world",
    }
    assert run.attempts[0].handles["media_type"] == "VIDEO"


def test_a_carousel_waits_for_its_items_and_then_for_itself():
    def arrange(net: Script) -> None:
        net.on(CONTAINERS, (200, {"id": "c1"}), (200, {"id": "c2"}), (200, {"id": "c3"}))
        net.on("GET /v1.0/c2", (200, {"status": "IN_PROGRESS"}), (200, {"status": "FINISHED"}))
        net.on("GET /v1.0/c3", (200, {"status": "FINISHED"}))

    net, run, proof = told(
        media("image", "a.jpg"),
        media("video", "b.mp4"),
        altText=["one", "two"],
        arrange=arrange,
        topicTag="Tea",
    )
    assert proof.id == "m1"
    first, second, parent = (call.fields for call in net.calls[CONTAINERS])
    assert first == {
        "media_type": "IMAGE",
        "image_url": "https://pull.example/a.jpg",
        "is_carousel_item": "true",
        "alt_text": "one",
    }
    assert (second["media_type"], second["alt_text"]) == ("VIDEO", "two")
    assert parent == {
        "media_type": "CAROUSEL",
        "children": "c1,c2",
        "text": "Hello #world",
        "topic_tag": "Tea",
    }
    assert net.calls[PUBLISH][0].fields == {"creation_id": "c3"}
    assert run.attempts[0].handles["media_type"] == "CAROUSEL_ALBUM"


def test_a_chain_replies_to_what_came_before():
    extra = {"https://media.example/x.jpg": media("image", "x.jpg")}
    chain = [
        {
            "content": "two",
            "mediaItems": [{"type": "image", "url": "https://media.example/x.jpg"}],
            "altText": ["x"],
        },
        {"content": "three"},
    ]

    def arrange(net: Script) -> None:
        net.on(CONTAINERS, *((200, {"id": f"c{n}"}) for n in (1, 2, 3)))
        net.on(PUBLISH, *((200, {"id": f"m{n}"}) for n in (1, 2, 3)))
        for number in (2, 3):
            net.on(f"GET /v1.0/c{number}", (200, {"status": "FINISHED"}))

    wanted = post(
        extra=extra, threadItems=chain, allowlistedCountryCodes=["DE"], replyControl="followers_only"
    )
    net, run, proof = told(wanted, arrange=arrange)
    assert proof.id == "m1"
    root, second, third = (call.fields for call in net.calls[CONTAINERS])
    assert root["reply_control"] == "followers_only"
    assert second == {
        "media_type": "IMAGE",
        "image_url": "https://pull.example/x.jpg",
        "alt_text": "x",
        "text": "two",
        "reply_to_id": "m1",
        "allowlisted_country_codes": "DE",
    }
    assert (third["text"], third["reply_to_id"]) == ("three", "m2")
    assert [attempt.part for attempt in run.attempts] == ["post", "thread-1", "thread-2"]
    assert [attempt.handles["reply_to"] for attempt in run.attempts] == [None, "m1", "m2"]


def test_ids_may_be_bare_numbers_beyond_what_floats_hold():
    number = 2**53 + 1

    def arrange(net: Script) -> None:
        net.on(CONTAINERS, (200, {"id": number}))
        net.on(f"GET /v1.0/{number}", (200, {"status": "FINISHED"}))
        net.on(PUBLISH, (200, {"id": number + 2}))

    net, _, proof = told(arrange=arrange)
    assert proof.id == "9007199254740995"
    assert net.calls[PUBLISH][0].fields == {"creation_id": "9007199254740993"}


class PrivateFile(PublicFile):
    @property
    def public_url(self) -> str:
        raise Rejected("This server has no public address.", code="media_not_public")


def test_a_file_without_a_public_address_is_refused_before_anything_is_out():
    private = PrivateFile(b"x", media("image").facts, "https://media.example/x.jpg")
    chain = [{"content": "two", "mediaItems": [{"type": "image", "url": private.url}]}]
    net, _, raised = told(post(extra={private.url: private}, threadItems=chain))
    assert raised.code == "media_not_public"
    assert net.calls[CONTAINERS] == []


@pytest.mark.parametrize(
    ("answer", "options", "waits"),
    [
        (quota(used=250), {}, True),
        (quota(used=249), {}, False),
        (quota(replies=1000), {}, False),
        (quota(used=250), {"replyToId": "18"}, False),
        (quota(replies=1000), {"replyToId": "18"}, True),
        (quota(replies=999), {"threadItems": [{"content": "a"}, {"content": "b"}]}, True),
        ({"data": []}, {}, False),
        ({"data": [{"quota_usage": "?", "config": None}]}, {}, False),
    ],
)
def test_the_day_s_quota_is_read_before(answer, options, waits):
    def arrange(net: Script) -> None:
        net.on(QUOTA, (200, answer))
        net.on(CONTAINERS, *((200, {"id": f"c{n}"}) for n in (1, 1, 1)))

    net, run, result = told(post(**options), arrange=arrange)
    assert isinstance(result, RateLimited) is waits
    assert bool(run.holds) is waits
    assert bool(net.calls[PUBLISH]) is not waits


@pytest.mark.parametrize("answer", [(400, refused(100)), (400, refused(100, 33))])
def test_a_quota_that_cannot_be_read_stops_nobody(answer):
    _, _, proof = told(arrange=lambda net: net.on(QUOTA, answer))
    assert proof.id == "m1"


def test_usage_headers_near_their_end_rest_the_account():
    usage = {"x-app-usage": json.dumps({"call_count": 96, "total_time": 1, "total_cputime": 1})}
    _, run, proof = told(arrange=lambda net: net.on(QUOTA, (200, quota(), usage)))
    assert proof.id == "m1"
    (until,) = run.holds
    assert timedelta(minutes=9) < until - run.now() <= timedelta(minutes=10)
    row = [{"type": "threads", "call_count": 100, "estimated_time_to_regain_access": 42}]
    usage = {"x-business-use-case-usage": json.dumps({"2487": row})}
    _, run, _ = told(arrange=lambda net: net.on(QUOTA, (200, quota(), usage)))
    assert timedelta(minutes=41) < run.holds[0] - run.now() <= timedelta(minutes=42)


@pytest.mark.parametrize("refusals", [1, REFUSALS - 1])
async def test_a_publication_that_came_too_soon_is_repeated_with_the_same_container(
    net: Script, refusals
) -> None:
    net.on(PUBLISH, *[NOT_FOUND] * refusals, (200, {"id": "m1"}))
    run = run_on(net)
    for _ in range(refusals):
        with pytest.raises(NotReady) as soon:
            await CONNECTOR.publish(run, post())
        assert soon.value.until > run.now()
    assert (await CONNECTOR.publish(run, post())).id == "m1"
    assert {call.fields["creation_id"] for call in net.calls[PUBLISH]} == {"c1"}
    assert len(net.calls[CONTAINERS]) == 1


async def test_after_some_refusals_a_finished_container_is_replaced(net: Script) -> None:
    net.on(CONTAINERS, (200, {"id": "c1"}), (200, {"id": "c2"}))
    net.on("GET /v1.0/c2", (200, {"status": "FINISHED"}))
    net.on(PUBLISH, *[NOT_FOUND] * REFUSALS, (200, {"id": "m1"}))
    run = run_on(net)
    for _ in range(REFUSALS):
        with pytest.raises(NotReady):
            await CONNECTOR.publish(run, post())
    assert (await CONNECTOR.publish(run, post())).id == "m1"
    assert [call.fields["creation_id"] for call in net.calls[PUBLISH]] == ["c1"] * REFUSALS + ["c2"]


@pytest.mark.parametrize(
    "after",
    [(200, {"status": "PUBLISHED"}), NOT_FOUND],
    ids=["published meanwhile", "not found any more"],
)
async def test_a_container_that_may_be_out_is_neither_sent_again_nor_replaced(net: Script, after) -> None:
    net.on(STATUS, (200, {"status": "FINISHED"}), after)
    net.on(PUBLISH, None)
    run = run_on(net)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post())
    assert len(net.calls[PUBLISH]) == 1
    assert len(net.calls[CONTAINERS]) == 1


async def test_a_container_that_expired_before_it_was_sent_is_replaced(net: Script) -> None:
    net.on(CONTAINERS, (200, {"id": "c1"}), (200, {"id": "c2"}))
    net.on(STATUS, (200, {"status": "EXPIRED"}))
    net.on("GET /v1.0/c2", (200, {"status": "FINISHED"}))
    run = run_on(net)
    assert (await CONNECTOR.publish(run, post())).id == "m1"
    assert net.calls[PUBLISH][0].fields == {"creation_id": "c2"}
    assert run.offset > timedelta(seconds=10)


def test_a_new_container_that_is_not_seen_yet_is_waited_for():
    net, run, proof = told(
        arrange=lambda net: net.on(STATUS, NOT_FOUND, NOT_FOUND, (200, {"status": "FINISHED"}))
    )
    assert proof.id == "m1"
    assert len(net.calls[CONTAINERS]) == 1
    assert timedelta(0) < run.offset < timedelta(minutes=3)


@pytest.mark.parametrize(
    ("message", "builds", "code", "says"),
    [
        ("INVALID_ASPEC_RATIO", 1, "media_rejected", "Crop"),
        ("INVALID_BIT_RATE", 1, "media_rejected", "100 Mbit/s"),
        ("INVALID_DURATION", 1, "media_rejected", "5 minutes"),
        ("INVALID_FRAME_RATE", 1, "media_rejected", "frames a second"),
        ("INVALID_AUDIO_CHANNELS", 1, "media_rejected", "stereo"),
        ("INVALID_AUDIO_CHANNEL_LAYOUT", 1, "media_rejected", "stereo"),
        ("FAILED_DOWNLOADING_VIDEO", BUILDS, "media_unreachable", "reachable from the internet"),
        ("FAILED_PROCESSING_AUDIO", BUILDS, "media_rejected", "AAC"),
        ("FAILED_PROCESSING_VIDEO", BUILDS, "media_rejected", "H.264"),
        ("UNKNOWN", BUILDS, "media_rejected", "re-encode"),
        ("SOMETHING_NEW", BUILDS, "media_rejected", "re-encode"),
    ],
)
def test_what_a_container_s_error_means(message, builds, code, says):
    net, _, raised = told(
        media("video"),
        arrange=lambda net: net.on(STATUS, (200, {"status": "ERROR", "error_message": message})),
    )
    assert isinstance(raised, Rejected)
    assert raised.code == code
    assert says in raised.message
    assert len(net.calls[CONTAINERS]) == builds
    assert net.calls[PUBLISH] == []


async def test_a_lost_container_stays_lost_when_the_story_is_told_again(net: Script) -> None:
    """Otherwise two builds could be published side by side."""
    net.on(CONTAINERS, NOT_FOUND, (200, {"id": "c2"}), (200, {"id": "c9"}))
    net.on("GET /v1.0/c2", (200, {"status": "FINISHED"}))
    net.on(PUBLISH, (403, refused(4)), (200, {"id": "m1"}))
    run = run_on(net)
    with pytest.raises(RateLimited):
        await CONNECTOR.publish(run, post())
    await CONNECTOR.publish(run, post())
    assert [call.fields["creation_id"] for call in net.calls[PUBLISH]] == ["c2", "c2"]
    assert len(net.calls[CONTAINERS]) == 2


def test_an_expired_item_makes_the_carousel_anew():
    def arrange(net: Script) -> None:
        net.on(
            CONTAINERS,
            (200, {"id": "c1"}),
            (200, {"id": "c1"}),
            (400, refused(100, 4279004)),
            (200, {"id": "c1"}),
        )

    net, _, proof = told(media("image"), media("image"), arrange=arrange)
    assert proof.id == "m1"
    assert [call.fields["media_type"] for call in net.calls[CONTAINERS]] == ["IMAGE", "IMAGE", "CAROUSEL"] * 2


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (500, refused(2)),
        (500, b"<html>"),
        (502, b""),
        (400, refused(1)),
        (403, refused(10)),
        (200, b"not JSON"),
        (200, {"id": None}),
        (200, {"id": True}),
        (302, b""),
    ],
)
def test_an_unclear_answer_to_the_publishing_call_is_an_open_question(answer):
    net, run, raised = told(arrange=lambda net: net.on(PUBLISH, answer))
    assert isinstance(raised, OutcomeUnknown)
    assert len(net.calls[PUBLISH]) == len(run.attempts) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((403, refused(4)), RateLimited),
        ((503, b"", {"retry-after": "90"}), RateLimited),
        ((403, refused(9, 2207042)), RateLimited),
        ((403, refused(25, 4279013)), Rejected),
        ((403, refused(4, 2207051)), Rejected),
        ((400, refused(100)), Rejected),
        ((400, refused(368)), Rejected),
        ((400, refused(190, 463)), TokenExpired),
    ],
)
def test_a_clear_refusal_of_the_publishing_call(answer, kind):
    _, _, raised = told(arrange=lambda net: net.on(PUBLISH, answer))
    assert type(raised) is kind


def test_an_address_that_cannot_be_had_is_a_warning():
    _, run, proof = told(arrange=lambda net: net.on("GET /v1.0/m1", (500, refused(2))))
    assert proof == Proof("m1")
    assert len(run.warnings) == 1


async def test_a_token_is_renewed_in_the_middle(net: Script) -> None:
    net.on(PUBLISH, (400, refused(190, 463)), (200, {"id": "m1"}))

    async def renew() -> str:
        return "token-2"

    run = run_on(net, renew=renew)
    await CONNECTOR.publish(run, post())
    assert [call.headers["authorization"] for call in net.calls[PUBLISH]] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


async def test_a_part_that_is_out_is_not_looked_at_again(net: Script) -> None:
    net.on(CONTAINERS, (200, {"id": "c1"}), (200, {"id": "c2"}))
    net.on("GET /v1.0/c2", (200, {"status": "FINISHED"}))
    net.on(PUBLISH, (200, {"id": "m1"}), (403, refused(4)), (200, {"id": "m2"}))
    run = run_on(net)
    chain = post(threadItems=[{"content": "two"}])
    with pytest.raises(RateLimited):
        await CONNECTOR.publish(run, chain)
    assert (await CONNECTOR.publish(run, chain)).url == "https://www.threads.net/@demo/post/abc"
    assert len(net.calls[STATUS]) == 1
    assert [call.fields["creation_id"] for call in net.calls[PUBLISH]] == ["c1", "c2", "c2"]


async def test_trouble_before_publication_is_only_trouble(net: Script) -> None:
    net.on(CONTAINERS, (500, refused(2)))
    with pytest.raises(Unavailable) as trouble:
        await CONNECTOR.publish(run_on(net), post())
    assert type(trouble.value) is Unavailable
    net.on(CONTAINERS, None)
    with pytest.raises(NoAnswer):
        await CONNECTOR.publish(run_on(net), post())


def test_a_token_stands_in_the_header_and_never_in_an_address():
    net, _, _ = told(media("image"), media("image"))
    calls = [call for calls in net.calls.values() for call in calls]
    assert {call.headers["authorization"] for call in calls} == {"Bearer token-1"}
    assert not any("token-1" in value for call in calls for value in call.fields.values())
