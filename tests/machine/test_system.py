"""The shell system on Mosaic as on QEMU: console, files in and out, output, exit status; one hart and several."""
import json
import os
import subprocess

import pytest

from conftest import BUILD, HOST, TOP, run

pytestmark = pytest.mark.skipif(not os.path.exists(f"{BUILD}/systems/shell.cpio"), reason="no system was built")


def tessera(*options, timeout=200):
    return run([f"{TOP}/tools/tessera", "run", "--machine", "mosaic", "--timeout", str(timeout - 20), *options],
               timeout=timeout)


@pytest.mark.parametrize("cpus", ["1", "4"])
def test_command_and_status(cpus):
    done = tessera("--cpus", cpus, "--exec", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_as_many_harts_as_there_can_be(tmp_path):
    """All 64 come up, through firmware and kernel."""
    done = tessera("--cpus", "64", "--machine-stats", tmp_path / "stats", "--exec", "echo out; exit 7", timeout=1200)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "")
    harts = json.loads((tmp_path / "stats").read_text())["harts"]
    assert len(harts) == 64
    assert min(hart["instructions"] for hart in harts) > 10000


def test_files_go_in_and_come_out(tmp_path):
    data = os.urandom(300000)
    (tmp_path / "in").write_bytes(data)
    done = tessera("--put", f"{tmp_path}/in:/in", "--exec", "cat /in | tee /copy | wc -c",
                   "--get", f"/copy:{tmp_path}/out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["300000"]
    assert (tmp_path / "out").read_bytes() == data


def boot(folder, name, typed, *options):
    """Boots the shell system, types something at the prompt, and returns the statistics and the console's output."""
    stats = folder / f"{name}.json"
    disk = folder / f"{name}.disk"
    subprocess.run(["cp", "--sparse=always", f"{BUILD}/systems/shell.disk.ext4", disk], check=True)
    machine = subprocess.Popen([f"{HOST}/bin/mosaic", "run", "--mem", "512M", "--kernel", f"{BUILD}/kernel.elf",
                                "--initrd", f"{BUILD}/systems/shell.cpio", "--disk", disk, "--port", "command=-,-",
                                "--fast", "--max-cycles", "3000000000", "--stats-json", stats, *options],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        console = b""
        while not console.endswith(b"$ "):
            byte = machine.stdout.read(1)
            assert byte, console
            console += byte
        machine.stdin.write(typed)
        machine.stdin.close()
        console += machine.stdout.read()
        assert machine.wait(timeout=60) == 124
    finally:
        machine.kill()
    result = json.loads(stats.read_text())
    del result["seconds"]
    return result, console


def test_recorded_input_is_replayed(tmp_path):
    recorded = boot(tmp_path, "first", b"echo typed $((6*7))\n", "--record", tmp_path / "log")
    assert b"typed 42" in recorded[1]
    assert boot(tmp_path, "second", b"", "--replay", tmp_path / "log") == recorded


@pytest.mark.skipif(not os.environ.get("TESSERA_TIMED"), reason="TESSERA_TIMED=1 runs it: with the timing model")
def test_with_time():
    done = tessera("--timed", "--exec", "echo out")
    assert (done.returncode, done.stdout) == (0, "out\n")
