"""Pages for people, rendered on the server. Until the dashboard exists, one that leads on."""

from polypost.dashboard.pages import install

__all__ = ["install"]
