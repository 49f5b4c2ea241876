"""The /v1 contract: wire shapes, authentication, error shapes and compatibility live here and nowhere deeper."""

from polypost.api.application import build

__all__ = ["build"]
