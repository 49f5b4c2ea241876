"""An operator's day: trouble of each kind, and after how many seconds log, metrics and readiness tell of it.

`python -m tests.engine.day [NAME…]` prints the table; the tests take the parts that cost little.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client.parser import text_string_to_metric_families

from tests import databases
from tests.processes import World

PATIENCE = 150.0
LOOK = 0.1
APP = {"POLYPOST_TWITTER_CLIENT_ID": "of-the-operator", "POLYPOST_TWITTER_CLIENT_SECRET": "right-secret"}


@dataclass(frozen=True)
class Told:
    """What shows a trouble: words of a log line, a metric with labels and what its value has to be, a readiness check."""

    log: Mapping[str, Any] | None = None
    metric: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    value: Callable[[float], bool] = lambda value: value > 0
    health: Callable[[Mapping[str, Any]], bool] | None = None


def lines(path: Path, start: int = 0) -> list[dict[str, Any]]:
    """The lines of a log from a byte on."""
    with path.open("rb") as log:
        log.seek(start)
        whole = log.read().rpartition(b"\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def samples(url: str, *, key: str | None = None) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The samples of a process, by name and labels."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = httpx2.get(f"{url}/metrics", headers=headers, timeout=20, trust_env=False)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: Mapping[Any, float], name: str, **labels: str) -> float | None:
    """The sum of the samples with this name and these labels among theirs; None where there is none."""
    named = [number for (of, has), number in found.items() if of == name and set(labels.items()) <= set(has)]
    return sum(named) if named else None


def seconds_until(
    told: Told, *, url: str, key: str | None, log: Path, start: int, began: float
) -> dict[str, float | None]:
    """After how many seconds each was there; None for what is not expected."""
    seen: dict[str, float | None] = {"log": None, "metrics": None, "health": None}
    wanted = {
        name
        for name, what in (("log", told.log), ("metrics", told.metric), ("health", told.health))
        if what is not None
    }
    while wanted:
        assert time.monotonic() - began < PATIENCE, f"not seen: {sorted(wanted)}; {seen}"
        for name in list(wanted):
            if _is_seen(name, told, url, key, log, start):
                seen[name] = time.monotonic() - began
                wanted.discard(name)
        time.sleep(LOOK)
    return seen


def _is_seen(name: str, told: Told, url: str, key: str | None, log: Path, start: int) -> bool:
    if name == "log":
        assert told.log is not None
        return any(set(told.log.items()) <= set(_flat(line).items()) for line in lines(log, start))
    try:
        if name == "metrics":
            found = value(samples(url, key=key), str(told.metric), **told.labels)
            return found is not None and told.value(found)
        assert told.health is not None
        answer = httpx2.get(f"{url}/healthz/ready", timeout=20, trust_env=False)
        return told.health(answer.json()["checks"])
    except (httpx2.HTTPError, AssertionError):
        return False


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: what for name, what in line.items() if isinstance(what, (str, int, float, bool))}


def observe(
    world: World, trouble: Callable[[], object], told: Told, *, log: Path | None = None
) -> dict[str, Any]:
    """Make the trouble, and see when it is told of."""
    log = log or world.server.log
    start, began = log.stat().st_size, time.monotonic()
    trouble()
    key = world.env.get("POLYPOST_METRICS_KEY")
    return seconds_until(told, url=world.url, key=key, log=log, start=start, began=began)


def publish(world: World, platform: str = "twitter") -> None:
    """A post for now whose result nobody waits for."""
    body = {"content": f"Day {time.monotonic()}", "publishNow": True, "platforms": [world.target(platform)]}
    with world.client() as client:
        answer = client.post("/v1/posts", json=body, headers={"prefer": "respond-async"})
        assert answer.status_code == 202, answer.text


def dead_token(world: World) -> dict[str, Any]:
    """Somebody took back the server's leave to post."""

    def trouble() -> None:
        world.control("POST", "faults", json={"platform": "twitter", "fault": "token_dead"})
        publish(world)

    told = Told(
        log={"event": "an account has to be connected again", "network": "twitter"},
        metric="polypost_dead_tokens_total",
        labels={"network": "twitter"},
    )
    try:
        seen = observe(world, trouble, told)
        return seen | {"gauge": "polypost_accounts_to_reconnect within a minute"}
    finally:
        world.control("DELETE", "faults")


