"""The host's unit tests: each cmocka program that the build made (with sanitizers) is one test here."""
import glob
import os

import pytest

from conftest import HOST, TOP, run

PROGRAMS = os.environ.get("TESSERA_HOST_TESTS", "").split() or sorted(glob.glob(f"{HOST}/test/*"))


@pytest.mark.parametrize("program", PROGRAMS, ids=os.path.basename)
def test_unit(program):
    done = run([os.path.join(TOP, program)], timeout=300, errors="replace")
    assert done.returncode == 0, (done.stdout + done.stderr)[-20000:]
    assert "[  PASSED  ]" in done.stdout + done.stderr, "no test was run"
