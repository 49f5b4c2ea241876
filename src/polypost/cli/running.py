"""The processes: serve, worker, sandbox. Each prints one line when it is ready and ends on SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from polypost.app import Rooms, Surroundings, application, first_link, open_rooms
from polypost.cli.demo import Demo
from polypost.cli.output import Printer
from polypost.entrance.address import only_here
from polypost.errors import PolypostError
from polypost.observability import logs, traces
from polypost.settings import Settings


class DatabaseNeeded(PolypostError):
    """Workers beside the server need a store that several processes share."""

    code = "database_needed"


def run(settings: Settings, main: Coroutine[Any, Any, None]) -> None:
    """Run a process until it ends by itself or is asked to."""
    import uvloop

    logs.configure(settings.log_level, form=settings.log_format)
    traces.start()
    try:
        uvloop.run(main)
    finally:
        traces.stop()


def _asked_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve(settings: Settings, *, sandbox: bool, work_too: bool, printer: Printer) -> None:
    """`polypost serve`."""
    from polypost.api.http.server import Limits, server

    stop = _asked_to_stop()
    demo = (
        await Demo.start(settings, inside=settings.sandbox_url is None)
        if sandbox or settings.sandbox_url
        else None
    )
    try:
        sock = _listen(settings.host, settings.port)
        port = sock.getsockname()[1]
        name = "embedded" if settings.database_url is None else f"{socket.gethostname()}:{port}"
        url = _url(settings.host, sock)
        public_url = settings.public_url or url
        surroundings = demo.surroundings if demo else Surroundings()
        rooms = await open_rooms(settings, surroundings, public_url=public_url, server=name)
        app = application(rooms, work_too=work_too, sandbox_url=demo.url if demo else None)
        listening = asyncio.Event()
        # Starlette's and uvicorn's words for the same protocol differ in their types.
        web = server(
            cast("Any", app),
            host=settings.host,
            port=settings.port,
            limits=Limits(
                connections_per_address=settings.connections_per_address, proxies=rooms.services.proxies
            ),
            on_ready=lambda _: listening.set(),
        )
        running = asyncio.create_task(web.serve([sock]), name="polypost-server")
        await _first(running, listening)
        ready: dict[str, Any] = {"url": url, "dashboardUrl": await first_link(rooms)}
        if demo is not None:
            ready |= await demo.connect(rooms)
            if surroundings.loopback:
                rooms.services.demo_key = ready["apiKey"]
        _settle_memory()
        said = (
            demo.welcome(ready) if demo else f"Polypost listens on {url}\nDashboard: {ready['dashboardUrl']}"
        )
        if rooms.engine.rests is not None:
            ready["held"] = rooms.engine.rests
            said = f"{said}\n\n{rooms.engine.rests}"
        printer.show(ready, said)
        following = asyncio.create_task(demo.follow(rooms), name="polypost-demo") if demo else None
        await _first(running, stop)
        if following is not None:
            following.cancel()
        rooms.services.closing.set()
        web.stop()
        await running
    finally:
        if demo is not None:
            await demo.stop()


async def worker(settings: Settings, printer: Printer) -> None:
    """`polypost worker`."""
    if settings.database_url is None:
        raise DatabaseNeeded(
            "A worker needs a store that several processes share.",
            next_step="Set POLYPOST_DATABASE_URL; without it `polypost serve` carries the posts out itself.",
        )
    stop = _asked_to_stop()
    sock = None if settings.metrics_port is None else _listen(settings.host, settings.metrics_port)
    demo = await Demo.start(settings, inside=False) if settings.sandbox_url else None
    surroundings = demo.surroundings if demo else Surroundings()
    name = f"{socket.gethostname()}:worker:{os.getpid()}"
    public_url = settings.public_url or f"http://{settings.host}:{settings.port}"
    rooms: Rooms = await open_rooms(settings, surroundings, public_url=public_url, server=name)
    await rooms.start(work_too=True)
    held = rooms.engine.rests
    ready: dict[str, Any] = {"worker": name, "ready": True} | ({"held": held} if held is not None else {})
    async with _watched(rooms, sock, ready):
        _settle_memory()
        printer.show(ready, f"Worker {name} is ready.\n{held or ''}".rstrip())
        try:
            await stop.wait()
        finally:
            await rooms.stop()


@asynccontextmanager
async def _watched(rooms: Rooms, sock: socket.socket | None, ready: dict[str, Any]) -> AsyncIterator[None]:
    """Serve what a worker tells of itself for as long as the block runs, where there is a socket for it."""
    if sock is None:
        yield
        return
    from polypost.api.http.server import server
    from polypost.api.routes.watching import worker_application

    settings = rooms.services.settings
    url = ready["url"] = _url(settings.host, sock)
    rooms.services.only_here = only_here(settings, url)
    web = server(worker_application(rooms.services), host=settings.host, port=sock.getsockname()[1])
    running = asyncio.create_task(web.serve([sock]), name="polypost-watched")
    try:
        yield
    finally:
        web.stop()
        await running


async def sandbox(settings: Settings, *, host: str, port: int, tls: bool, printer: Printer) -> None:
    """`polypost sandbox`."""
    from polypost.sandbox import Sandbox

    stop = _asked_to_stop()
    box = Sandbox(
        _folder(settings),
        host=host,
        port=port,
        allow=settings.allow_addresses,
        hosts=settings.sandbox_hosts,
        tls=tls,
    )
    info = await box.start()
    ready = {"sandboxUrl": info.url, "sandboxUrls": info.urls}
    lines = [f"The sandbox's page is {info.url}", *(f"  {name}: {url}" for name, url in info.urls.items())]
    if info.certificate is not None:
        ready["certificate"] = str(info.certificate)
        lines.append(info.certificate.read_text())
    printer.show(ready, "\n".join(lines))
    try:
        await stop.wait()
    finally:
        await box.stop()


def _settle_memory() -> None:
    """Have the garbage collector leave alone what stays for the process's whole life, and look more rarely.

    A full collection goes through all of it, more than 100 ms in which nobody is served; what requests leave behind
    is freed by its counts, not by the collector.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def _first(running: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait for the event; what ends the server before it is raised."""
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()


def _folder(settings: Settings) -> Path:
    return settings.data / "sandbox"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as taken:
        sock.close()
        raise AddressTaken(
            f"Cannot listen on {host}:{port}: {taken.strerror}.", next_step="Choose another --port."
        ) from taken
    sock.listen(1024)
    sock.setblocking(False)
    return sock


class AddressTaken(PolypostError):
    """The address to listen on is not to be had."""

    code = "address_taken"


def _url(host: str, sock: socket.socket) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # shown, not bound
    shown = everywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{sock.getsockname()[1]}"
