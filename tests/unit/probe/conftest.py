"""What the tests of this folder share."""

import pytest

from polypost.probe import Facts, probe


@pytest.fixture
def facts_of(tmp_path):
    """Write bytes to a file whose name tells nothing, and probe it."""

    def _facts_of(content: bytes) -> Facts:
        path = tmp_path / "file"
        path.write_bytes(content)
        return probe(path)

    return _facts_of
