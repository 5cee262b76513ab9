"""The kernel, fuzzed with the guidance of its coverage: a short time from the corpus in the tree (FUZZ_SECONDS)."""
import os
import re

import pytest

from conftest import HOST, run

PROGRAM = os.path.join(HOST, "fuzz", "kernel_coverage")
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))


def test_kernel_coverage(tmp_path):
    if not os.path.exists(PROGRAM):
        pytest.skip("no clang here when this was built: install the Debian packages clang and libclang-rt-dev")
    done = run(["tests/fuzz/fuzz", "--program", PROGRAM, "--seconds", str(SECONDS), "--out", str(tmp_path)],
               timeout=SECONDS + 300)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = re.search(r"number_of_executed_units: (\d+)", done.stdout)
    assert runs and int(runs[1]) > 100, done.stdout
