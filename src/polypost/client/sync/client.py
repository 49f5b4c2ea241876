"""The client: every call of the API as a method that has the name of the API's document."""

from __future__ import annotations

from polypost.client.sync.accounts import Accounts
from polypost.client.sync.hooks import Hooks
from polypost.client.sync.plans import Plans
from polypost.client.sync.posts import Posts
from polypost.client.sync.talk import Talk
from polypost.client.sync.uploads import Uploads


class Client(Posts, Plans, Accounts, Hooks, Talk, Uploads):
    """A Polypost server, or a hosted PostPeer, and a key of one of its projects."""
