"""The sandbox's inbox: webhooks under any name and mails, kept over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2

from polypost.sandbox import Sandbox

JSON = {"content-type": "application/json"}
Story = Callable[[httpx2.AsyncClient, dict[str, Any]], Awaitable[None]]


def play(folder: Path, story: Story) -> None:
    async def main() -> None:
        box = Sandbox(folder)
        info = await box.start()
        try:
            async with httpx2.AsyncClient(base_url=info.url, trust_env=False) as http:
                await story(http, (await http.get("/_sandbox")).json())
        finally:
            await box.stop()

    asyncio.run(main())


async def mail(about: dict[str, Any], *lines: str) -> list[str]:
    """What a mail server answers to these lines, the greeting first."""
    host, _, port = about["mailUrl"].removeprefix("smtp://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers = [(await reader.readline()).decode().strip()]
    for line in lines:
        writer.write(f"{line}\r\n".encode())
        answer = (await reader.readline()).decode().strip()
        while answer[3:4] == "-":
            answer = (await reader.readline()).decode().strip()
        answers.append(answer)
    writer.close()
    return answers


def test_webhooks_are_kept_by_name(tmp_path: Path) -> None:
    async def first(http: httpx2.AsyncClient, about: dict[str, Any]) -> None:
        for number in range(2):
            answer = await http.post(
                f"{about['hooksUrl']}/one", json={"n": number}, headers={"x-mark": "yes"}
            )
            assert answer.status_code == 200
        for path, content, status in (("two?status=503", b"\xff", 503), ("two?status=99", b"", 400)):
            assert (
                await http.post(f"/_sandbox/hooks/{path}", content=content, headers=JSON)
            ).status_code == status
        large = await http.post("/_sandbox/hooks/two", content=b"x" * 1_000_001, headers=JSON)
        assert large.status_code == 413

    async def second(http: httpx2.AsyncClient, about: dict[str, Any]) -> None:
        hooks = (await http.get("/_sandbox/hooks/one")).json()["hooks"]
        assert [each["json"] for each in hooks] == [{"n": 1}, {"n": 0}]
        assert hooks[0]["headers"]["x-mark"] == "yes"
        (other,) = (await http.get("/_sandbox/hooks/two")).json()["hooks"]
        assert (other["json"], other["status"]) == (None, 503)
        assert (await http.delete("/_sandbox/hooks/one")).json() == {"removed": 2}
        assert (await http.get("/_sandbox/hooks/one")).json() == {"hooks": []}
        await http.post("/_sandbox/reset", json={})
        assert (await http.get("/_sandbox/hooks/two")).json() == {"hooks": []}

    play(tmp_path, first)
    play(tmp_path, second)


def test_a_mail_over_a_bare_connection(tmp_path: Path) -> None:
    async def story(http: httpx2.AsyncClient, about: dict[str, Any]) -> None:
        answers = await mail(
            about,
            "EHLO me",
            "DATA",
            "RCPT TO:<a@example.com>",
            "MAIL FROM:nobody",
            "MAIL FROM:<us@example.com> SIZE=10",
            "RCPT TO:<refused@example.com>",
            "RCPT TO:<a@example.com>",
            "DATA",
            "Subject: Hello\r\n\r\n..dot\r\n.",
            "STARTTLS",
            "QUIT",
        )
        codes = [answer[:3] for answer in answers]
        assert codes == ["220", "250", "503", "503", "501", "250", "550", "250", "354", "250", "502", "221"]
        (kept,) = (await http.get("/_sandbox/mails")).json()["mails"]
        assert (kept["from"], kept["to"], kept["subject"]) == ("us@example.com", ["a@example.com"], "Hello")
        assert kept["text"] == ".dot\n"

    play(tmp_path, story)


def test_a_client_that_stops_in_the_middle_has_sent_nothing(tmp_path: Path) -> None:
    async def story(http: httpx2.AsyncClient, about: dict[str, Any]) -> None:
        await mail(about, "HELO me", "MAIL FROM:<us@example.com>", "RCPT TO:<a@example.com>", "DATA")
        assert (await http.get("/_sandbox/mails")).json() == {"mails": []}

    play(tmp_path, story)
