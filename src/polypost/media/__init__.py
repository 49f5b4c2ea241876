"""Media of posts: uploaded, or fetched once per post; probed on their real bytes, and read in pieces."""

from polypost.media.addresses import PullAddresses
from polypost.media.bucket import bucket_of
from polypost.media.file import StoredFile
from polypost.media.holds import Described, again, described, drop, hold, named
from polypost.media.library import Library
from polypost.media.records import expire, expire_with, kept_bytes
from polypost.media.signing import Signer
from polypost.media.uploads import Uploads
from polypost.media.verdicts import NameUnknown, most_for

__all__ = [
    "Described",
    "Library",
    "NameUnknown",
    "PullAddresses",
    "Signer",
    "StoredFile",
    "Uploads",
    "again",
    "bucket_of",
    "described",
    "drop",
    "expire",
    "expire_with",
    "hold",
    "kept_bytes",
    "most_for",
    "named",
]
