"""gdb-multiarch debugs a bare-metal program on Mosaic: breakpoints, watchpoints, steps, registers, memory, harts."""
import socket
import subprocess

from conftest import BUILD, HOST, run

MOSAIC = f"{HOST}/bin/mosaic"
PROGRAM = f"{BUILD}/tests/machine/priv"

SCRIPT = """
set pagination off
set confirm off
target remote 127.0.0.1:{port}
break main
continue
info threads
watch trap_cause
continue
print/x trap_cause
set var $before = $pc
stepi
print $pc > $before
print/x $fcsr
set var scratch[1] = 0x1234567
print/x scratch[1]
delete
continue
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_debugger(tmp_path):
    port = free_port()
    script = tmp_path / "script"
    script.write_text(SCRIPT.format(port=port), encoding="ascii")
    machine = subprocess.Popen([MOSAIC, "run", "--fast", "--bios", "none", "--kernel", PROGRAM, "--cpus", "2",
                                "--gdb", str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        done = run(["gdb-multiarch", "-q", "-batch", "-ex", "set tcp auto-retry on", "-x", script, PROGRAM])
        out = done.stdout
        assert "hit Breakpoint 1, main ()" in out, out + done.stderr
        assert "Thread 2 (hart 1)" in out
        assert "$1 = 0x8000000000000001" in out, "the watchpoint stops where the first interrupt is recorded"
        assert "$2 = 1" in out
        assert "$4 = 0x1234567" in out
        assert "exited normally" in out
        assert machine.wait(timeout=60) == 0
    finally:
        machine.kill()


TILES = """
set pagination off
set confirm off
target remote 127.0.0.1:{port}
info threads
break round_trip
continue
thread 2
add-symbol-file {pong}
print/x $pc >= 0x80000000
thread 1
delete
stepi
stepi
print message[0] & 2
watch message[0]
continue
print message[0]
delete
continue
"""


def test_debugger_sees_all_tiles(tmp_path):
    """Threads are the cores of tiles, whose programs lie at the same addresses."""
    port = free_port()
    script = tmp_path / "script"
    script.write_text(TILES.format(port=port, pong=f"{BUILD}/demo/pong"), encoding="ascii")
    command = [MOSAIC, "run", "--machine", "machine/demo/pingpong.tiles", "--kernel", f"{BUILD}/demo/ping",
               "--tile", f"1:program={BUILD}/demo/pong", "--gdb", str(port)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as machine:
        try:
            done = run(["gdb-multiarch", "-q", "-batch", "-ex", "set tcp auto-retry on", "-x", script,
                        f"{BUILD}/demo/ping"])
            out = done.stdout
            assert "Thread 1 (tile 0)" in out and "Thread 2 (tile 1)" in out, out + done.stderr
            assert "hit Breakpoint 1, round_trip" in out
            assert "$1 = 0x1" in out and "$2 = 2" in out
            assert "Old value" in out and "$3 = 1" in out, "the second measurement is about to begin"
            assert "exited normally" in out
            assert machine.stdout.read() == run(command[:-2]).stdout, "watching takes no time"
            assert machine.wait(timeout=60) == 0
        finally:
            machine.kill()
