"""What Mosaic offers beside running: determinism, checkpoints, regions of interest, sweeps, traces, errors."""
import json
import os
import re
import subprocess

import pytest

from conftest import BUILD, HOST, run

MOSAIC = f"{HOST}/bin/mosaic"
WORK = f"{BUILD}/tests/machine/work"


def mosaic(*options, program=WORK, status=0):
    done = run([MOSAIC, "run", "--bios", "none", "--kernel", program, *options])
    assert done.returncode == status, done.stdout + done.stderr
    return done


def stats(tmp_path, *options):
    path = tmp_path / "stats.json"
    done = mosaic("--stats-json", path, *options)
    return json.loads(path.read_text()), done.stdout


def test_same_cycles_on_every_run(tmp_path):
    traces = []
    results = []
    for name in "ab":
        path = tmp_path / name
        results.append(stats(tmp_path, "--trace", path)[0])
        traces.append(path.read_bytes())
        del results[-1]["seconds"]
    assert results[0] == results[1]
    assert traces[0] == traces[1]


def test_watching_takes_no_time(tmp_path):
    watched, _ = stats(tmp_path, "--trace", tmp_path / "t", "--profile", tmp_path / "p", "--symbols", WORK)
    alone, _ = stats(tmp_path)
    assert watched["cycles"] == alone["cycles"]


def test_restored_machine_goes_on_as_if_never_stopped(tmp_path):
    point = tmp_path / "point"
    whole, out = stats(tmp_path, "--save", point)
    rest, tail = stats(tmp_path, "--restore", point)
    assert tail and out.endswith(tail) and tail != out
    assert rest["harts"][0]["branch"] > whole["harts"][0]["branch"]
    again, _ = stats(tmp_path, "--restore", point)
    assert again["cycles"] == rest["cycles"]
    # A region that was begun is not known to the restored run, so it counts from reset to the end.
    mosaic("--max-cycles", str(rest["cycles"]))
    straight = mosaic("--max-cycles", str(rest["cycles"] - 200), status=124)
    assert straight.stdout == out[:len(straight.stdout)]


def test_checkpoint_of_another_machine_is_refused(tmp_path):
    point = tmp_path / "point"
    mosaic("--save", point)
    done = mosaic("--restore", point, "--cpus", "2", status=125)
    assert "is a checkpoint of another machine" in done.stderr


def test_damaged_checkpoint_is_refused(tmp_path):
    point = tmp_path / "point"
    mosaic("--save", point)
    data = point.read_bytes()
    for length in (8, 15, 16, 10000, len(data) - 8, len(data) - 1):
        point.write_bytes(data[:length])
        assert "is damaged" in mosaic("--restore", point, status=125).stderr
    point.write_bytes(data + b"x")
    assert "is damaged" in mosaic("--restore", point, status=125).stderr
    for where in range(8, len(data), len(data) // 60):
        changed = bytearray(data)
        changed[where] ^= 1 << where % 8
        point.write_bytes(changed)
        assert "is damaged" in mosaic("--restore", point, status=125).stderr
    for text in (b"", b"MOSAIC", b"something else"):
        point.write_bytes(text)
        assert "is not a checkpoint" in mosaic("--restore", point, status=125).stderr


def test_region_of_interest(tmp_path):
    region, _ = stats(tmp_path)
    done = mosaic("--stats")
    assert f"cycles {region['cycles']}," in done.stderr
    whole = run([MOSAIC, "run", "--bios", "none", "--kernel", f"{BUILD}/tests/machine/mmu", "--stats"])
    assert "MIPS" in whole.stderr


def test_sweep():
    done = run([MOSAIC, "sweep", "--vary", "core.fp_div_d=10,60", "--vary", "l1d.size=4096,16384",
                "--", "--bios", "none", "--kernel", WORK])
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows[1:]] == [["10", "4096"], ["10", "16384"], ["60", "4096"], ["60", "16384"]]
    cycles = [int(row[2]) for row in rows[1:]]
    assert cycles[0] > cycles[1] and cycles[2] > cycles[3], "a smaller cache misses more"
    assert cycles[2] - cycles[0] > 4 * 4000 * 40, "each division waits for the one before"


def test_profile_names_functions(tmp_path):
    profile, flame = tmp_path / "profile", tmp_path / "flame"
    mosaic("--symbols", WORK, "--profile", profile, "--flame", flame)
    top = profile.read_text().splitlines()[1]
    assert top.endswith(" sort") and float(top.split()[0]) > 40
    assert re.search(r"^_start;main;sort \d+$", flame.read_text(), re.M)


def test_trace_is_json(tmp_path):
    path = tmp_path / "trace"
    mosaic("--trace", path)
    events = json.loads(path.read_text())
    assert {"M", "B", "E", "C"} <= {e["ph"] for e in events}
    depth = sum({"B": 1, "E": -1}.get(e["ph"], 0) for e in events)
    assert depth == 0


def test_trace_names_functions_that_traps_interrupt(tmp_path):
    path = tmp_path / "trace"
    program = f"{BUILD}/tests/machine/priv"
    mosaic("--trace", path, "--symbols", program, program=program)
    traps = {e["name"] for e in json.loads(path.read_text()) if e["ph"] == "i"}
    assert any(re.fullmatch(r"ecall from [US] in \w+", name) for name in traps), traps


