"""
The models of what CPUs do to each other, checked exhaustively by Spin: no assertion fails and no process hangs, in any
order of steps. Each model has bugs seeded into it (BUG_*), and each of these must be found: a proof that cannot fail
proves nothing.
"""
import os
import re
import shutil

import pytest

from conftest import TOP, run

MODELS = os.path.join(TOP, "tests", "model")
NAMES = ["cross", "reclaim"]


def bugs(name):
    """What can be seeded, by the model's own words."""
    with open(f"{MODELS}/{name}.pml", encoding="utf-8") as file:
        return sorted(set(re.findall(r"#ifn?def (BUG_\w+)", file.read())))


def check(name, folder, *options):
    """Builds and runs the verifier in `folder`; returns how many errors it found (it stops at the first)."""
    assert shutil.which("spin"), "Spin is missing: install the Debian package spin"
    for command in (["spin", *options, "-a", f"{MODELS}/{name}.pml"],
                    ["gcc", "-O2", "-w", "-DSAFETY", "-o", "pan", "pan.c"], ["./pan", "-m100000"]):
        done = run(command, cwd=folder, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "error: max search depth too small" not in done.stdout
    return int(re.search(r"errors: (\d+)", done.stdout)[1])


@pytest.mark.parametrize("name", NAMES)
def test_model_holds(name, tmp_path):
    assert check(name, tmp_path) == 0


@pytest.mark.parametrize("name, bug", [(name, bug) for name in NAMES for bug in bugs(name)])
def test_seeded_bug_is_found(name, bug, tmp_path):
    assert check(name, tmp_path, f"-D{bug}") == 1
