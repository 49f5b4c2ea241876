"""An entry's options become the network's own once, and are carried with it."""

from __future__ import annotations

from polypost.posts.checks import option_media, problems_of
from polypost.posts.orders import NewPost, NewTarget


def order(options: dict[str, object], platform: str = "twitter") -> NewPost:
    return NewPost("Hi", [NewTarget(platform, "int_1", None, options)], (), None, "UTC", {})


def test_options_are_worked_out_once() -> None:
    asked = order({"threadItems": [{"content": "And then"}]})
    problems_of(asked, {})
    (target,) = asked.targets
    first = target.parsed.options
    assert first is not None
    # Whoever asks next has the same, also when the body says something else by then.
    target.options.clear()
    option_media(asked)
    assert target.parsed.options is first


def test_what_is_wrong_is_told_below_the_entry() -> None:
    asked = order({"no such": 1})
    found = {problem.path: problem.code for problem in problems_of(asked, {})}
    assert found == {
        "platforms[0].accountId": "unknown_account",
        "platforms[0].platformSpecificData.no such": "unknown_key",
    }


def test_a_network_that_is_not_there_has_no_options() -> None:
    asked = order({"any": 1}, "nowhere")
    assert asked.targets[0].parsed == (None, [])
    assert [problem.code for problem in problems_of(asked, {})] == ["unknown_platform"]
