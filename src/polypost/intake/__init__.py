"""The one door for orders: a body becomes an order and its problems, and is accepted once, whoever hands it in."""

from polypost.intake.door import DryRun, Intake
from polypost.intake.reading import BodyReader, Reading
from polypost.intake.submissions import Submission, Submitter

__all__ = ["BodyReader", "DryRun", "Intake", "Reading", "Submission", "Submitter"]
