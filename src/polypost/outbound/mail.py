"""E-mail on its way out, through the operator's mail server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from polypost import clock
from polypost.errors import MailFailed, NotConfigured
from polypost.outbound.guard import LOOPBACK

MAIL_SECONDS = 30.0
_PORTS = {"smtp": 587, "smtps": 465}


class Mailer:
    """Sends through one mail server: `smtp://user:password@host:587`, or `smtps://…` for TLS from the first byte.

    With `?starttls` a server that offers no TLS is refused; so is one to which a password would travel in clear.
    `sender` is the address that mails come from. Raises NotConfigured for an address of another form.
    """

    def __init__(self, url: str, sender: str, *, seconds: float = MAIL_SECONDS) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _bad_url() from error
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"}:
            raise _bad_url()
        self._host = parts.hostname
        self._port = port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = parts.scheme == "smtps"
        guarded = parts.query == "starttls" or (self._user is not None and self._host not in LOOPBACK)
        # None takes the encryption that the server offers, True insists on it.
        self._start_tls = None if not guarded else True
        self._sender = sender
        self._seconds = seconds

    async def send(self, recipients: Sequence[str], subject: str, text: str, *, message_id: str) -> None:
        """Hand one mail over. The same `message_id` marks a repetition as what it is.

        Raises MailFailed with the code `mail_refused` or `mail_unreachable`.
        """
        # Most servers send no mail: the library is not read before the first one.
        import aiosmtplib

        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(recipients)
        message["Subject"] = subject
        message["Date"] = clock.now()
        message["Message-ID"] = f"<{message_id}@polypost>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            async with asyncio.timeout(self._seconds):
                await aiosmtplib.send(
                    message,
                    sender=self._sender,
                    recipients=list(recipients),
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    start_tls=False if self._tls else self._start_tls,
                    timeout=self._seconds,
                )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            raise MailFailed(code="mail_refused") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailFailed from error


def _bad_url() -> NotConfigured:
    return NotConfigured(
        "POLYPOST_SMTP_URL is not the address of a mail server.",
        next_step="Write it as smtp://user:password@mail.example.com:587?starttls.",
    )
