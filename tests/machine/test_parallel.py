"""Tiles simulated in several threads, stopped, saved and restored: always the same machine, to cycle and byte."""
import json
import os
import re

import pytest

from conftest import BUILD, HOST, TOP, run

MOSAIC = f"{HOST}/bin/mosaic"
RACES = f"{HOST}/tsan/mosaic"
DEMO = f"{TOP}/machine/demo"

MACHINES = {
    "crowd": ["--kernel", f"{BUILD}/demo/crowd"] + [word for tile in range(1, 16)
                                                    for word in ("--tile", f"{tile}:program={BUILD}/demo/worker")],
    "pingpong": ["--kernel", f"{BUILD}/demo/ping", "--tile", f"1:program={BUILD}/demo/pong"],
    "chains": ["--kernel", f"{BUILD}/demo/chains"],
    "windows": ["--kernel", f"{BUILD}/demo/windows"],
}


def mosaic(name, *options, status=0, program=MOSAIC):
    done = run([program, "run", "--machine", f"{DEMO}/{name}.tiles", "--set", "machine.timed=0", *MACHINES[name],
                *map(str, options)], timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def whole_run(tmp_path, name, *options, **how):
    """What a run prints and counts."""
    stats = tmp_path / "stats.json"
    done = mosaic(name, "--stats-json", stats, *options, **how)
    result = json.loads(stats.read_text())
    del result["seconds"]
    return done.stdout, result


def state_at(tmp_path, name, cycle, *options):
    """The whole machine at a cycle, as a checkpoint."""
    path = tmp_path / "state"
    mosaic(name, "--save", path, "--save-at", cycle, "--max-cycles", cycle, *options, status=124)
    return path.read_bytes()


# Long runs are cut short: on a busy host threads that wait for each other take a multiple of the time of one.
@pytest.mark.parametrize("name, limit", [("crowd", 100000), ("pingpong", None), ("chains", 600000), ("windows", None)])
def test_threads_make_no_difference(tmp_path, name, limit):
    options = ["--set", "machine.timed=1"] + (["--max-cycles", limit] if limit else [])
    status = 124 if limit else 0
    alone = whole_run(tmp_path, name, *options, status=status)
    for threads in (2, 2, 3):
        assert whole_run(tmp_path, name, *options, "--host-threads", threads, status=status) == alone


@pytest.mark.parametrize("name", ["crowd", "pingpong", "chains"])
def test_state_is_equal_byte_by_byte(tmp_path, name):
    for cycle in (12345, 60001):
        alone = state_at(tmp_path, name, cycle)
        for threads in (2, 2, 4):
            assert state_at(tmp_path, name, cycle, "--host-threads", threads) == alone


def test_slow_and_fast_networks(tmp_path):
    for setting in ("noc.extra_cycles=100", "noc.router_cycles=0", "tcu.send=0", "noc.link_bytes=1",
                    "noc.buffer_flits=1"):
        alone = whole_run(tmp_path, "crowd", "--set", setting, "--max-cycles", "80000", status=124)
        both = whole_run(tmp_path, "crowd", "--set", setting, "--max-cycles", "80000", "--host-threads", 2, status=124)
        assert alone == both


def test_full_buffers_hold_packets_back(tmp_path):
    def waiting(flits, *options):
        counts = whole_run(tmp_path, "chains", "--set", f"noc.buffer_flits={flits}", *options)[1]
        return counts["cycles"], counts["network"]["waiting"]
    assert waiting(0) == waiting(100000)
    assert waiting(1) != waiting(0)
    assert waiting(1) == waiting(1, "--host-threads", 2)


@pytest.mark.parametrize("name", ["crowd", "chains"])
def test_no_data_races(tmp_path, name):
    plain = whole_run(tmp_path, name, "--max-cycles", "100000", status=124)
    watched = whole_run(tmp_path, name, "--max-cycles", "100000", "--host-threads", 2, status=124, program=RACES)
    assert watched == plain  # a race would have been reported with another status


# At 230,000 cycles the second of two ways works, at 30,000 tiles are being configured.
@pytest.mark.parametrize("name, cycles", [("pingpong", (5000, 100000)), ("chains", (30000, 230000)),
                                          ("crowd", (90000,))])
def test_restored_machine_goes_on_as_if_never_stopped(tmp_path, name, cycles):
    def timed(*options, **how):
        return whole_run(tmp_path, name, "--set", "machine.timed=1", *options, **how)

    whole = timed()
    later = tmp_path / "later"
    for cycle in cycles:
        point = tmp_path / "point"
        saved = timed("--save", point, "--save-at", cycle)
        assert saved == whole, "saving changes nothing"
        tail, counted = timed("--restore", point)
        assert whole[0].endswith(tail)
        for hart, first in zip(counted["harts"], whole[1]["harts"]):
            assert hart == first
        assert counted["cycles"] == whole[1]["cycles"] and counted["network"] == whole[1]["network"]
        until = cycle + 5000
        timed("--restore", point, "--host-threads", 2, "--save", later, "--save-at", until, "--max-cycles", until,
              status=124)
        straight = later.read_bytes()
        timed("--save", later, "--save-at", until, "--max-cycles", until, status=124)
        assert later.read_bytes() == straight


def test_checkpoint_of_another_machine_is_refused(tmp_path):
    point = tmp_path / "point"
    mosaic("chains", "--save", point, "--save-at", 50000)
    for other in (["--tile", "4:size=8M"], ["--tile", "1:cycles=7"], ["--tile", "2:endpoints=64"],
                  ["--set", "noc.extra_cycles=1"], ["--set", "machine.timed=1"]):
        done = mosaic("chains", "--restore", point, *other, status=125)
        assert "is a checkpoint of another machine" in done.stderr
    done = mosaic("windows", "--restore", point, status=125)
    assert "is a checkpoint of another machine" in done.stderr
    data = point.read_bytes()
    for length in range(8, len(data), len(data) // 9):
        point.write_bytes(data[:length])
        assert "is damaged" in mosaic("chains", "--restore", point, status=125).stderr


def test_traces_need_one_thread(tmp_path):
    done = mosaic("pingpong", "--trace", tmp_path / "t", "--host-threads", 2, status=2)
    assert "single thread" in done.stderr
    assert "1 to 16" in mosaic("pingpong", "--host-threads", 17, status=2).stderr


def test_same_trace_on_every_run(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        mosaic("pingpong", "--trace", path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_statistics_in_text_and_json(tmp_path):
    stats = tmp_path / "stats.json"
    done = mosaic("chains", "--stats", "--stats-json", stats)
    result = json.loads(stats.read_text())
    assert [tile["kind"] for tile in result["tiles"]][:5] == ["core", "accel", "accel", "accel", "memory"]
    assert result["tiles"][1]["blocks"] == 32 and result["tiles"][1]["logic"] == "fft"
    assert result["harts"][0]["instructions"] == result["instructions"] > 100000
    assert f"network: {result['network']['packets']} packets" in done.stderr
    assert re.search(r"tile  1 accel  fft +32 blocks", done.stderr)


def test_sweep():
    done = run([MOSAIC, "sweep", "--vary", "noc.extra_cycles=0,40", "--vary", "tcu.mmio=6,20", "--",
                "--machine", f"{DEMO}/pingpong.tiles", *MACHINES["pingpong"]])
    assert done.returncode == 0, done.stderr
    cycles = [int(line.split()[2]) for line in done.stdout.splitlines()[1:]]
    assert len(cycles) == 4 and cycles[0] < cycles[1] < cycles[3] and cycles[0] < cycles[2] < cycles[3]


def test_profiles_of_all_cores(tmp_path):
    profile, flame = tmp_path / "profile", tmp_path / "flame"
    mosaic("pingpong", "--symbols", f"0:{BUILD}/demo/ping", "--symbols", f"1:{BUILD}/demo/pong", "--profile", profile,
           "--flame", flame)
    assert re.search(r" tcu_\w+$", profile.read_text(), re.M)
    assert re.search(r"^_start;main;measure;plain_round_trips;tcu_send \d+$", flame.read_text(), re.M)
    assert re.search(r"^_start;main;tcu_reply \d+$", flame.read_text(), re.M), "each tile has its own symbols"
    assert "no such core tile" in mosaic("pingpong", "--symbols", f"7:{BUILD}/demo/ping", "--profile", profile,
                                         status=125).stderr
    done = mosaic("pingpong", "--symbols", f"{BUILD}/demo/ping", "--window", "tcu_send,tcu_fetch")
    assert "passed" in done.stderr


def test_trace_shows_cores_and_messages(tmp_path):
    path = tmp_path / "trace"
    mosaic("pingpong", "--trace", path)
    events = json.loads(path.read_text())
    assert {(e["pid"], e["name"]) for e in events if e["ph"] == "B"} >= {(0, "machine"), (1, "machine"), (0, "message")}
    assert any(e["ph"] == "C" and e["name"] == "hart 1 instructions" for e in events)
    depth = sum({"B": 1, "E": -1}.get(e["ph"], 0) for e in events)
    assert depth == 0


@pytest.mark.skipif(not os.path.exists(f"{BUILD}/systems/shell.cpio"), reason="no system was built")
def test_shell_on_a_core_tile(tmp_path):
    """A tile has disk, console ports and terminal as a board; a checkpoint at the prompt goes on with a command."""
    path = tmp_path / "one.tiles"
    disk = tmp_path / "disk"
    run(["cp", "--sparse=always", f"{BUILD}/systems/shell.disk.ext4", disk])
    path.write_text("mesh 2 1\nmachine.timed = 0\ntile 0 core memory=512M "
                    "firmware=/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin "
                    f"program={BUILD}/kernel.elf initrd={BUILD}/systems/shell.cpio disk={disk}\n"
                    "tile 1 memory size=1M\n")
    (tmp_path / "typed").write_bytes(b"echo typed $((6*7))\n")
    done = run([MOSAIC, "run", "--machine", path, "--port", f"command={tmp_path}/typed,-", "--max-cycles", "600000000"])
    assert "OpenSBI" in done.stdout and "$ " in done.stdout, done.stdout + done.stderr
