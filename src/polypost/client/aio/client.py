"""The client: every call of the API as a method that has the name of the API's document."""

from __future__ import annotations

from polypost.client.aio.accounts import AsyncAccounts
from polypost.client.aio.hooks import AsyncHooks
from polypost.client.aio.plans import AsyncPlans
from polypost.client.aio.posts import AsyncPosts
from polypost.client.aio.talk import AsyncTalk
from polypost.client.aio.uploads import AsyncUploads


class AsyncClient(AsyncPosts, AsyncPlans, AsyncAccounts, AsyncHooks, AsyncTalk, AsyncUploads):
    """A Polypost server, or a hosted PostPeer, and a key of one of its projects."""
