"""docs/tcu.md says what the model does: it is what the model's own tables print."""

import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]


def test_page_is_current():
    printed = subprocess.run([TOP / "build/host/bin/tcu-doc"], capture_output=True, text=True, check=True).stdout
    assert (TOP / "docs/tcu.md").read_text() == printed, "run: make docs/tcu.md"
