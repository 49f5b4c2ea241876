"""The log holds no secrets (RELIABILITY I9, K9)."""

from __future__ import annotations

import subprocess
import sys

STORY = """
import structlog
from polypost.observability import logs
logs.configure()
log = structlog.get_logger("test")
log.info("said", key="pp_live_" + "a" * 36, access_token="abc", text="line one\\nline two", said="whsec_" + "c" * 32)
def fail(headers):
    raise ValueError("broken")
try:
    fail({"x-access-key": "pp_test_" + "b" * 36})
except ValueError:
    log.exception("failed", header="Bearer abcdefghijk")
"""


def test_secrets_and_local_variables_stay_out():
    done = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=True)
    assert "ValueError" in done.stderr
    for secret in ("pp_live_a", "pp_test_b", '"abc"', "abcdefghijk", "whsec_c"):
        assert secret not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
