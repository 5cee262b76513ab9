"""Machines of tiles: the bare-metal demonstrations, their results, and descriptions that are wrong."""

import array
import cmath
import json
import math
import os
import random
import re

import pytest

from conftest import BUILD, HOST, TOP, run

MOSAIC = os.path.join(TOP, HOST, "bin/mosaic")
DEMO = os.path.join(TOP, "machine/demo")
N, BLOCKS, CHAINS = 512, 32, 4
STREAM = BLOCKS * N * 4
BUILD_FOLDER = os.path.relpath(BUILD, TOP)
LIMIT = ["--max-cycles", "200000000"]


def program(name):
    return os.path.join(TOP, BUILD, "demo", name)


def fft(values, sign):
    if len(values) == 1:
        return values
    even, odd = fft(values[::2], sign), fft(values[1::2], sign)
    turned = [cmath.exp(sign * 2j * math.pi * k / len(values)) * x for k, x in enumerate(odd)]
    return [a + b for a, b in zip(even, turned)] + [a - b for a, b in zip(even, turned)]


def low_pass(block):
    factors = [math.exp(-0.5 * (min(k, N - k) / 32) ** 2) for k in range(N)]
    return [x.real / N for x in fft([x * f for x, f in zip(fft(block, -1), factors)], 1)]


def tiles(machine, *options):
    return [MOSAIC, "run", "--machine", f"{DEMO}/{machine}.tiles", *options]


def chains_command(folder, *options):
    command = tiles("chains", "--kernel", program("chains"), *LIMIT, *options)
    for chain in range(CHAINS):
        command += ["--load", f"4:{chain * 0x40000:#x}={folder}/in{chain}"]
        for way, base in (("autonomous", 0x200000), ("assisted", 0x400000)):
            command += ["--dump", f"4:{base + chain * 0x40000:#x}:{STREAM}={folder}/{way}{chain}"]
    return command


def run_chains(folder, *options):
    """Random streams through all chains in both ways; returns the printed text."""
    rng = random.Random(1)
    for chain in range(CHAINS):
        array.array("f", [rng.randrange(256) for _ in range(BLOCKS * N)]).tofile(open(f"{folder}/in{chain}", "wb"))
    done = run(chains_command(folder, *options))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read_floats(path):
    values = array.array("f")
    values.frombytes(open(path, "rb").read())
    return values


def rows(text):
    """way -> chains -> (cycles, busy percent, busy cycles per block)"""
    table = {"assisted": {}, "autonomous": {}}
    for row in re.findall(r"^(assisted|autonomous) +(\d+) +(\d+) +\d+ +([\d.]+) % +(\d+)$", text, re.M):
        table[row[0]][int(row[1])] = (int(row[2]), float(row[3]), int(row[4]))
    return table


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chains")
    return folder, run_chains(folder)


@pytest.mark.parametrize("way", ["autonomous", "assisted"])
def test_chains_compute_what_the_host_computes(chains, way):
    folder, _ = chains
    for chain in range(CHAINS):
        given, got = read_floats(f"{folder}/in{chain}"), read_floats(f"{folder}/{way}{chain}")
        assert len(got) == BLOCKS * N
        for block in range(chain, BLOCKS, 8):
            wanted = low_pass(list(given[block * N:(block + 1) * N]))
            error = max(abs(a - b) for a, b in zip(wanted, got[block * N:(block + 1) * N]))
            assert error <= 1e-5 * max(map(abs, wanted))


def test_both_ways_agree_to_the_bit(chains):
    folder, _ = chains
    for chain in range(CHAINS):
        assert open(f"{folder}/autonomous{chain}", "rb").read() == open(f"{folder}/assisted{chain}", "rb").read()


def test_autonomous_is_faster_and_leaves_the_core_alone(chains):
    table = rows(chains[1])
    for count in range(1, CHAINS + 1):
        assisted, autonomous = table["assisted"][count], table["autonomous"][count]
        assert autonomous[0] * 2.5 < assisted[0]
        assert autonomous[2] * 20 < assisted[2]
        assert autonomous[1] < 30


def test_chains_run_side_by_side(chains):
    table = rows(chains[1])["autonomous"]
    assert table[4][0] < 1.3 * table[1][0]


def test_same_input_same_cycles(chains, tmp_path):
    assert run_chains(tmp_path) == chains[1]


def test_added_latency_costs(chains, tmp_path):
    near, far = rows(chains[1]), rows(run_chains(tmp_path, "--set", "noc.extra_cycles=100"))
    for way in near:
        assert far[way][1][0] > near[way][1][0]


def pingpong(*options):
    return run(tiles("pingpong", "--kernel", program("ping"), "--tile", f"1:program={program('pong')}", *LIMIT,
                     *options))


def test_ping_pong():
    done = pingpong()
    assert done.returncode == 0, done.stdout + done.stderr
    trips = [int(cycles) for cycles in re.findall(r"^ *(\d+)  cycles per round trip", done.stdout, re.M)]
    assert len(trips) == 2
    assert all(250 <= cycles <= 600 for cycles in trips)
    parts = re.findall(r"^ *(\d+)    \S", done.stdout, re.M)
    assert len(parts) == 12 and all(int(cycles) > 0 for cycles in parts)
    assert pingpong().stdout == done.stdout


