"""Drafts that wait for somebody's word: exactly what was shown is approved, at the dashboard or by a link for one person."""

from polypost.approvals.service import Approvals

__all__ = ["Approvals"]
