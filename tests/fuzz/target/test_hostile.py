"""Hostile tasks on the target while a client and a server keep count: on one hart, and four, in turns or at once."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, run
from test_kernel import pack

ROUNDS = int(os.environ.get("HOSTILE_ROUNDS", "8"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
IN_TURNS = ["-icount", "shift=3,sleep=off"]  # time is counted in instructions: the same seed gives the same run
MACHINES = {"1": ["-smp", "1", *IN_TURNS], "4": ["-smp", "4", *IN_TURNS], "4 at once": ["-smp", "4"]}


def boot(archive, log, options):
    command = ["qemu-system-riscv64", "-machine", "virt", "-m", "64M", *options, "-nodefaults", "-display", "none",
               "-no-reboot", "-monitor", "none", "-chardev", f"file,id=console,path={log}",
               "-serial", "chardev:console", "-kernel", f"{BUILD}/kernel.elf", "-initrd", str(archive),
               "-append", f"rounds={ROUNDS} seed={SEED}"]
    try:
        return run(command, timeout=60 + 5 * ROUNDS).returncode
    except subprocess.TimeoutExpired:
        return "none: timed out"


@pytest.mark.parametrize("machine", MACHINES)
def test_hostile(machine, tmp_path):
    log = tmp_path / "log"
    status = boot(pack(f"{BUILD}/test/hostile", tmp_path), log, MACHINES[machine])
    text = log.read_bytes()[-1 << 20:].decode(errors="replace")
    assert re.search(r"^ok 1 - pair_loses_no_call", text, re.MULTILINE), f"exit status {status}:\n{text}"
    assert status == 0
