"""The drivers on QEMU's devices: small systems with one client each (driver_test.c, restart_test.c), judged from both
sides."""
import os
import re
import selectors
import socket
import struct
import subprocess
import time

from conftest import BUILD

SECTOR = 512
SECTORS = 8192
WRITTEN = range(1000, 1128)  # sectors that the guest writes
SECONDS = 60
LOG_MAX = 1 << 20
TESTS = 16
BAD_SECTOR = """
[inject-error]
event = "read_aio"
errno = "5"
sector = "4000"
"""
COMPLEMENT = bytes(255 - i for i in range(256))


def make_disk(path):
    """Each sector full of 32-bit words that tell its number."""
    with open(path, "wb") as disk:
        for sector in range(SECTORS):
            disk.write(struct.pack("<I", 0x5EED0000 + sector) * (SECTOR // 4))


def check_disk(path):
    with open(path, "rb") as disk:
        data = disk.read()
    words = struct.unpack("<%dI" % (len(data) // 4), data)
    for sector in range(SECTORS):
        for i in range(SECTOR // 4):
            written = sector in WRITTEN
            expected = (sector - WRITTEN.start) * SECTOR + 4 * i if written else 0x5EED0000 + sector
            assert words[sector * SECTOR // 4 + i] == expected, f"sector {sector}, word {i}"


def answer_port(end, machine):
    """Answers each byte from the guest by its complement until the machine has ended; returns how many bytes came."""
    end.setblocking(False)
    waiting, count, deadline = bytearray(), 0, time.monotonic() + SECONDS
    with selectors.DefaultSelector() as ready:
        ready.register(end, selectors.EVENT_READ)
        while machine.poll() is None and time.monotonic() < deadline:
            ready.modify(end, selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0))
            for _, events in ready.select(0.1):
                if events & selectors.EVENT_READ:
                    data = end.recv(65536)
                    if not data:
                        return count
                    count += len(data)
                    waiting += data.translate(COMPLEMENT)
                if events & selectors.EVENT_WRITE:
                    del waiting[:end.send(waiting)]
    return count


def boot(system, disk, log):
    """Runs a system until it switches itself off; returns its exit status and how many bytes its port sent."""
    ours, theirs = socket.socketpair()
    (disk.parent / "errors").write_text(BAD_SECTOR)
    command = ["qemu-system-riscv64", "-machine", "virt", "-m", "64M", "-nodefaults", "-display", "none", "-no-reboot",
               "-monitor", "none", "-chardev", f"file,id=console,path={log}", "-serial", "chardev:console",
               "-global", "virtio-mmio.force-legacy=false", "-kernel", f"{BUILD}/kernel.elf",
               "-initrd", f"{BUILD}/test/drivers/{system}.cpio",
               "-drive", f"if=none,id=disk0,file=blkdebug:{disk.parent}/errors:{disk},format=raw,rerror=report",
               "-device", "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0",
               "-device", "virtio-serial-device,bus=virtio-mmio-bus.1,max_ports=2",
               "-chardev", f"socket,id=channel,fd={theirs.fileno()}",
               "-device", "virtserialport,chardev=channel,name=command,nr=1"]
    with ours, subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)) as machine:
        theirs.close()
        count = answer_port(ours, machine)
        if machine.poll() is None:
            machine.kill()
        return machine.wait(), count


def run_system(system, folder):
    """Boots a system on a fresh disk; returns what it printed and how many bytes its port sent."""
    disk, log = folder / "disk", folder / "log"
    make_disk(disk)
    status, count = boot(system, disk, log)
    text = log.read_bytes()[-LOG_MAX:].decode(errors="replace")
    assert "end of tests" in text, f"ended early (exit status {status}):\n{text}"
    assert status == 0, text
    return text, count


def test_drivers(tmp_path):
    text, count = run_system("drivers", tmp_path)
    report = text[text.find("start of tests"):]
    assert len(re.findall(r"\bok \d+ - \w+", text)) == TESTS, report
    assert count > 1 << 20, f"only {count} bytes came through the port"
    assert "written by the serial driver" in text, report
    check_disk(tmp_path / "disk")


def test_restart(tmp_path):
    text, _ = run_system("restart", tmp_path)
    end = re.search(r"end of tests: error 0, (\d+) rounds, 3 deaths", text)
    assert end and int(end[1]) > 10, text
