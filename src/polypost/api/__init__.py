"""The /v1 contract: wire shapes, authentication, error shapes and compatibility live here and nowhere deeper."""

from polypost.api.application import build
from polypost.api.bulk import reader as bulk_reader
from polypost.api.bulk import show as bulk_problem
from polypost.api.services import Services

__all__ = ["Services", "build", "bulk_problem", "bulk_reader"]
