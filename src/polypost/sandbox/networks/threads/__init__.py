"""Threads as Meta's public documents describe it, on one port: login, containers, publishing, replies, pages."""

from polypost.sandbox.networks.threads.simulator import ThreadsSimulator

SIMULATOR = ThreadsSimulator

__all__ = ["SIMULATOR", "ThreadsSimulator"]
