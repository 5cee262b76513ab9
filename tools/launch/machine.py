"""The machines that a system boots on, QEMU's virt board and Mosaic: their command lines, their life and death."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from tracing.image import RAM_START
from .errors import GUEST_PANIC, LaunchError, TIMED_OUT

PORT_NAME = "command"           # of the command channel's virtio-console port
LOG_MAX = 64 << 20              # bytes of console output after which a guest counts as run wild
PANIC = b"panic:"
NO_DISK = b"fs: no file system"  # the file server's word that nothing can start; its line before says why
PR_SET_PDEATHSIG = 1
DYING_PATIENCE = 30             # seconds for writing what is to be read afterwards


def die_with_parent():
    """In the child: a launcher that is killed takes its machine along."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def byte_count(size):
    """What a size of memory means: K, M or G stand behind the number; M if none does."""
    unit = size.lstrip("0123456789") or "M"
    return int(size.rstrip("KMG")) << {"K": 10, "M": 20, "G": 30}[unit]


def find_program(name, remedy):
    path = shutil.which(name)
    if not path:
        raise LaunchError(f"{name} is missing: {remedy}")
    return path


class Machine:
    """A running machine. `link` is the pair of descriptors of its command channel."""

    def __init__(self, options, disk, folder):
        self.options, self.disk, self.folder = options, disk, folder
        self.log = options.log or os.path.join(folder, "console.log")
        self.ram = os.path.join(folder, "ram")
        self.deadline = time.monotonic() + options.timeout if options.timeout else None
        self.boot_deadline = None
        self.interactive = options.line is None
        self.seen = 0           # bytes of the log that were looked at
        self.tail = b""         # the last line of it, as far as there
        self.last_line = b""    # the one before that
        self.panic = None
        self.no_disk = None     # why the file server could not mount the disk
        self.process = None
        self.link = None
        with open(self.log, "wb"):
            pass

    def start(self):
        if self.options.machine == "mosaic":
            self.start_mosaic()
        else:
            self.start_qemu()

    # ---- QEMU

    def start_qemu(self):
        program = find_program("qemu-system-riscv64", "run `make setup` (Debian package qemu-system-misc)")
        ours, theirs = socket.socketpair()
        command = [program, "-machine", "virt", "-bios", "default", "-kernel", self.options.kernel,
                   "-initrd", self.options.initrd, "-m", self.options.mem, "-smp", str(self.options.cpus),
                   "-nodefaults", "-display", "none", "-no-reboot", "-global", "virtio-mmio.force-legacy=false",
                   *self.ram_options(), *self.console_options(), *self.device_options(theirs.fileno())]
        if self.options.append:
            command += ["-append", self.options.append]
        if self.options.icount:
            command += ["-icount", "shift=0"]
        self.spawn(command, subprocess.DEVNULL, (theirs.fileno(),))
        theirs.close()
        self.link = (ours.fileno(), ours.fileno())
        self.keep = ours

    def ram_options(self):
        """RAM that is a file, where there is a trace to read from it in the end."""
        if not self.options.trace:
            return []
        return ["-machine", "memory-backend=ram", "-object",
                f"memory-backend-file,id=ram,size={self.options.mem},mem-path={self.ram.replace(',', ',,')},share=on"]

    def console_options(self):
        """Interactive: the terminal, where Ctrl-A x leaves and Ctrl-C is the guest's. Else a file."""
        log = self.log.replace(",", ",,")
        if self.interactive:
            return ["-chardev", f"stdio,id=console,mux=on,signal=off,logfile={log}",
                    "-serial", "chardev:console", "-mon", "chardev=console,mode=readline"]
        return ["-chardev", f"file,id=console,path={log}", "-serial", "chardev:console", "-monitor", "none"]

    def device_options(self, fd):
        """Devices stand in fixed slots, because systems/ names them by their place in the device tree."""
        devices = ["-device", "virtio-serial-device,bus=virtio-mmio-bus.1,max_ports=2",
                   "-chardev", f"socket,id=channel,fd={fd}",
                   "-device", f"virtserialport,chardev=channel,name={PORT_NAME},nr=1"]
        if self.disk:
            cache = "writeback" if self.options.disk or self.interactive else "unsafe"
            file = self.disk.replace(",", ",,")
            devices += ["-drive", f"if=none,id=disk0,file={file},format=raw,cache={cache},werror=report",
                        "-device", "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0"]
        return devices

    # ---- Mosaic

    def start_mosaic(self):
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        program = os.path.join(top, "build", "host", "bin", "mosaic")
        if not os.path.exists(program):
            raise LaunchError(f"{program} is missing: run `make all`")
        fifos = [os.path.join(self.folder, name) for name in ("to-guest", "from-guest")]
        for fifo in fifos:
            os.mkfifo(fifo)
        command = [program, "run", "--kernel", self.options.kernel, "--initrd", self.options.initrd,
                   "--mem", self.options.mem, "--cpus", str(self.options.cpus),
                   "--port", f"{PORT_NAME}={fifos[0]},{fifos[1]}"]
        command += ["--interactive", "--log", self.log] if self.interactive else []
        command += [] if self.options.timed else ["--fast"]
        command += ["--stats-json", self.options.machine_stats] if self.options.machine_stats else []
        command += ["--disk", self.disk] if self.disk else []
        command += ["--dump", f"0:{RAM_START}:{byte_count(self.options.mem)}={self.ram}"] if self.options.trace else []
        command += ["--append", self.options.append] if self.options.append else []
        with open(self.log, "wb") as log:
            self.spawn(command, log, ())
        # Both ends open without waiting for the other: read-write on a FIFO never blocks.
        self.link = (os.open(fifos[1], os.O_RDWR), os.open(fifos[0], os.O_RDWR))

    # ---- life and death

    def spawn(self, command, log, fds):
        """Interactive: on our terminal. Else without input, stdout to `log` and messages to a file."""
        streams = {}
        if not self.interactive:
            errors = open(os.path.join(self.folder, "stderr"), "wb")
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": errors}
        try:
            self.process = subprocess.Popen(command, **streams, pass_fds=fds, preexec_fn=die_with_parent)
        except OSError as error:
            raise LaunchError(f"{command[0]} does not start: {error.strerror}: run `make setup`") from error

    def watch(self, silent=True):
        """Raises if there is no use in waiting longer. A machine that has ended may have left something to read:
        its end counts only when its channel is `silent`."""
        self.scan_log()
        if self.panic:
            raise LaunchError(f"the guest's kernel ended with '{self.panic}': see {self.save_log()}", GUEST_PANIC)
        if self.no_disk and not self.interactive:
            raise LaunchError(f"the disk cannot be used ({self.no_disk}): repair it with e2fsck, or make another with "
                              "tools/image or mke2fs -t ext4 -b 4096 -O ^has_journal,^64bit,^metadata_csum")
        if self.deadline and time.monotonic() > self.deadline:
            raise LaunchError(f"timed out after {self.options.timeout:g} s: see {self.save_log()} for how far the "
                              "guest came, or give more with --timeout", TIMED_OUT)
        if self.boot_deadline and time.monotonic() > self.boot_deadline:
            raise LaunchError(f"the guest's agent does not answer: see {self.save_log()} for how far the guest came")
        if silent and self.process.poll() is not None:
            raise LaunchError(f"the machine ended too early (status {self.process.returncode}"
                              f"{self.complaint()}): see {self.save_log()}")

    def allow_boot(self, patience):
        """From now on watch() fails after `patience` seconds (None: no more)."""
        self.boot_deadline = None if patience is None else time.monotonic() + patience

    def scan_log(self):
        """Looks for a line that starts with `panic:` in what the console has said since the last look."""
        with open(self.log, "rb") as log:
            log.seek(self.seen)
            data = log.read(1 << 20)
        self.seen += len(data)
        if self.options.verbose and not self.interactive:
            sys.stderr.buffer.write(data)
            sys.stderr.flush()
        lines = (self.tail + data).split(b"\n")
        self.tail = lines[-1][:4096]
        for number, line in enumerate(lines):
            if line.lstrip(b"\r").startswith(PANIC) and number + 1 < len(lines) and not self.panic:
                self.panic = line.strip().decode(errors="replace")
            if line.lstrip(b"\r").startswith(NO_DISK) and not self.no_disk:
                self.no_disk = (lines[number - 1] if number else self.last_line).strip().decode(errors="replace")
        if len(lines) > 1:
            self.last_line = lines[-2]
        if self.seen > LOG_MAX and not self.interactive:
            raise LaunchError(f"the guest floods its console: see {self.save_log()}")

    def complaint(self):
        """What the machine's program itself said."""
        path = os.path.join(self.folder, "stderr")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        return f", {lines[-1]}" if lines else ""

    def save_log(self):
        """Where the console's output can be read after the launcher has ended."""
        if self.options.log:
            return self.log
        kept = os.path.join(os.path.dirname(self.folder), f"tessera-console-{os.getpid()}.log")
        try:
            shutil.copyfile(self.log, kept)
        except OSError:
            return "its console (the log could not be kept)"
        return kept

    def wait(self, patience):
        """Waits for the machine's end; True if it came within `patience` seconds (None: for ever)."""
        until = None if patience is None else time.monotonic() + patience
        while self.process.poll() is None:
            self.scan_log()
            if self.panic or (self.deadline and time.monotonic() > self.deadline):
                self.watch()
            if until and time.monotonic() > until:
                return False
            time.sleep(0.02)
        self.scan_log()
        if self.panic:
            self.watch()
        return True

    def kill(self):
        if self.options.trace:
            self.end()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self):
        """Leaves it the time to write its RAM to a file."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DYING_PATIENCE)
            except subprocess.TimeoutExpired:
                pass
