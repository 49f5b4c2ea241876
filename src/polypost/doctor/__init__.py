"""What does not hold in the store: tests, the crash harness and `polypost doctor` ask this."""

from polypost.doctor.findings import Finding, findings
from polypost.doctor.report import Report, report

__all__ = ["Finding", "Report", "findings", "report"]
