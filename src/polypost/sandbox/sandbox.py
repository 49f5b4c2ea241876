"""Starts and stops the simulators, one port each, on one durable state."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from polypost import clock
from polypost.sandbox.certificate import certificate
from polypost.sandbox.control import control_app
from polypost.sandbox.drawn import drawer
from polypost.sandbox.front import controls
from polypost.sandbox.inbox import Inbox
from polypost.sandbox.local import Doors, LocalOnly, control_change, control_path, everything
from polypost.sandbox.media import media_app
from polypost.sandbox.room import CLOCK, Room
from polypost.sandbox.simkit import Faults, Network, Ports, Simulator, Store, listen
from polypost.sandbox.simulators import simulators
from polypost.sandbox.smtp import MailSink

if TYPE_CHECKING:
    from polypost.outbound import Fetcher, Guard

CONTROL = "control"
MEDIA = "media"
MAIL = "mail"
PORTS = "ports"
DEMO_ACCOUNTS = 2


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """Where everything is: the control surface, each network by platform id, the demo media, the certificate (TLS)."""

    url: str
    urls: dict[str, str]
    media_url: str
    certificate: Path | None = None


class Sandbox:
    """All simulators in the running loop. State and ports live in `data` and are found again by the next start.

    `allow` names further addresses ("host:port") from which networks may fetch media, `hosts` further names under which
    the control surface answers; with `tls` every port but the demo media's, where webhooks come in too, speaks https.
    """

    def __init__(
        self,
        data: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow: Iterable[str] = (),
        hosts: Iterable[str] = (),
        tls: bool = False,
    ) -> None:
        self._data = data
        self._host = host
        self._port = port
        self._allow = tuple(allow)
        self._hosts = tuple(hosts)
        self._tls = tls
        self._servers: list[Ports] = []
        self._sockets: list[socket.socket] = []
        self._store: Store | None = None
        self._fetcher: Fetcher | None = None
        self._mails: MailSink | None = None

    async def start(self) -> SandboxInfo:
        """Open the state and every port. Raises OSError when the asked-for `port` is taken."""
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> SandboxInfo:
        store = self._store = Store(self._data)
        _set_clock(store)
        networks = simulators()
        # The ports come first: every simulator writes its own address into its answers.
        sockets = self._listen(store, [kind.platform for kind in networks])
        urls = {name: self._url(sock, name) for name, sock in sockets.items()}
        guard, self._fetcher = self._make_fetcher(sockets[MEDIA])
        faults = Faults(store)
        sims = [
            kind(Network(store, kind.platform, url=urls[kind.platform], faults=faults, fetcher=self._fetcher))
            for kind in networks
        ]
        for sim in sims:
            sim.seed(max(0, DEMO_ACCOUNTS - sim.net.accounts.count()))
        info = SandboxInfo(
            url=urls[CONTROL],
            urls={sim.platform: sim.net.url for sim in sims},
            media_url=urls[MEDIA],
            certificate=certificate(self._data, self._host)[0] if self._tls else None,
        )
        inbox = Inbox(store)
        by_platform = {sim.platform: sim for sim in sims}
        room = Room(store, faults, by_platform, info.url, info.media_url, guard.allow, inbox, urls[MAIL])
        for sim in sims:
            sim.pages.controls = controls(room, sim)
            sim.pages.draw = drawer(sim.platform)
        await self._serve(sockets, sims, room)
        self._mails = MailSink(inbox.take_mail)
        await self._mails.start(sockets[MAIL])
        return info

    async def stop(self) -> None:
        """Close every port and the state; nothing is forgotten."""
        for server in self._servers:
            await server.stop()
        self._servers = []
        if self._mails is not None:
            await self._mails.stop()
            self._mails = None
        for sock in self._sockets:
            sock.close()
        self._sockets = []
        if self._fetcher is not None:
            await self._fetcher.aclose()
            self._fetcher = None
        if self._store is not None:
            self._store.close()
            self._store = None

    def _listen(self, store: Store, platforms: list[str]) -> dict[str, socket.socket]:
        earlier = store.setting(PORTS, {})
        names = [CONTROL, MEDIA, MAIL, *platforms]
        sockets = {}
        for name in names:
            wanted = self._port if name == CONTROL and self._port else earlier.get(name, 0)
            sock = sockets[name] = listen(self._host, wanted, exactly=name == CONTROL and self._port != 0)
            self._sockets.append(sock)
        # Ports of networks that this version lacks are kept for one that has them.
        store.set_setting(
            PORTS, {**earlier, **{name: sock.getsockname()[1] for name, sock in sockets.items()}}
        )
        return sockets

    def _url(self, sock: socket.socket, name: str) -> str:
        scheme = "smtp" if name == MAIL else "https" if self._tls and name != MEDIA else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{sock.getsockname()[1]}"

    def _make_fetcher(self, media: socket.socket) -> tuple[Guard, Fetcher]:
        from polypost.outbound import Fetcher, Guard
        from polypost.outbound.guard import LOOPBACK

        own = f"{self._host}:{media.getsockname()[1]}"
        # As the server beside it: what a developer serves on this machine may be fetched, unless a list says what may.
        guard = Guard([*self._allow, own], loopback=self._host in LOOPBACK and not self._allow)
        return guard, Fetcher(guard)

    async def _serve(self, sockets: dict[str, socket.socket], sims: list[Simulator], room: Room) -> None:
        # An address that was chosen to listen on is a name of ours as well.
        doors = Doors(
            {self._host, *self._hosts},
            {sock.getsockname()[1] for name, sock in sockets.items() if name != MAIL},
        )
        apps: dict[socket.socket, ASGIApp] = {
            sockets[sim.platform]: LocalOnly(sim.app(), doors, control_change) for sim in sims
        }
        apps[sockets[CONTROL]] = LocalOnly(control_app(room), doors, everything)
        files = media_app(self._data / "demo", room.inbox.routes())
        media = {sockets[MEDIA]: LocalOnly(files, doors, control_path)}
        if self._tls:
            cert, key = certificate(self._data, self._host)
            self._servers = [Ports(apps, certificate=(str(cert), str(key))), Ports(media)]
        else:
            self._servers = [Ports({**apps, **media})]
        for server in self._servers:
            await server.start()


def _set_clock(store: Store) -> None:
    """Bring this process's clock to where the sandbox left it, so that nothing stored lies in the future."""
    ahead = clock.monotonic() - time.monotonic()
    if (stored := store.setting(CLOCK, 0.0)) > ahead:
        clock.advance(stored - ahead)
