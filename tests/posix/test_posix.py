"""lib/posix on the target: test programs of this folder in the shell system, one boot each."""
import re

import pytest

from conftest import BUILD, TOP, run
from guest import CPUS, check_disk, new_disk


NAMES = ["file", "hostile", "pipe", "signal", "spawn", "thread"]


@pytest.mark.parametrize("name,cpus", [(name, CPUS) for name in NAMES] +
                         [(name, ["--cpus", "4"]) for name in ("pipe", "signal", "thread")])
def test_program(name, cpus, tmp_path):
    log = tmp_path / "console"
    done = run([f"{TOP}/tools/tessera", "run", *cpus, "--build", BUILD, "--put", f"{BUILD}/apps/test-{name}:/tmp/test",
                "--exec", "/tmp/test", "--log", log, "--timeout", "100"], timeout=120)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{log.read_text(errors='replace')[-2000:]}"
    counts = re.search(r"(\d+) checks, (\d+) failures\n$", done.stdout)
    assert counts and int(counts[1]) > 20 and counts[2] == "0"


def test_disk_is_sound_afterwards(tmp_path):
    disk = new_disk(tmp_path)
    done = run([f"{TOP}/tools/tessera", "run", "--build", BUILD, "--put", f"{BUILD}/apps/test-disk:/test",
                "--disk", disk, "--exec", "/test", "--timeout", "100"], timeout=120)
    assert done.returncode == 0 and re.fullmatch(r"\d+ checks, 0 failures\n", done.stdout), done.stdout + done.stderr
    check_disk(disk)


def test_libc_has_no_system_calls():
    done = run([f"{TOP}/tools/lint", "--libc", f"{BUILD}/sysroot/lib/libc.a"])
    assert done.returncode == 0, done.stdout
