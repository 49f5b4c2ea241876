"""The log: one line an event, no secrets, no forged line, levels by room, never the reason why work fails (RELIABILITY I9, K9)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

STORY = """
import structlog
from polypost.observability import logs
logs.configure({levels!r}, form={form!r})
log = structlog.get_logger("polypost.test")
log.info("said", key="pp_live_" + "a" * 36, access_token="abc", text="line one\\nline two", said="whsec_" + "c" * 32)
log.info("deep", detail={{"inner": "pp_test_" + "d" * 36, "headers": ["Bearer\\teeeeeeeeeeee"]}})
def fail(headers):
    raise ValueError("broken")
try:
    fail({{"x-access-key": "pp_test_" + "b" * 36}})
except ValueError:
    log.exception("failed", header="Bearer abcdefghijk")
"""


def told(story: str, **more: Any) -> str:
    """What a story says on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", story], stderr=subprocess.PIPE, text=True, check=True, **more
    )
    return done.stderr


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_and_local_variables_stay_out(form: str) -> None:
    said = told(STORY.format(levels="info", form=form))
    assert "ValueError" in said
    for secret in ("pp_live_a", "pp_test_b", "abc", "abcdefghijk", "whsec_c", "pp_test_d", "eeeeeeee"):
        assert secret not in said.replace("traceback", "")
    assert "•••" in said


def test_each_event_is_one_line_of_json_with_its_room() -> None:
    lines = [json.loads(line) for line in told(STORY.format(levels="info", form="auto")).splitlines()]
    assert [(line["level"], line["room"], line["event"]) for line in lines] == [
        ("info", "test", "said"),
        ("info", "test", "deep"),
        ("error", "test", "failed"),
    ]
    assert lines[0]["text"] == "line one\nline two"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", lines[0]["at"])


def test_text_moves_no_cursor_and_begins_no_line() -> None:
    story = """
import structlog
from polypost.observability import logs
logs.configure("info", form="text")
structlog.get_logger("polypost.api").warning("said", name="a\\n12:00:00.000 ERROR api  forged", colour="\\x1b[2J\\x9b1m", ok="plain")
try:
    raise ValueError("\\x1b]0;title\\x07")
except ValueError:
    structlog.get_logger("polypost.api").exception("failed")
"""
    said = told(story)
    first, *rest = said.splitlines()
    assert "WARNING api" in first
    assert first.endswith("ok=plain")
    assert not any("forged" in line for line in rest)
    assert all(each.isprintable() or each == "\n" for each in said)
    assert rest[-1].startswith("ValueError")


def test_any_value_is_said_in_ascii() -> None:
    story = r"""
import structlog
from polypost.observability import logs
logs.configure()
log = structlog.get_logger("polypost.test")
log.info("said", name="Zo\u00eb \u202e\x9b", half="\ud800", thing=object, when={1: float("inf")})
"""
    said = told(story)
    assert said.isascii()
    line = json.loads(said)
    assert (line["name"], line["half"], line["thing"]) == (
        "Zo\u00eb \u202e\x9b",
        "\ud800",
        "<class 'object'>",
    )


def test_rooms_have_levels_of_their_own() -> None:
    story = """
import structlog
from polypost.observability import logs
logs.configure("warning,engine=debug,requests=error")
for room in ("engine", "api", "requests"):
    log = structlog.get_logger(f"polypost.{room}")
    log.debug("debug"), log.info("info"), log.warning("warning"), log.error("error")
"""
    lines = [json.loads(line) for line in told(story).splitlines()]
    said = {
        room: [line["event"] for line in lines if line["room"] == room]
        for room in ("engine", "api", "requests")
    }
    assert said == {
        "engine": ["debug", "info", "warning", "error"],
        "api": ["warning", "error"],
        "requests": ["error"],
    }


def test_what_libraries_say_is_a_line_like_any_other() -> None:
    story = """
import logging
from polypost.observability import logs
logs.configure()
logging.getLogger("uvicorn.error").warning("It said %s", '"quoted"')
logging.getLogger("asyncio").info("too quiet")
"""
    (line,) = (json.loads(each) for each in told(story).splitlines())
    assert (line["level"], line["room"], line["event"]) == ("warning", "uvicorn.error", 'It said "quoted"')


def test_a_line_that_cannot_be_written_is_counted_and_nothing_else_fails() -> None:
    story = """
import os, structlog
from polypost.observability import logs, metrics
logs.configure()
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
structlog.get_logger("polypost.test").error("lost")
structlog.get_logger("polypost.test").warning("lost too")
print(metrics.LOG_LINES_LOST.values[()], sorted(metrics.LOG_LINES.values.items()))
"""
    done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True)
    assert done.stdout == "2 [(('error', 'test'), 1), (('warning', 'test'), 1)]\n"