def network_down(world: World) -> dict[str, Any]:
    """Nobody listens at a network any more."""

    def trouble() -> None:
        world.sandbox.kill()
        publish(world, "threads")

    told = Told(
        log={"event": "a call to a network failed", "network": "threads"},
        metric="polypost_networks_resting",
        labels={"network": "threads"},
        health=lambda checks: "threads" in checks["networks"].get("notAnswering", ()),
    )
    return observe(world, trouble, told)


def full_disk(world: World) -> dict[str, Any]:
    """No file of the server grows any more."""
    _, highest = resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE)
    wal = Path(world.env["POLYPOST_DATA"]) / "polypost.db-wal"
    body = {
        "content": "x" * 200,
        "platforms": [world.target("twitter")],
        "scheduledFor": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }

    def trouble() -> None:
        resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size + 2**18, highest))
        with world.client() as client:
            while client.post("/v1/posts", json=body).status_code == 202:
                continue

    told = Told(
        log={"event": "store unavailable"},
        metric="polypost_store_ok",
        value=lambda value: value == 0,
        health=lambda checks: not checks["store"]["ok"],
    )
    try:
        return observe(world, trouble, told)
    finally:
        resource.prlimit(world.server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, highest))


def stuck_worker(world: World) -> dict[str, Any]:
    """The only worker stands still and does not die."""
    (worker,) = world.workers

    def trouble() -> None:
        os.kill(worker.pid, signal.SIGSTOP)

    told = Told(
        metric="polypost_worker_silence_seconds",
        value=lambda value: value > 30,
        health=lambda checks: not checks["worker"]["ok"],
    )
    try:
        return observe(world, trouble, told)
    finally:
        os.kill(worker.pid, signal.SIGCONT)


def wrong_secret(world: World) -> dict[str, Any]:
    """The app's secret was changed on the network, and the server has the old one."""

    def trouble() -> None:
        app = APP["POLYPOST_TWITTER_CLIENT_ID"]
        changed = {"platform": "twitter", "clientId": app, "clientSecret": "another"}
        world.control("POST", "apps", json=changed)
        world.control("POST", "faults", json={"platform": "twitter", "fault": "token_expired", "times": 1})
        publish(world)

    told = Told(
        log={"event": "an authorisation was not renewed", "outcome": "app_refused", "code": "platform_setup"},
        metric="polypost_targets_ended_total",
        labels={"network": "twitter", "code": "platform_setup"},
    )
    return observe(world, trouble, told)


def certificate(world: World) -> dict[str, Any]:
    """A network's certificate has expired."""
    told = Told(
        log={"event": "a call to a network failed", "network": "threads", "outcome": "tls"},
        metric="polypost_network_call_duration_seconds_count",
        labels={"network": "threads", "outcome": "tls"},
        health=lambda checks: "threads" in checks["networks"].get("notAnswering", ()),
    )
    return observe(world, lambda: publish(world, "threads"), told)


@contextmanager
def expired(folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server with a certificate that ended yesterday, and the authority's file, which may be trusted."""
    folder.mkdir(parents=True, exist_ok=True)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An old network")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "expired.pem", folder / "expired-key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, secret)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    running.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", cert
    finally:
        server.shutdown()
        server.server_close()


TROUBLES: dict[str, Callable[[World], dict[str, Any]]] = {
    each.__name__: each
    for each in (dead_token, wrong_secret, full_disk, stuck_worker, certificate, network_down)
}


@contextmanager
def a_world(name: str, folder: Path) -> Iterator[World]:
    """A world in which this trouble can be made."""
    if name == "stuck_worker":
        with databases.server() as url:
            world = World(folder, database_url=databases.fresh_database(url))
            world.start(workers=1)
            try:
                yield world
            finally:
                world.stop()
        return
    with expired(folder / "tls") as (address, trusted):
        world = World(folder, env=APP if name == "wrong_secret" else {})
        more = {"SSL_CERT_FILE": str(trusted)} if name == "certificate" else {}
        if more:
            # It is connected while all is well; then its address becomes the one with the old certificate.
            world.start()
            world.server.stop()
            world.start_server(POLYPOST_THREADS_URL=address, **more)
        else:
            world.start()
        try:
            yield world
        finally:
            world.stop()


def main(names: list[str]) -> None:
    """Print the table."""
    print("trouble | log | metrics | health")
    for name in names or list(TROUBLES):
        with tempfile.TemporaryDirectory() as folder, a_world(name, Path(folder)) as world:
            seen = TROUBLES[name](world)
        shown = (
            f"{seen[what]:.1f} s" if seen[what] is not None else "–" for what in ("log", "metrics", "health")
        )
        print(f"{name} | {' | '.join(shown)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
