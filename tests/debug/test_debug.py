"""What debug kernels tell, on the console, in traces and to gdb; and that release kernels tell nothing."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pexpect
import pytest

from conftest import BUILD, HOST, TOP, run

sys.path.insert(0, os.path.join(TOP, "tools"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import DEBUG_KERNEL, RELEASE_KERNEL, boot, command   # noqa: E402
from tracing import check, chrome, image   # noqa: E402


def names_of(kernel):
    done = run(["riscv64-linux-gnu-nm", kernel])
    return {line.split()[-1] for line in done.stdout.splitlines()}


def plan_holds(log):
    plan = re.search(r"^1\.\.(\d+)", log, re.MULTILINE)
    assert plan and "not ok" not in log, log
    assert len(re.findall(r"^ok ", log, re.MULTILINE)) == int(plan[1]), log


# ---- release builds

TELLTALE = ("who waits for whom", "run queues", "backtrace:")


def test_release_kernels_have_none_of_it():
    suspicious = re.compile(r"trace_|debug_(?!log$)|op_LOG_DEBUG")
    assert not [name for name in names_of(RELEASE_KERNEL) if suspicious.match(name)]
    assert [name for name in names_of(DEBUG_KERNEL) if suspicious.match(name)], "the names to look for have changed"
    release, debug = (run(["strings", "-n", "6", kernel]).stdout for kernel in (RELEASE_KERNEL, DEBUG_KERNEL))
    for text in TELLTALE:
        assert text in debug and text not in release


def test_release_kernels_refuse_the_operation(tmp_path):
    log = boot(tmp_path, kernel=RELEASE_KERNEL)
    plan_holds(log)
    assert "the kernel is a release build" in log


# ---- from programs

def test_operations(tmp_path):
    log = boot(tmp_path)
    plan_holds(log)
    assert "release build" not in log
    for part in (r"^\[threads", r"^ *\w+ running .* watched/", r"^\[tasks and their cap", r"^ +4 LOG ", r"^\[quotas",
                 r"^pool: \d+ K of", r"^\[run queues", r"^cpu 0: ", r"^\[tasks and their memory", r" xwr in watched/"):
        assert re.search(part, log, re.MULTILINE), f"{part} in:\n{log}"


@pytest.mark.parametrize("how,said,called", [("panic", "panic: asked for by a program", "op_LOG_DEBUG"),
                                             ("trap", "panic: trap in the kernel: cause 13", "debug_trap")])
def test_panics_name_functions(tmp_path, how, said, called):
    log = boot(tmp_path, append=f"watched={how}")
    assert said in log, log
    trace = log[log.index("backtrace:" if how == "panic" else said):]
    found = re.findall(r"^  [0-9a-f]{16}  (\w+)\+0x[0-9a-f]+$", trace, re.MULTILINE)
    assert called in found and "op_LOG_DEBUG" in found and "quick_operate" in found, log
    assert found.index(called) <= found.index("op_LOG_DEBUG") < found.index("quick_operate"), log


# ---- from the keyboard

def press(guest, key):
    """A break, which is Ctrl-A b in QEMU's terminal and in Mosaic's, then the key."""
    guest.send("\x01b")
    time.sleep(0.1)
    guest.send(key)


@pytest.mark.parametrize("machine", ["qemu", "mosaic"])
def test_keys(machine):
    guest = pexpect.spawn("tools/tessera", ["run", "--kernel", DEBUG_KERNEL, "--build", BUILD, "--machine", machine],
                          cwd=TOP, timeout=60, encoding="utf-8", codec_errors="replace")
    try:
        guest.expect(r"/ \$ ")
        guest.send("echo be")
        guest.expect("echo be")
        for key, said in (("t", r"calling .* for an answer of kept by"), ("r", r"cpu 0: "),
                          ("c", r"GATE +\w+ u--p label \w+ to"), ("m", r"\n  +\w+\+\w+ at \w+ x-r in"),
                          ("q", r"\n  +factory \w+: \d+ K of \d+ K; .* THREAD"),
                          ("e", "trace: on"), ("e", "trace: off"), ("?", r"t  threads.*\n.*c  tasks")):
            press(guest, key)
            guest.expect(said)
        guest.send("fore\r")          # the line being typed is whole: neither key nor break came through
        guest.expect(r"\nbefore\r")
        guest.expect(r"/ \$ ")
        guest.send("poweroff\r")
        guest.expect(pexpect.EOF)
    finally:
        guest.close(force=True)


def test_recorded_keys_are_replayed(tmp_path):
    command = ["run", "--fast", "--kernel", DEBUG_KERNEL, "--initrd", f"{BUILD}/systems/shell.cpio",
               "--mem", "64M", "--port", "command=-,-", "--disk", f"{BUILD}/systems/shell.disk.ext4", "--scratch"]
    guest = pexpect.spawn(f"{HOST}/bin/mosaic", [*command, "--record", str(tmp_path / "log")], timeout=60,
                          encoding="utf-8", codec_errors="replace")
    try:
        guest.expect(r"/ \$ ")
        press(guest, "q")
        guest.expect(r"factory \w+: \d+ K of \d+ K")
        guest.send("poweroff\r")
        guest.expect(pexpect.EOF)
    finally:
        guest.close(force=True)
    done = run([f"{HOST}/bin/mosaic", *command, "--replay", str(tmp_path / "log")], timeout=60)
    assert re.search(r"factory \w+: \d+ K of \d+ K", done.stdout) and "poweroff" in done.stdout


# ---- traces

def read_trace(folder):
    with open(folder / "ram", "rb") as ram:
        return chrome.convert(image.read(ram.read(), DEBUG_KERNEL))


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_traces(tmp_path, cpus):
    plan_holds(boot(tmp_path, cpus=cpus, append="trace=65536"))
    trace = read_trace(tmp_path)
    problems, arrows = check.check(trace, cpus)
    assert not problems
    rows = trace["traceEvents"]
    calls = [row for row in rows if row["ph"] == "s" and row["name"] == "message"]
    answers = [row for row in rows if row["ph"] == "s" and row["name"] == "reply"]
    assert arrows >= 80 and len(calls) >= 40 and len(answers) >= 40, "20 calls, twice"
    assert any(row["ph"] == "X" and row["name"].startswith("watched/") for row in rows)
    if cpus > 1:
        lanes = {(row["id"], row["ph"]): row["tid"] for row in rows if row["ph"] in "sf"}
        crossing = [number for number, end in lanes if end == "s" and lanes[number, "s"] != lanes[number, "f"]]
        assert len(crossing) >= 40, "caller and server are on two CPUs"


def test_bad_traces_are_found(tmp_path):
    boot(tmp_path, append="trace=65536")
    good = read_trace(tmp_path)
    rows = good["traceEvents"]
    arrow = next(row for row in rows if row["ph"] == "f")
    inner = next(row for row in rows if row["ph"] == "X" and row["cat"] == "kernel")
    for bad in ([row for row in rows if row is not arrow],
                [{**row, "ts": 0} if row is arrow else row for row in rows],
                [{**row, "dur": 1e9} if row is inner else row for row in rows],
                [row for row in rows if row["ph"] != "M"]):
        assert check.check({"traceEvents": bad}, 1)[0]
    assert check.check(good, 2)[0], "there is one lane only"


@pytest.mark.parametrize("machine", ["qemu", "mosaic"])
def test_launcher_writes_traces(tmp_path, machine):
    out = tmp_path / "trace.json"
    done = run(["tools/tessera", "run", "--build", BUILD, "--kernel", DEBUG_KERNEL, "--trace", str(out),
                "--machine", machine, "--exec", "seq 1 1000 | tail -n 1", "--timeout", "100"], timeout=120)
    assert (done.returncode, done.stdout) == (0, "1000\n"), done.stderr
    problems, arrows = check.check(json.loads(out.read_text()), 1)
    assert not problems and arrows > 500
    assert "0 problems" in run(["tools/trace", "--check", str(out)]).stdout


def test_release_kernels_have_no_trace(tmp_path):
    done = run(["tools/tessera", "run", "--build", BUILD, "--trace", str(tmp_path / "t"), "--exec", "true"])
    assert done.returncode == 125 and "has no trace" in done.stderr
    (tmp_path / "ram").write_bytes(bytes(1 << 20))
    done = run(["tools/trace", str(tmp_path / "ram"), "--kernel", DEBUG_KERNEL, "-o", str(tmp_path / "t")])
    assert done.returncode == 1 and "trace:" in done.stderr and not (tmp_path / "t").exists()


# ---- gdb

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def look(folder, kernel, commands):
    """Runs gdb's commands on a system that stands at its first instruction; gives what gdb printed."""
    port = free_port()
    machine = subprocess.Popen(command(folder, f"{BUILD}/systems/shell.cpio", kernel=kernel, append="trace",
                                       more=["-S", "-gdb", f"tcp:127.0.0.1:{port}"]))
    script = folder / "script"
    script.write_text("\n".join(["set pagination off", "set confirm off", "set tcp auto-retry on",
                                 f"target remote 127.0.0.1:{port}", *commands]), encoding="ascii")
    try:
        done = run(["gdb-multiarch", "-q", "-batch", "-x", f"{TOP}/tools/gdb/tessera.py", "-x", script, kernel])
        return done.stdout + done.stderr
    finally:
        machine.send_signal(signal.SIGKILL)
        machine.wait()


