"""Media of posts: fetched once per post, probed on their real bytes, and read in pieces."""

from polypost.media.addresses import PullAddresses
from polypost.media.file import StoredFile
from polypost.media.library import Library
from polypost.media.records import expire

__all__ = ["Library", "PullAddresses", "StoredFile", "expire"]
