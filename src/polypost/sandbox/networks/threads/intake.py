"""Getting the bytes of a container from the address that was given, and examining them, after the answer."""

from __future__ import annotations

from polypost.errors import AddressRefused, FetchFailed
from polypost.sandbox.networks.threads.containers import Containers
from polypost.sandbox.networks.threads.media_rules import DOWNLOAD, UNKNOWN, VIDEO, examine, most_bytes
from polypost.sandbox.simkit import Network, media_of
from polypost.sandbox.simkit.containers import FETCHING, Container

TOO_LARGE = "media_too_large"


class Intake:
    """Fetches and examines; what goes wrong stands in the container's status afterwards, never in its creation."""

    def __init__(self, net: Network, containers: Containers) -> None:
        self._net = net
        self._containers = containers
        self._under_way: set[str] = set()

    def idle(self, container: Container) -> bool:
        """Whether a container waits for a fetch that nobody carries out, as after a restart."""
        return container.stage == FETCHING and container.id not in self._under_way

    async def take(self, container: Container) -> None:
        """Fetch and examine a container's file."""
        if not self.idle(container):
            return
        self._under_way.add(container.id)
        try:
            most = most_bytes(video=container.video)
            await self._net.fetch(container.source, container.blob, most=most)
            self._judge(container)
        except FetchFailed as error:
            # Meta has no word for a file that is too large, nor for any image that fails.
            large = VIDEO if container.video else UNKNOWN
            self._containers.fail(container, None, large if error.code == TOO_LARGE else _not_had(container))
        except AddressRefused:
            self._containers.fail(container, None, _not_had(container))
        finally:
            self._under_way.discard(container.id)

    def _judge(self, container: Container) -> None:
        facts, wrong = examine(self._net.blobs.path(container.blob), video=container.video)
        if facts is None or wrong is not None:
            self._containers.fail(container, None, wrong or UNKNOWN)
        else:
            self._containers.arrive(
                container, media_of(container.blob, facts, container.options.get("alt_text", ""))
            )


def _not_had(container: Container) -> str:
    return DOWNLOAD if container.video else UNKNOWN