def test_progress_is_shown_to_people_who_wait(tmp_path):
    """On a terminal, when stdout goes elsewhere and it lasts; and the line is gone at the end."""
    program = tmp_path / "loop"
    program.write_bytes(b"\x6f\x00\x00\x00")  # a jump to itself
    inside, outside = os.openpty()
    with subprocess.Popen([MOSAIC, "run", "--bios", "none", "--kernel", program], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=outside) as machine:
        try:
            os.close(outside)
            text = b""
            while b"MIPS" not in text:
                text += os.read(inside, 1000)
            machine.terminate()
            assert machine.wait(timeout=60) == 0
            text += os.read(inside, 1000)
        finally:
            machine.kill()
            os.close(inside)
    assert re.match(rb"\rmosaic: [\d.]+ s simulated, [1-9]\d* MIPS", text), text
    assert text.endswith(b" \r")


def test_window_counts_what_is_between_two_functions():
    done = mosaic("--symbols", WORK, "--window", "sort,sum")
    assert "passed 4 times" in done.stderr
    machine = re.search(r"machine +([\d.]+) +([\d.]+)", done.stderr)
    assert 100000 < float(machine[1]) < float(machine[2])


def test_stretch_is_between_two_looks_for_interrupts(tmp_path):
    """On a load of the kernel's: the longest is one of thousands, and made of its functions."""
    listing, archive = tmp_path / "list", tmp_path / "archive"
    listing.write_text(f"root {BUILD}/bench/latency\n")
    run(["tools/image", "archive", str(listing), "-o", str(archive)])
    kernel = f"{BUILD}/kernel.elf"
    done = run([MOSAIC, "run", "--fast", "--kernel", kernel, "--initrd", str(archive), "--append", "gate_deleted",
                "--symbols", kernel, "--stretch"], timeout=120)
    found = re.search(r"^longest of (\d+) stretches .*: (\d+) instructions\n  from \S+ to \S+ on hart 0\n((?:  .*\n)+)",
                      done.stderr, re.MULTILINE)
    assert found, done.stderr
    assert int(found[1]) > 1000 and int(found[2]) > 300
    assert sum(int(n) for n in re.findall(r"^ +(\d+) ", found[3], re.MULTILINE)) == min(int(found[2]), 1 << 16)


def test_fast_mode_counts_instructions(tmp_path):
    result, _ = stats(tmp_path, "--fast")
    assert result["cycles"] == result["instructions"]


@pytest.mark.parametrize("text, message", [
    ("core.mul = 0", ":1: core.mul must be 1 to 64"),
    ("\n# fine\nmachine.harts = 2\ncore.nothing = 1", ":4: there is no such parameter"),
    ("core.mul", ":1: a line is `name = value`"),
    ("core.mul = lots", ":1: the value is not a number"),
])
def test_descriptions_are_checked(tmp_path, text, message):
    path = tmp_path / "machine"
    path.write_text(text)
    done = mosaic("--machine", path, status=2)
    assert f"{path}{message}" in done.stderr


def test_description_of_defaults_is_a_description(tmp_path):
    path = tmp_path / "machine"
    path.write_text(run([MOSAIC, "describe"]).stdout)
    assert stats(tmp_path, "--machine", path)[0]["cycles"] == stats(tmp_path)[0]["cycles"]


@pytest.mark.parametrize("options, message", [
    (["--kernel", "/nowhere"], "/nowhere: cannot be opened"),
    (["--cpus", "65"], "1 to 64"),
    (["--mem", "7"], "memory must be"),
    (["--mem", "1X"], "not a valid SIZE"),
    (["--disk", "/nowhere"], "/nowhere: cannot be opened"),
    (["--nonsense"], "there is no option '--nonsense'"),
    (["--set", "l1d.size=5000"], "a cache's size must be"),
])
def test_errors_say_what_is_wrong(options, message):
    done = run([MOSAIC, "run", "--bios", "none", *options])
    assert done.returncode in (2, 125)
    assert message in done.stderr


NET = f"{BUILD}/tests/machine/net"


@pytest.mark.parametrize("cpus", [1, 3])
def test_network_input_is_recorded_and_replayed(tmp_path, cpus):
    """The replay has the same frames at the same cycles, and needs nobody on the other side: a frame that was changed
    in the log is what the guest sees."""
    log = tmp_path / "log"
    options = ["--cpus", str(cpus), "--net", "--max-cycles", "100000000"]
    live = mosaic(*options, "--record", log, program=NET)
    lines = live.stdout.splitlines()
    assert lines[1::3] == ["operation 0000000000000002"] * 3, "ARP answers"
    assert mosaic(*options, "--replay", log, program=NET).stdout == live.stdout
    data = bytearray(log.read_bytes())
    frames = [m.start() for m in re.finditer(rb"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", data)]
    assert len(frames) == 3
    data[frames[1] + 9] = 9
    log.write_bytes(data)
    other = mosaic(*options, "--replay", log, program=NET).stdout.splitlines()
    assert other[4] == "operation 0000000000000009"
    assert other[:3] == lines[:3] and other[5::3] == lines[5::3]


def test_without_net_there_is_no_network(tmp_path):
    mosaic("--max-cycles", "10000000", program=NET, status=124)
