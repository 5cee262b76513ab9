"""
The page tables as the machine reads them: no page that users can reach is executable in the kernel's half, none of the
kernel's is open to users, and none is both writable and executable there.
"""
import os
import re
import socket
import subprocess
import time

from conftest import BUILD
from test_kernel import pack

USER_END, KERNEL_START = 1 << 38, 0xffffffc000000000
KERNEL_TEXT_MAX = 64 << 10
PROGRAM = f"{BUILD}/test/kernel/isolation"


def ask(path, command):
    """One command to QEMU's monitor; its answer."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(20)
        monitor.connect(path)
        monitor.sendall(command.encode() + b"\nquit\n")
        answer = b""
        while piece := monitor.recv(65536):
            answer += piece
    return answer.decode(errors="replace")


def wait_for(log, text):
    end = time.monotonic() + 60
    while time.monotonic() < end and not (log.exists() and text in log.read_bytes()):
        time.sleep(0.1)


def page_tables(folder):
    """The mappings of the first task, when it has run: rows of (virtual address, size, attributes)."""
    log, monitor = folder / "log", str(folder / "monitor")
    command = ["qemu-system-riscv64", "-machine", "virt", "-m", "64M", "-nodefaults", "-display", "none",
               "-append", "hold", "-monitor", f"unix:{monitor},server,nowait",
               "-chardev", f"file,id=console,path={log}",
               "-serial", "chardev:console", "-kernel", f"{BUILD}/kernel.elf", "-initrd", str(pack(PROGRAM, folder))]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as machine:
        try:
            wait_for(log, b"kernel_half_is_out_of_reach")
            answer = ask(monitor, "info mem")
            machine.wait(20)
        finally:
            machine.kill()
    row = re.compile(r"^([0-9a-f]{16}) [0-9a-f]{16} ([0-9a-f]{16}) ([-rwxugad]{7})", re.MULTILINE)
    return [(int(at, 16), int(size, 16), what) for at, size, what in row.findall(answer)]


def test_user_and_kernel_pages_are_apart(tmp_path):
    rows = page_tables(tmp_path)
    kernel = [row for row in rows if row[0] >= KERNEL_START]
    users = [row for row in rows if row[0] < USER_END]
    assert len(kernel) + len(users) == len(rows) and kernel and users
    for at, size, what in users:
        assert "u" in what, f"{at:x}: the kernel could execute it"
    for at, size, what in kernel:
        assert "u" not in what, f"{at:x}: open to users"
        assert not ("w" in what and "x" in what), f"{at:x}: writable and executable"
    text = sum(size for at, size, what in kernel if "x" in what)
    assert 0 < text <= KERNEL_TEXT_MAX, "more than the kernel's own text is executable in the kernel"
