"""tools/tessera against a stand-in for QEMU, with the host build of the guest's agent at the other end."""
import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import HOST, TOP, run

AGENT = f"{HOST}/apps/agent"
DISK_SIZE = 8 << 20


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A build folder with a kernel, a boot archive and a disk, and the fake QEMU on the PATH."""
    build = tmp_path / "build" / "riscv64-release"
    (build / "systems").mkdir(parents=True)
    (build / "kernel.elf").write_bytes(b"kernel")
    (build / "systems" / "shell.cpio").write_bytes(b"archive")
    disk = build / "systems" / "shell.disk.ext4"
    disk.write_bytes(b"")
    os.truncate(disk, DISK_SIZE)
    subprocess.check_call(["/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal,^64bit,^metadata_csum", disk])
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "qemu-system-riscv64").symlink_to(f"{TOP}/tests/tools/fake_qemu.py")
    (tools / "poweroff").write_text("#!/bin/sh\nkill $FAKE_QEMU_PID\n")
    (tools / "poweroff").chmod(0o755)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("FAKE_AGENT", AGENT)
    monkeypatch.setenv("FAKE_QEMU_ARGS", str(tmp_path / "args"))
    return tmp_path


def tessera(place, *arguments, **options):
    return run([sys.executable, f"{TOP}/tools/tessera", "run", "--build", f"{place}/build/riscv64-release", *arguments],
               **options)


def args_of(place):
    return (place / "args").read_text().splitlines()


def leftovers(place):
    return [name for name in os.listdir(place / "tmp") if not name.startswith("tessera-console-")]


# ---- what works

def test_output_and_status_are_the_commands(place):
    done = tessera(place, "--exec", "printf 'a\\0b\\377\\r\\n'; printf err >&2; exit 42", text=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"a\0b\xff\r\n", b"err", 42)
    assert leftovers(place) == []


def test_much_output_on_both_streams(place):
    line = "(head -c 3000000 /dev/zero | tr '\\0' a) & (head -c 2000000 /dev/zero | tr '\\0' b) >&2; wait"
    done = tessera(place, "--exec", line, text=False)
    assert done.returncode == 0
    assert done.stdout == b"a" * 3000000 and done.stderr == b"b" * 2000000


def test_a_command_has_empty_input(place):
    assert tessera(place, "--exec", "cat; echo end").stdout == "end\n"


def test_a_killed_command_has_a_shells_status(place):
    assert tessera(place, "--exec", "kill -KILL $$").returncode == 128 + 9


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65535, 65536, 65537, 1 << 20])
def test_put_and_get(place, size):
    data = bytes(i * 31 % 251 for i in range(size))
    (place / "in").write_bytes(data)
    (place / "in").chmod(0o640)
    guest = f"{place}/deep/er/in"
    done = tessera(place, "--put", f"{place}/in:{guest}", "--exec", f"cp {guest} {guest}2; stat -c %a {guest}",
                   "--get", f"{guest}2:{place}/out")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "640\n" and (place / "out").read_bytes() == data


def test_what_qemu_is_told(place):
    options = ["--cpus", "2", "--mem", "32M", "--icount", "--append", "x=1"]
    assert tessera(place, "--exec", "true", *options).returncode == 0
    args = args_of(place)
    assert args[args.index("-m") + 1] == "32M" and args[args.index("-smp") + 1] == "2"
    assert args[args.index("-icount") + 1] == "shift=0" and args[args.index("-append") + 1] == "x=1"
    assert args[args.index("-bios") + 1] == "default" and "virtio-mmio.force-legacy=false" in args


def test_the_disk_is_a_sparse_scratch_copy(place):
    disk = place / "build/riscv64-release/systems/shell.disk.ext4"
    before = hashlib.sha256(disk.read_bytes()).hexdigest()
    scratch = "$(grep -o 'file=[^,]*' $FAKE_QEMU_ARGS | cut -d= -f2)"
    done = tessera(place, "--exec", f"stat -c '%s %b' {scratch}; echo x > {scratch}")
    size, blocks = map(int, done.stdout.split())
    assert size == DISK_SIZE and blocks * 512 < DISK_SIZE / 2
    assert hashlib.sha256(disk.read_bytes()).hexdigest() == before


def test_a_named_disk_is_used_itself(place):
    disk = place / "mine.ext4"
    disk.write_bytes((place / "build/riscv64-release/systems/shell.disk.ext4").read_bytes())
    assert tessera(place, "--exec", "true", "--disk", str(disk)).returncode == 0
    assert any(f"file={disk}," in arg for arg in args_of(place))


def test_an_unclean_disk_is_repaired_and_that_is_said(place):
    disk = place / "mine.ext4"
    disk.write_bytes((place / "build/riscv64-release/systems/shell.disk.ext4").read_bytes())
    with open(disk, "r+b") as image:
        image.seek(1024 + 0x3a)
        image.write(b"\0\0")
    done = tessera(place, "--exec", "true", "--disk", str(disk))
    assert done.returncode == 0 and "repaired with e2fsck -p" in done.stderr
    assert subprocess.run(["/sbin/e2fsck", "-fn", disk], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


# ---- what fails

def failed(done, status, *words):
    """One line, with these words, and this status."""
    assert done.returncode == status, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("tessera: ") and "Traceback" not in done.stderr, done.stderr
    for word in words:
        assert word in lines[0], lines[0]


@pytest.mark.parametrize("behaviour,status,words", [
    ("panic", 134, ["panic: kernel: it broke", "console"]),
    ("exit", 125, ["ended too early (status 1, qemu: no such machine)"]),
    ("garbage", 125, ["nonsense"]),
    ("nodisk", 125, ["cannot be used (fs: refused: it has nonsense)", "e2fsck"]),
    ("version", 125, ["another version"]),
])
def test_a_guest_that_fails(place, monkeypatch, behaviour, status, words):
    monkeypatch.setenv("FAKE_QEMU", behaviour)
    failed(tessera(place, "--exec", "true"), status, *words)
    assert leftovers(place) == []


def test_time_out_before_the_agent_answers(place, monkeypatch):
    monkeypatch.setenv("FAKE_QEMU", "silent")
    done = tessera(place, "--exec", "true", "--timeout", "0.5")
    failed(done, 124, "timed out after 0.5 s", "--timeout")
    log = done.stderr.split("see ")[1].split(" for")[0]
    assert "OpenSBI" in open(log, encoding="utf-8").read()


def test_time_out_of_the_command(place):
    failed(tessera(place, "--exec", "sleep 20", "--timeout", "1"), 124, "timed out")


def test_two_runs_on_one_disk(place):
    disk = place / "mine.ext4"
    disk.write_bytes((place / "build/riscv64-release/systems/shell.disk.ext4").read_bytes())
    second = (f"{sys.executable} {TOP}/tools/tessera run --build {place}/build/riscv64-release --disk {disk} "
              "--exec true")
    done = tessera(place, "--exec", f"dd if=/dev/zero of={disk} bs=1 seek=1082 count=2 conv=notrunc 2>/dev/null; "
                   f"{second}", "--disk", str(disk))
    lines = done.stderr.splitlines()
    assert done.returncode == 125 and f"{disk} is in use by another run" in lines[0], done.stderr
    assert len(lines) == 2 and "repaired with e2fsck -p" in lines[1], done.stderr   # by the first, at its own end


def test_time_out_of_a_command_that_never_stops_talking(place):
    for seconds in (1, 4, 16):  # until the host is fast enough for the command to have begun
        done = tessera(place, "--exec", "yes", "--timeout", str(seconds))
        if done.stdout:
            break
    assert done.stdout.startswith("y\ny\n")
    failed(done, 124, "timed out")


def test_time_out_while_a_file_is_put(place):
    os.truncate(os.open(place / "big", os.O_CREAT | os.O_RDWR), 64 << 30)
    failed(tessera(place, "--put", f"{place}/big:/dev/null", "--exec", "true", "--timeout", "1"), 124, "timed out")


@pytest.mark.parametrize("arguments,words", [
    (["--system", "nothing"], ["no boot archive", "systems/nothing.toml"]),
    (["--kernel", "/no/kernel"], ["no kernel", "make all"]),
    (["--put", "/no/file:/x"], ["no file /no/file"]),
    (["--put", "x"], ["HOSTFILE:/GUEST/PATH"]),
    (["--get", "/x:/no/folder/x"], ["cannot be written (No such file", "check --get"]),
    (["--get", "/x:/tmp"], ["/tmp cannot be written (Is a directory)"]),
    (["--get", "/x:/proc/x"], ["/proc/x cannot be written"]),
    (["--get", f"/x:/tmp/{'x' * 252}"], ["cannot be written (File name too long)"]),
    (["--disk", "/no/disk"], ["no disk image"]),
    (["--mem", "lots"], ["write a number with K, M or G"]),
    (["--cpus", "0"], ["write a number above 0"]),
    (["--timeout", "-1"], ["seconds above 0"]),
    (["--nonsense"], ["--nonsense"]),
    (["--machine", "mosaic", "--icount"], ["leave it out"]),
])
def test_bad_options(place, arguments, words):
    failed(tessera(place, "--exec", "true", *arguments), 125, *words)
    assert not (place / "args").exists()


def test_get_without_exec(place):
    failed(tessera(place, "--get", "/x:x"), 125, "--get needs --exec")


def test_without_qemu(place, monkeypatch):
    (place / "tools/qemu-system-riscv64").unlink()
    (place / "bin").mkdir()
    for tool in ("cp", "e2fsck"):
        (place / "bin" / tool).symlink_to(f"/bin/{tool}" if tool == "cp" else f"/sbin/{tool}")
    monkeypatch.setenv("PATH", str(place / "bin"))
    failed(tessera(place, "--exec", "true"), 125, "qemu-system-riscv64 is missing", "make setup")


def test_get_of_a_file_that_is_not_there(place):
    failed(tessera(place, "--exec", "true", "--get", f"{place}/none:{place}/out"), 125, "No such file", "cannot get")
    assert not (place / "out").exists() and not (place / "out.part").exists()


def test_a_failed_commands_status_stays(place):
    failed(tessera(place, "--exec", "exit 3", "--get", f"{place}/none:{place}/out"), 3, "cannot get")


def test_put_where_there_is_no_room(place):
    (place / "in").write_bytes(b"x" * 100000)
    failed(tessera(place, "--put", f"{place}/in:/dev/full", "--exec", "true"), 125, "No space left", "--disk")


def test_a_refused_put_ends_at_once(place):
    """Not after 64 GiB; and the machine is switched off in order, or a disk of one's own would need a repair."""
    os.truncate(os.open(place / "big", os.O_CREAT | os.O_RDWR), 64 << 30)
    disk = place / "mine.ext4"
    disk.write_bytes((place / "build/riscv64-release/systems/shell.disk.ext4").read_bytes())
    done = tessera(place, "--put", f"{place}/big:/dev/full", "--exec", "true", "--disk", str(disk), "--timeout", "30")
    failed(done, 125, "cannot put", "No space left")
    done = tessera(place, "--put", f"{place}/big:{place}/no\nfolder/", "--exec", "true", "--timeout", "30")
    failed(done, 125, "cannot put", "no\\nfolder/: Is a directory")


