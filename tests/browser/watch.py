"""What a page may not do: complain in the console, break the policy, raise, or ask anybody but its own server."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError


class Watch:
    """Everything that went wrong in a browser context; `allowed` are statuses that a test brings about on purpose.

    Pages of `networks`, where people give consent, are not ours: they are visited, and no more is asked of them.
    """

    def __init__(
        self, context: BrowserContext, own: str, networks: Collection[str], allowed: set[int]
    ) -> None:
        self.found: list[str] = []
        self.allowed = allowed
        self._own = urlsplit(own).netloc
        self._networks = {urlsplit(url).netloc for url in networks}
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # A status that is bad is judged by the response.
        status = message.text.startswith("Failed to load resource: the server responded with a status of")
        if (
            message.type in {"error", "warning"}
            and not status
            and not self._elsewhere(message.location["url"])
        ):
            self.found.append(f"console: {message.text} ({message.location['url']})")

    def _error(self, error: WebError) -> None:
        self.found.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob", "about"} or parts.netloc == self._own:
            return
        going = request.is_navigation_request() and request.frame.parent_frame is None
        if parts.netloc not in self._networks or not (going or self._elsewhere(request.frame.url)):
            self.found.append(f"another host: {request.method} {request.url}")

    def _response(self, response: Response) -> None:
        if (
            response.status >= 400
            and response.status not in self.allowed
            and not self._elsewhere(response.url)
        ):
            self.found.append(f"status {response.status}: {response.request.method} {response.url}")

    def _elsewhere(self, url: str) -> bool:
        return urlsplit(url).netloc in self._networks
