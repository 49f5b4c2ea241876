"""Threads as Meta's public documents describe it, on one port: login, containers, publishing, replies, pages."""

from polypost.platforms.threads.simulator.simulator import ThreadsSimulator

SIMULATOR = ThreadsSimulator

__all__ = ["SIMULATOR", "ThreadsSimulator"]
