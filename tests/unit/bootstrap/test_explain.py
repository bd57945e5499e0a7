"""What pip and venv write when they fail, in one sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.errors import explain


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "ERROR: Could not install packages: [Errno 28] No space left on device\n",
            "The disk is full",
        ),
        ("OSError: [Errno 122] Disk quota exceeded\n", "The disk is full"),
        (
            "WARNING: Retrying: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))\n"
            "Max retries exceeded with url: /simple/\nERROR: No matching distribution found for a==1\n",
            "The package registry's certificate is not trusted here: point PIP_CERT",
        ),
        (
            "WARNING: Retrying after NewConnectionError('Temporary failure in name resolution')\n"
            "ERROR: No matching distribution found for a==1\n",
            "The package registry cannot be reached",
        ),
        ("ERROR: No matching distribution found for a==1\n", "The package registry has no a==1 for Python"),
        ("a line\nERROR: something unheard of\n\n", "pip failed: ERROR: something unheard of"),
        ("", "pip failed: it said nothing"),
    ],
)
def test_the_cause_is_told_in_one_sentence(output: str, sentence: str) -> None:
    told = explain(output, "pip failed", Path("/project"))
    assert told.startswith(sentence)
    assert "\n" not in told
