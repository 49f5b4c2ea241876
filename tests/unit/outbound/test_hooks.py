"""One POST to a user's address: guarded, bounded, never redirected; and mails to a real SMTP server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from typing import Any

import pytest

from polypost.errors import AddressRefused, HookFailed, MailFailed, NotConfigured
from polypost.outbound import Guard, HookSender, Mailer
from polypost.sandbox.smtp import MailSink

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_server(talk: Talk, story: Callable[[str, HookSender], Awaitable[None]], **how: Any) -> None:
    async def main() -> None:
        async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(polite, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sender = HookSender(Guard([f"127.0.0.1:{port}"]), **how)
        try:
            await story(f"http://127.0.0.1:{port}/hook", sender)
        finally:
            await sender.aclose()
            server.close()

    asyncio.run(main())


def saying(*answers: bytes) -> tuple[Talk, list[bytes]]:
    """A server that gives these answers, and what it was asked."""
    left, asked = list(answers), []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(left.pop(0))
        await writer.drain()

    return talk, asked


def test_what_is_sent() -> None:
    talk, asked = saying(b"HTTP/1.1 204 No Content\r\nset-cookie: a=b\r\n\r\n")

    async def story(url: str, sender: HookSender) -> None:
        assert await sender.post(url, b"{}", {"webhook-id": "evt_1"}) == 204

    with_server(talk, story)
    head = asked[0].decode().lower()
    assert head.startswith("post /hook http/1.1\r\n")
    assert "webhook-id: evt_1\r\n" in head
    assert "content-type: application/json\r\n" in head
    assert "cookie" not in head


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    talk, asked = saying(b"HTTP/1.1 307 Off\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")

    async def story(url: str, sender: HookSender) -> None:
        assert await sender.post(url, b"{}", {}) == 307

    with_server(talk, story)
    assert len(asked) == 1


def test_an_endless_answer_is_not_read() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n" + b"x" * 65536)
        await reader.read()

    async def story(url: str, sender: HookSender) -> None:
        assert await sender.post(url, b"{}", {}) == 200

    with_server(talk, story)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n"], ids=["nothing", "nonsense"])
def test_no_answer(answer: bytes) -> None:
    talk, _ = saying(answer)

    async def story(url: str, sender: HookSender) -> None:
        with pytest.raises(HookFailed) as failed:
            await sender.post(url, b"{}", {})
        assert failed.value.code == "hook_unreachable"

    with_server(talk, story)


def test_a_receiver_that_drips_its_answer_meets_the_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            writer.write(b"H")
            await reader.read(65536)

    async def story(url: str, sender: HookSender) -> None:
        with pytest.raises(HookFailed) as failed:
            await sender.post(url, b"{}", {})
        assert failed.value.code == "hook_timeout"

    with_server(talk, story, seconds=0.2)


def test_names_that_lead_inside_are_refused_when_they_are_resolved() -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    async def main() -> None:
        sender = HookSender(Guard(), resolve=inside)
        with pytest.raises(AddressRefused):
            await sender.post("https://rebound.example.com/", b"{}", {})
        await sender.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com/a", True),
        ("http://example.com/a", False),
        ("http://hooks.internal:9000/a", True),
        ("http://hooks.internal:9001/a", False),
        ("http://10.1.2.3:8000/", True),
        ("https://10.1.2.3:8000/", True),
        ("http://10.1.2.3/", False),
        ("https://10.1.2.3/", False),
    ],
)
def test_plain_http_only_where_the_operator_said_so(url: str, allowed: bool) -> None:
    sender = HookSender(Guard(["hooks.internal:9000", "10.0.0.0/8:8000"]))
    if allowed:
        sender.check_url(url)
    else:
        with pytest.raises(AddressRefused):
            sender.check_url(url)
    asyncio.run(sender.aclose())


def with_sink(
    story: Callable[[str, list[tuple[str, list[str], bytes]]], Awaitable[None]], host: str = "127.0.0.1"
) -> None:
    async def main() -> None:
        taken: list[tuple[str, list[str], bytes]] = []
        sock = socket.create_server((host, 0))
        sink = MailSink(lambda *mail: taken.append(mail))
        await sink.start(sock)
        try:
            await story(f"{host}:{sock.getsockname()[1]}", taken)
        finally:
            await sink.stop()

    asyncio.run(main())


def test_a_mail_arrives_as_it_was_written() -> None:
    async def story(address: str, taken: list[Any]) -> None:
        mailer = Mailer(f"smtp://{address}", "us@example.com")
        to = ["a@example.com", "b@example.com"]
        await mailer.send(to, "Grüße: done", ".a line\n.. another\nÄ\n", message_id="evt_1.ntf_1")
        ((sender, recipients, raw),) = taken
        assert (sender, recipients) == ("us@example.com", to)
        message = message_from_bytes(raw, policy=policy.default)
        assert message["subject"] == "Grüße: done"
        assert message.get_content().replace("\r\n", "\n") == ".a line\n.. another\nÄ\n"
        assert b"Message-ID: <evt_1.ntf_1@polypost>" in raw
        assert b"Auto-Submitted: auto-generated" in raw

    with_sink(story)


def test_a_mail_that_is_refused() -> None:
    async def story(address: str, taken: list[Any]) -> None:
        mailer = Mailer(f"smtp://{address}", "us@example.com")
        with pytest.raises(MailFailed) as failed:
            await mailer.send(["refused@example.com"], "Hello", "Text\n", message_id="1")
        assert failed.value.code == "mail_refused"
        assert taken == []

    with_sink(story)


def test_a_password_never_travels_in_clear() -> None:
    async def story(address: str, taken: list[Any]) -> None:
        to = ["a@example.com"]
        # The server offers no encryption, and it is not one of this machine's usual names.
        for url in (f"smtp://{address}?starttls", f"smtp://user:secret@{address}"):
            with pytest.raises(MailFailed):
                await Mailer(url, "us@example.com").send(to, "Hi", "Hi\n", message_id="1")
        assert taken == []
        await Mailer(f"smtp://{address}", "us@example.com").send(to, "Hi", "Hi\n", message_id="1")
        assert len(taken) == 1

    with_sink(story, "127.0.0.2")


def test_a_mail_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]

    async def main() -> None:
        with pytest.raises(MailFailed) as failed:
            await Mailer(f"smtp://127.0.0.1:{port}", "us@example.com").send(
                ["a@example.com"], "Hi", "Hi\n", message_id="1"
            )
        assert failed.value.code == "mail_unreachable"

    asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://a:b:c", "smtp://host/path"]
)
def test_addresses_of_another_form(url: str) -> None:
    with pytest.raises(NotConfigured):
        Mailer(url, "us@example.com")
