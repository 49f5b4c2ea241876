"""Carries one target out, writes down what came of it, and looks again where an answer was lost."""

from polypost.publishing.removal import Remover
from polypost.publishing.run import Policy, Publisher

__all__ = ["Policy", "Publisher", "Remover"]
