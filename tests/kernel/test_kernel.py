"""
The kernel on the target: each program of tests/kernel boots as the first task of a machine of its own, with one hart
and with several. Those that are about several CPUs (smp*) run on harts that are truly parallel; TESSERA_HARTS=48 adds a
machine with that many.
"""
import glob
import os
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, HOST, run

PROGRAMS = sorted(glob.glob(f"{BUILD}/test/kernel/*"))
STRIP = os.environ.get("CROSS", "riscv64-linux-gnu-") + "strip"
SECONDS = 120
COUNTED = ["-icount", "shift=3,sleep=off"]
LOG_MAX = 1 << 20


def pack(program, folder):
    """A boot archive whose first task is the program."""
    listing, archive = folder / "list", folder / "archive"
    listing.write_text(f"root {program}\n")
    done = run(["tools/image", "archive", str(listing), "-o", str(archive), "--strip", STRIP])
    assert done.returncode == 0, done.stderr
    return archive


def machines():
    """What runs where: program, harts, and whether time is counted in instructions, harts taking turns."""
    more = [int(n) for n in os.environ.get("TESSERA_HARTS", "").split()]
    for program in PROGRAMS:
        parallel = os.path.basename(program).startswith("smp")
        for harts in [1, 2, 4, 8] + more if parallel else [1, 4]:
            counted = harts == 1 or not parallel
            yield pytest.param(program, harts, counted, id=f"{os.path.basename(program)}-{harts}")


def boot(archive, folder, harts, counted):
    """
    Runs the machine until it switches itself off; returns its exit status and what it printed. `counted`: time is
    counted in instructions, 8 ns each, so what a test measures does not depend on how busy the host is.
    """
    log = folder / "log"
    command = ["qemu-system-riscv64", "-machine", "virt", "-m", "64M", "-smp", str(harts),
               *(COUNTED if counted else []), "-nodefaults", "-display", "none", "-no-reboot", "-monitor", "none",
               "-chardev", f"file,id=console,path={log}", "-serial", "chardev:console",
               "-kernel", f"{BUILD}/kernel.elf", "-initrd", str(archive)]
    try:
        status = run(command, timeout=SECONDS).returncode
    except subprocess.TimeoutExpired:
        status = "none: timed out"
    return status, log.read_bytes()[-LOG_MAX:].decode(errors="replace")


def boot_mosaic(archive, harts):
    """The same on Mosaic, where the harts' steps interleave finely, and the same way in each run."""
    command = [f"{HOST}/bin/mosaic", "run", "--mem", "128M", "--cpus", str(harts), "--fast",
               "--kernel", f"{BUILD}/kernel.elf", "--initrd", str(archive)]
    try:
        done = run(command, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "none: timed out", ""
    return done.returncode, done.stdout[-LOG_MAX:]


@pytest.mark.parametrize("program, harts, counted", machines())
def test_kernel(program, harts, counted, tmp_path):
    assert shutil.which("qemu-system-riscv64"), "QEMU is missing: install the Debian package qemu-system-misc"
    judge(*boot(pack(program, tmp_path), tmp_path, harts, counted))


@pytest.mark.parametrize("program", [p for p in PROGRAMS if "/smp" in p], ids=os.path.basename)
def test_kernel_on_mosaic(program, tmp_path):
    judge(*boot_mosaic(pack(program, tmp_path), 4))


def judge(status, log):
    plan = re.search(r"^1\.\.(\d+)", log, re.MULTILINE)
    assert plan, f"the program did not start (exit status {status}):\n{log}"
    passed = re.findall(r"^ok \d+ - (\w+)", log, re.MULTILINE)
    failed = re.findall(r"^(?:# .*\n)*not ok \d+ - \w+", log, re.MULTILINE)
    report = log[plan.start():]
    assert not failed, "\n".join(failed)
    assert len(passed) == int(plan[1]), f"ended early (exit status {status}):\n{report}"
    assert status == 0, report
