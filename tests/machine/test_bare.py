"""Bare-metal programs give the same output on QEMU and on Mosaic: registers, memory, traps.

QEMU's model is told to have only the extensions that Mosaic has. Its -smp 2 makes atomic instructions trap as they
should (with one hart it splits them into a load and a store)."""
import pathlib
import subprocess

import pytest

from conftest import BUILD, HOST

PROGRAMS = pathlib.Path(BUILD) / "tests/machine"
MOSAIC = pathlib.Path(HOST) / "bin/mosaic"
NAMES = sorted(p.name[5:-2] for p in pathlib.Path(__file__).parent.glob("bare_*.c"))

QEMU = ["qemu-system-riscv64", "-M", "virt", "-m", "128M", "-smp", "2", "-bios", "none", "-display", "none",
        "-cpu", "rv64,zba=false,zbb=false,zbc=false,zbs=false,h=false", "-serial", "stdio", "-monitor", "none"]


def output(command):
    """What the program printed; it must power the machine off with success."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    return done.stdout.decode().splitlines()


def on_mosaic(program, *options):
    return output([MOSAIC, "run", "--bios", "none", "--kernel", program, "--cpus", "2", "--max-cycles", "2000000000",
                   *options])


@pytest.mark.parametrize("name", NAMES)
def test_same_as_qemu(name):
    program = PROGRAMS / name
    expected = output([*QEMU, "-kernel", program])
    assert len(expected) > 5
    for number, (want, have) in enumerate(zip(expected, on_mosaic(program, "--fast"))):
        assert have == want, f"line {number + 1}"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "torture"])  # that one is long
def test_time_changes_nothing(name):
    program = PROGRAMS / name
    assert on_mosaic(program) == on_mosaic(program, "--fast")
