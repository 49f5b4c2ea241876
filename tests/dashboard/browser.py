"""A browser without a screen: it keeps cookies, follows links and sends forms with the word that they carry."""

from __future__ import annotations

import re
import shlex
import uuid
from html import unescape
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from polypost.access import people
from polypost.access.people import Role
from tests.contract.tenant import Tenant, operator
from tests.processes import World

HOME = "/dashboard"
PASSWORD = "a long enough sentence"
_TOKEN = re.compile(r'name="token" value="([^"]*)"')


class Browser:
    """Somebody at the dashboard of a world; `address` is the machine's own that it comes from."""

    def __init__(self, world: World, *, agent: str = "Tests", address: str = "127.0.0.1") -> None:
        self.world = world
        self.name = ""
        self.client = httpx2.Client(
            base_url=world.url,
            headers={"user-agent": agent},
            follow_redirects=True,
            timeout=60,
            trust_env=False,
            transport=httpx2.HTTPTransport(local_address=address),
        )
        self._token = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    @property
    def token(self) -> str:
        """What the forms of this session carry, as the last page had it."""
        if not self._token and "polypost-session" in {cookie.name for cookie in self.client.cookies.jar}:
            self.read(self.client.get(f"{HOME}/me"))
        return self._token or self.read(self.client.get(f"{HOME}/sign-in"))

    def read(self, answer: httpx2.Response) -> str:
        """The token of a page; the one before where it has none."""
        if found := _TOKEN.search(answer.text):
            self._token = unescape(found[1])
        return self._token

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """A page; a path that begins with no `/dashboard` is one of it."""
        answer = self.client.get(_whole(path), **options)
        self.read(answer)
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx2.Response:
        """Send a form with the session's token; redirects are followed unless `follow_redirects=False`."""
        answer = self.client.post(_whole(path), data={"token": self.token, **(data or {})}, **options)
        self.read(answer)
        return answer

    def sign_up(self, link: str, *, name: str | None = None, password: str = PASSWORD) -> httpx2.Response:
        """Become the person that a link makes, and be signed in; `link` is the whole address or its secret."""
        self.name = name or f"Person {uuid.uuid4().hex[:8]}"
        path = urlsplit(link).path if "/" in link else f"{HOME}/join/{link}"
        self.get(path)
        return self._in(self.post(path, {"name": self.name, "password": password}))

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
        """Sign in by name and password; `next` says where to."""
        self.name = name
        self._token = ""
        return self._in(self.post("/sign-in", {"name": name, "password": password, **more}))

    def sign_out(self) -> httpx2.Response:
        """End the session."""
        answer = self.post("/sign-out")
        self._token = ""
        return answer

    def _in(self, answer: httpx2.Response) -> httpx2.Response:
        # A session has a token of its own: the one before is of no use in it.
        self._token = ""
        if answer.history:
            self._token = self.read(self.client.get(f"{HOME}/me"))
        return answer


def text_of(answer: httpx2.Response) -> str:
    """What a page says, without its tags."""
    return unescape(re.sub(r"<[^>]*>", "", answer.text))


def invited(tenant: Tenant, role: Role) -> str:
    """The secret of a link that makes a member of the tenant's project."""
    return operator(
        tenant.world, lambda db: people.invite(db, "invite", project_id=tenant.project_id, role=role)
    )


def member(tenant: Tenant, role: Role = "owner", **options: str) -> Browser:
    """Somebody new who is signed in and has this role in the tenant's project."""
    browser = Browser(tenant.world, **options)
    answer = browser.sign_up(invited(tenant, role))
    assert answer.status_code == 200, answer.text
    return browser


def _whole(path: str) -> str:
    return path if path.startswith((HOME, "http", "/v1")) else HOME + path


def command(page: str) -> list[str]:
    """The words of the curl command on a page, as a shell reads them."""
    (found,) = re.findall(r"<pre[^>]*>(curl .*?)</pre>", page, re.DOTALL)
    return shlex.split(unescape(found).replace("\\\n", ""))
