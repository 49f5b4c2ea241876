"""Every network's simulator as one durable app with a control surface."""

from polypost.sandbox.sandbox import Sandbox, SandboxInfo

__all__ = ["Sandbox", "SandboxInfo"]