# The machine stands in the kernel when a program prepares its thread; then in user mode, where that goes on.
VIEWS = ["break op_THREAD_CONTROL", "continue", "ignore 1 12", "continue", "tessera threads", "tessera caps",
         "thbreak *cpu_table[0]->current->hot.pc", "delete 1", "continue", "printf \"mode %d\\n\", $priv",
         "tessera tasks", "tessera maps", "tessera queues", "tessera quotas", "printf \"mode %d\\n\", $priv"]


@pytest.mark.parametrize("kernel", [RELEASE_KERNEL, DEBUG_KERNEL], ids=["release", "debug"])
def test_gdb(tmp_path, kernel):
    assert shutil.which("gdb-multiarch"), "gdb is missing: install the Debian package gdb-multiarch"
    out = look(tmp_path, kernel, VIEWS)
    assert "Python Exception" not in out and "Error" not in out, out
    assert out.count("mode 0") == 2, out
    for part in (r"^ +\w+ wait .* for anybody", r"^ +\w+ running ", r"^ +\d+ gate .* label \w+ to \w+ \(",
                 r"^\S+/\w+: \d+ capabilities, \d+ pages, threads \w+", r"^  +\w+\+\w+ at \w+ x-r in ",
                 r"^cpu 0: \w+ \(", r"^factory 0: \d+ K of \d+ K; .*1 thread", r"^  factory \w+: "):
        assert re.search(part, out, re.MULTILINE), f"{part} in:\n{out}"


def test_gdb_shows_the_trace(tmp_path):
    out = look(tmp_path, DEBUG_KERNEL, ["break op_THREAD_CONTROL", "continue", "continue", "tessera trace 30"])
    assert "tracing is on" in out and re.search(r"^cpu 0: \d\d+ records", out, re.MULTILINE), out
    assert re.search(r"^ +\d+ entry +thread +\w+  8 ", out, re.MULTILINE), out
    out = look(tmp_path, RELEASE_KERNEL, ["break op_THREAD_CONTROL", "continue", "tessera trace"])
    assert "this kernel has no trace" in out


def test_gdb_knows_all_views(tmp_path):
    out = look(tmp_path, DEBUG_KERNEL, ["break op_THREAD_CONTROL", "continue", "tessera all", "tessera nonsense"])
    for view in ("threads", "tasks", "caps", "maps", "queues", "quotas", "trace"):
        assert f"--- {view}" in out, out
    assert "tessera threads | tasks" in out
