"""A pytest plugin: the sandbox as a fixture, for tests of whatever speaks to the networks, through Polypost or not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

_STOP_SECONDS = 20


class SandboxClient:
    """A running sandbox: where its networks are, who has accounts there, what goes wrong next and what time it is.

    `url` is its control address, `urls` has the address of each network by its name.
    """

    def __init__(self, url: str) -> None:
        # Only tests that use the fixture need a client.
        import httpx2

        self.url = url.rstrip("/")
        self._http: httpx2.Client = httpx2.Client(base_url=self.url, timeout=30, trust_env=False)
        self.urls: Mapping[str, str] = self._call("GET", "")["sandboxUrls"]

    def accounts(self, platform: str | None = None) -> list[dict[str, Any]]:
        """The demo accounts, with tokens and app credentials that work."""
        found: list[dict[str, Any]] = self._call("GET", "/accounts", params=_named(platform))["accounts"]
        return found

    def token(self, platform: str) -> str:
        """An access token of the first account on a network."""
        return str(self.accounts(platform)[0]["accessToken"])

    def fault(self, platform: str, fault: str, **rule: Any) -> None:
        """Have something go wrong: `times`, `percent`, `seconds`, `accountId` as in `POST /_sandbox/faults`."""
        self._call("POST", "/faults", json={"platform": platform, "fault": fault, **rule})

    def clear_faults(self) -> None:
        """Have nothing go wrong any more."""
        self._call("DELETE", "/faults")

    def advance(self, seconds: float) -> None:
        """Let time pass, for all networks."""
        self._call("POST", "/clock", json={"advance": seconds})

    def posts(self, platform: str | None = None) -> list[dict[str, Any]]:
        """What was ever made visible, the newest first."""
        found: list[dict[str, Any]] = self._call("GET", "/posts", params=_named(platform))["posts"]
        return found

    def requests(self, platform: str | None = None) -> list[dict[str, Any]]:
        """The latest exchanges with the networks, the newest first."""
        found: list[dict[str, Any]] = self._call("GET", "/requests", params=_named(platform))["requests"]
        return found

    def reset(self) -> None:
        """Forget posts, uploads, faults and exchanges; accounts stay."""
        self._call("POST", "/reset", json={})

    def close(self) -> None:
        """Close the connections to it."""
        self._http.close()

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self._http.request(method, f"/_sandbox{path}", **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path or '/'} at the sandbox: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


def _named(platform: str | None) -> dict[str, str]:
    return {} if platform is None else {"platform": platform}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command line's option."""
    parser.getgroup("polypost").addoption(
        "--polypost-sandbox",
        metavar="URL",
        help="The control address of a Polypost sandbox that runs; without it one is started when a test asks for it.",
    )


@pytest.fixture(scope="session")
def polypost_sandbox_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The control address of the sandbox of this run: the one that was named, or one that ends with it."""
    named: str | None = request.config.getoption("--polypost-sandbox")
    if named is not None:
        yield named
        return
    folder = tmp_path_factory.mktemp("polypost-sandbox")
    command: Sequence[str] = [sys.executable, "-m", "polypost", "sandbox", "--json", "--data", str(folder)]
    log = folder / "log.txt"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603  # our own command, without a shell
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"The Polypost sandbox did not start:\n{log.read_text(errors='replace')[-2000:]}")
        yield json.loads(line)["sandboxUrl"]
    finally:
        process.terminate()
        process.stdout.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def polypost_sandbox(polypost_sandbox_url: str) -> Iterator[SandboxClient]:
    """The sandbox, emptied before the test."""
    client = SandboxClient(polypost_sandbox_url)
    try:
        client.reset()
        yield client
    finally:
        client.close()