def test_a_put_that_there_is_no_room_for_leaves_what_is_there(place):
    (place / "old").write_bytes(b"old")
    os.truncate(os.open(place / "big", os.O_CREAT | os.O_RDWR), 15 << 40)
    done = tessera(place, "--put", f"{place}/big:{place}/old", "--exec", "true", "--timeout", "30")
    failed(done, 125, "No space left", "--disk")
    assert (place / "old").read_bytes() == b"old"


def test_get_into_what_is_no_file(place):
    (place / "in").write_bytes(b"contents")
    done = tessera(place, "--exec", "true", "--get", f"{place}/in:/dev/stdout", "--get", f"{place}/in:/dev/null")
    assert (done.returncode, done.stdout, done.stderr) == (0, "contents", "")


def test_what_is_written_is_read_again(place):
    """A guest that loses what was put is found out."""
    (place / "in").write_bytes(b"x" * 100000)
    failed(tessera(place, "--put", f"{place}/in:/dev/null", "--exec", "true"), 125, "differ in size or hash")


def test_nothing_is_left_running(place):
    """A launcher that is told to end ends its machine and cleans up."""
    (place / "pid").unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, f"{TOP}/tools/tessera", "run",
                                "--build", f"{place}/build/riscv64-release",
                                "--exec", f"echo $FAKE_QEMU_PID > {place}/pid; sleep 30"], stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not (place / "pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    process.stderr.close()
    machine = int((place / "pid").read_text())
    assert not os.path.exists(f"/proc/{machine}") and leftovers(place) == []
