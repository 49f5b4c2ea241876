"""What the store holds of one project, taken out of it: as a file for somebody, or for good."""

from polypost.portability.erasing import StillPublishing, erase
from polypost.portability.exporting import Exported, export

__all__ = ["Exported", "StillPublishing", "erase", "export"]
