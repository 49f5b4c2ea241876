"""Real processes of Polypost for tests: a sandbox, servers, workers; started, killed and started again."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2

from tests import databases
from tests.preloaded import Child, Nursery

READY_SECONDS = 60.0
FAST = {
    "POLYPOST_LEASE_SECONDS": "2",
    "POLYPOST_HEARTBEAT_SECONDS": "0.5",
    "POLYPOST_RECONCILE_AT": "0.3,0.8,1.6,3",
}
_PORTS_OF_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def lasting_port() -> int:
    """A free port that stays free while its server is dead: the kernel gives it to no client in between."""
    first = int(_PORTS_OF_CLIENTS.read_text().split()[0]) if _PORTS_OF_CLIENTS.exists() else 32768
    while True:
        port = random.randrange(first // 2, first)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


class Process:
    """One `polypost` process whose first line on standard output says that it is ready."""

    def __init__(
        self,
        *arguments: str,
        log: Path,
        env: Mapping[str, str] | None = None,
        nursery: Nursery | None = None,
        before: Sequence[str] = (),
    ) -> None:
        self.arguments = arguments
        self.nursery = nursery
        self.before = before
        self.log = log
        self.env = dict(env or {})
        self.ready: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | Child | None = None

    def start(self, **more: str) -> dict[str, Any]:
        """Start and wait for the ready line; raises RuntimeError with the log's end when it does not come."""
        self.launch(**more)
        return self.wait_ready()

    def launch(self, **more: str) -> None:
        """Start without waiting."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POLYPOST_")}
        env = {**clean, "PYTHONUNBUFFERED": "1", **self.env, **more}
        with self.log.open("ab") as log:
            if self.nursery is not None:
                self._process = self.nursery.launch(self.arguments, env, log)
                return
            self._process = subprocess.Popen(
                [*self.before, sys.executable, "-m", "polypost", *self.arguments],
                env=env,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def wait_ready(self) -> dict[str, Any]:
        """The parsed ready line."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait(10)
            raise RuntimeError(
                f"polypost {' '.join(self.arguments)} ended with {code}:\n{self.log.read_text()[-3000:]}"
            )
        self.ready = json.loads(line)
        return self.ready

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def wait_dead(self, seconds: float) -> bool:
        """Whether it ended by itself within `seconds`."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            raise
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()


class World:
    """A sandbox of its own process, and servers and workers around one data folder or database."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        env: Mapping[str, str] | None = None,
        nursery: Nursery | None = None,
        before: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        # Words before the command of server and workers take the place of a nursery.
        self.nursery = None if before else nursery
        self.before = before
        folder.mkdir(parents=True, exist_ok=True)
        self.database_url = database_url
        self.env = {**FAST, **(env or {})}
        self.env["POLYPOST_DATA"] = str(folder / "data")
        if database_url is not None:
            self.env |= {"POLYPOST_DATABASE_URL": database_url, "POLYPOST_MASTER_KEY": MASTER_KEY}
        self.sandbox = Process(
            "sandbox",
            "--json",
            log=folder / "sandbox.log",
            env={"POLYPOST_DATA": str(folder / "box")},
            nursery=nursery,
        )
        self.workers: list[Process] = []
        self.server = Process("serve", log=folder / "server.log", env=self.env)
        self.key = ""
        self.accounts: dict[str, str] = {}
        self.options: dict[str, dict[str, Any]] = {}

    def start(self, *, workers: int = 0, **more: str) -> None:
        """Start everything; with workers, the server itself carries nothing out."""
        self.sandbox.start()
        self.env["POLYPOST_SANDBOX_URL"] = self.sandbox.ready["sandboxUrl"]
        if self.database_url is not None:
            self.command("migrate")
        arguments = ["serve", "--sandbox", "--json", "--port", str(lasting_port())]
        if workers:
            arguments.append("--no-worker")
        how: dict[str, Any] = {"env": self.env, "nursery": self.nursery, "before": self.before}
        self.server = Process(*arguments, log=self.folder / "server.log", **how)
        self.workers = [
            Process("worker", "--json", log=self.folder / f"worker-{number}.log", **how)
            for number in range(workers)
        ]
        for worker in self.workers:
            worker.start()
        self.start_server(**more)

    def start_server(self, **more: str) -> None:
        """Start the server on the port it had before, so that clients find it again."""
        ready = self.server.start(**more)
        self.key = ready["apiKey"]
        if not self.accounts:
            self.accounts = {entry["platform"]: entry["accountId"] for entry in ready["accounts"]}
            self.options = {
                entry["accountId"]: entry.get("platformSpecificData", {}) for entry in ready["accounts"]
            }

    def command(self, *arguments: str) -> Any:
        """What a command prints as JSON; raises CalledProcessError when it fails."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POLYPOST_")}
        done = subprocess.run(
            [sys.executable, "-m", "polypost", *arguments, "--json"],
            env={**clean, **self.env},
            capture_output=True,
            check=False,
        )
        if done.returncode not in {0, 1} or not done.stdout:
            raise RuntimeError(f"{arguments}: {done.stderr.decode()[-2000:]}")
        return json.loads(done.stdout)

    @property
    def url(self) -> str:
        """The server's address."""
        return str(self.server.ready["url"])

    def client(self, **options: Any) -> httpx2.Client:
        """A client of the API with the demo key."""
        return httpx2.Client(
            base_url=self.url, headers={"x-access-key": self.key}, timeout=60, trust_env=False, **options
        )

    def control(self, method: str, path: str, **options: Any) -> Any:
        """A call to the sandbox's control surface."""
        base = self.sandbox.ready["sandboxUrl"]
        answer = httpx2.request(method, f"{base}/_sandbox/{path}", timeout=60, trust_env=False, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def target(self, platform: str) -> dict[str, Any]:
        """A platform entry of a post, with the options without which the account's network takes none."""
        account = self.accounts[platform]
        return {
            "platform": platform,
            "accountId": account,
            "platformSpecificData": self.options.get(account, {}),
        }

    def demo_video(self) -> dict[str, str]:
        """A media item that every network takes."""
        base = self.sandbox.ready["sandboxUrl"]
        return dict(httpx2.get(f"{base}/_sandbox", trust_env=False).json()["demoVideo"])

    def demo_image(self) -> str:
        """The address of a picture that the server may fetch."""
        base = self.sandbox.ready["sandboxUrl"]
        return str(httpx2.get(f"{base}/_sandbox", trust_env=False).json()["demoMedia"][0])

    def hooks(self) -> str:
        """The address under which the sandbox takes webhooks by any name; `?status=503` makes a receiver that fails."""
        base = self.sandbox.ready["sandboxUrl"]
        return str(httpx2.get(f"{base}/_sandbox", trust_env=False).json()["hooksUrl"])

    def visible(self, platform: str | None = None) -> list[dict[str, Any]]:
        """Every post ever made visible on the networks."""
        found: list[dict[str, Any]] = self.control(
            "GET", f"posts?platform={platform}" if platform else "posts"
        )["posts"]
        return found

    def store_held(self) -> AbstractContextManager[None]:
        """Nothing is accepted while this lasts: the store's writers wait."""
        return databases.held(self.database_url or self.folder / "data" / "polypost.db")

    def settle(self, post_ids: list[str], *, seconds: float = 120.0) -> dict[str, dict[str, Any]]:
        """Wait until these posts are final; returns them as the API shows them."""
        end = time.monotonic() + seconds
        found: dict[str, dict[str, Any]] = {}
        with self.client() as client:
            while True:
                for post_id in post_ids:
                    if post_id not in found:
                        post = client.get(f"/v1/posts/{post_id}").json()["post"]
                        if post["status"] in {"published", "partial", "failed", "draft"}:
                            found[post_id] = post
                if len(found) == len(set(post_ids)):
                    return found
                if time.monotonic() > end:
                    missing = [post_id for post_id in post_ids if post_id not in found]
                    raise AssertionError(f"not final after {seconds} s: {missing}")
                time.sleep(0.1)

    def stop(self) -> None:
        """End everything."""
        for process in [*self.workers, self.server, self.sandbox]:
            process.stop()