def test_distance_matters():
    def trip(*options):
        return int(re.search(r"^ *(\d+)  cycles", pingpong(*options).stdout, re.M).group(1))
    assert trip("--set", "noc.extra_cycles=50") >= trip() + 100


def test_trace(tmp_path):
    path = tmp_path / "trace.json"
    plain, traced = pingpong(), pingpong("--trace", str(path))
    assert traced.returncode == 0 and traced.stdout == plain.stdout  # watching changes nothing
    events = json.loads(path.read_text())
    starts = [e for e in events if e["ph"] == "s"]
    ends = {(e["id"], e["pid"]): e["ts"] for e in events if e["ph"] == "f"}
    assert len(starts) > 1000 and len(starts) - len(ends) <= 1  # the last one may still be under way
    assert all(e["ts"] <= max(ends.get((e["id"], tile), 0) for tile in (0, 1)) for e in starts[:-1])
    assert any(e["name"] == "asleep" for e in events)


def test_trace_of_accelerators(tmp_path):
    path = tmp_path / "trace.json"
    done = run(tiles("chains", "--kernel", program("chains"), "--trace", str(path), "--max-cycles", "300000"))
    assert done.returncode == 124
    events = json.loads(path.read_text())
    for tile, logic in ((1, "fft"), (2, "mul"), (3, "ifft")):
        mine = [e for e in events if e["pid"] == tile and e["ph"] == "B"]
        assert {"read", "write", "fetch", logic} <= {e["name"] for e in mine}


def test_windows():
    done = run(tiles("windows", "--kernel", program("windows"), *LIMIT))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("good: ") == 15 and "BAD" not in done.stdout
    fast = run(tiles("windows", "--kernel", program("windows"), *LIMIT, "--fast")).stdout
    assert fast.count("good: ") == 14 and fast.endswith("BAD:  distance costs\n"), fast  # without time it cannot


def test_interrupts():
    done = run(tiles("windows", "--kernel", program("interrupts"), *LIMIT))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("good: ") == 8 and "BAD" not in done.stdout


def test_system_boots_on_a_core_tile(tmp_path):
    path = tmp_path / "one.tiles"
    firmware = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"
    path.write_text(f"mesh 1 1\nmachine.timed = 0\ntile 0 core memory=256M firmware={firmware} "
                    f"program={TOP}/{BUILD_FOLDER}/kernel.elf initrd={TOP}/{BUILD_FOLDER}/systems/shell.cpio\n")
    done = run([MOSAIC, "run", "--machine", str(path), "--max-cycles", "300000000"])
    assert "OpenSBI" in done.stdout
    assert "init: " in done.stdout  # the kernel, root and init run; there is no disk here, and init says so


@pytest.mark.parametrize("text,line,reason", [
    ("tile 0 core memory=4M\n", 1, "not in the mesh"),
    ("mesh 2 x\n", 1, "width and a height"),
    ("mesh 9 9\n", 1, "1 to 64"),
    ("# nothing\n\nmesh 2 1\ntile 2 memory size=1M\n", 4, "not in the mesh"),
    ("mesh 2 1\ntile 0 banana\n", 2, "core, accel or memory"),
    ("mesh 2 1\ntile 0 accel\n", 2, "logic"),
    ("mesh 2 1\ntile 0 accel logic=dct\n", 2, "no such logic"),
    ("mesh 2 1\ntile 0 core memory=4M\ntile 0 memory size=1M\n", 3, "twice"),
    ("mesh 2 1\ntile 0 core memory=lots\n", 2, "not a number"),
    ("mesh 2 1\ntile 0 core memory\n", 2, "NAME=VALUE"),
    ("mesh 2 1\nmesh 2 1\n", 2, "twice"),
    ("mesh 2 1\ntile 0 memory memory=1M\n", 2, "no such property of such a tile"),
    ("mesh 2 1\nnoc.link_cycles = 0\n", 2, "must not be 0"),
    ("mesh 2 1\nmachine.timed = 2\n", 2, "0 or 1"),
    ("mesh 2 1\ntile 0 core colour=3\n", 2, "no such property"),
    ("mesh 2 1\nnoc.link_bytes = 0\n", 2, "must not be 0"),
    ("mesh 2 1\nno.such = 1\n", 2, "no such parameter"),
    ("mesh 2 1\nfoo\n", 2, "or begins with mesh or tile"),
])
def test_wrong_descriptions(tmp_path, text, line, reason):
    path = tmp_path / "wrong.tiles"
    path.write_text(text)
    done = run([MOSAIC, "run", "--machine", str(path)])
    assert done.returncode == 2
    assert f"{path}:{line}: " in done.stderr and reason in done.stderr


def test_machines_that_cannot_be(tmp_path):
    path = tmp_path / "some.tiles"
    path.write_text("mesh 1 1\ntile 0 core memory=1\n")
    assert run([MOSAIC, "run", "--machine", str(path)]).returncode == 125
    path.write_text("mesh 1 1\ntile 0 memory size=1M\n")
    assert run([MOSAIC, "run", "--machine", str(path)]).returncode not in (0, 2)
    assert run([MOSAIC, "run", "--machine", str(tmp_path / "none")]).returncode == 2
