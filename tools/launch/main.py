"""The command line: what is asked for, checked before anything is started."""
import argparse
import errno
import os
import re
import shutil
import signal
import sys

from . import disk
from .channel import partial_name
from .errors import Interrupted, LaunchError
from .session import run, trace

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRACE_RECORDS = 1 << 18    # the newest so many of each CPU
RAM = re.compile(r"[1-9][0-9]*[KMG]?")


def pair(text, what):
    """A:B of --put and --get; the guest's path is the absolute one."""
    left, _, right = text.partition(":")
    if not left or not right:
        raise argparse.ArgumentTypeError(f"'{text}': write {what}")
    return left, right


def put_pair(text):
    host, _, guest = text.rpartition(":")
    if not host or not guest.startswith("/"):
        raise argparse.ArgumentTypeError(f"'{text}': write HOSTFILE:/GUEST/PATH")
    return host, guest


def get_pair(text):
    guest, host = pair(text, "/GUEST/PATH:HOSTFILE")
    if not guest.startswith("/"):
        raise argparse.ArgumentTypeError(f"'{text}': write /GUEST/PATH:HOSTFILE")
    return guest, host


def ram_size(text):
    if not RAM.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}': write a number with K, M or G, say 256M")
    return text


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}': write a number above 0")
    return int(text)


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"'{text}': write a number of seconds above 0")
    return value


class Parser(argparse.ArgumentParser):
    """Bad options are a launcher failure like any other."""

    def error(self, message):
        raise LaunchError(f"{message} (tools/tessera run --help)")


def parse(arguments):
    parser = Parser(prog="tessera", description="boot a Tessera system")
    run_parser = parser.add_subparsers(dest="command", required=True, parser_class=Parser).add_parser("run")
    add = run_parser.add_argument
    add("--system", default="shell", help="page of systems/ that was built [shell]")
    add("--machine", choices=("qemu", "mosaic"), default="qemu")
    add("--cpus", type=positive, default=1)
    add("--mem", type=ram_size, default="512M")
    add("--timed", action="store_true", help="Mosaic: with the timing model, some five times slower")
    add("--machine-stats", metavar="FILE", help="Mosaic: write its statistics there, in JSON")
    add("--icount", action="store_true", help="QEMU: one instruction a nanosecond, so that counts are exact")
    add("--disk", help="disk image to use and keep; else a scratch copy (--exec) or a disk kept in the build folder")
    add("--put", type=put_pair, action="append", default=[], metavar="HOST:GUEST")
    add("--get", type=get_pair, action="append", default=[], metavar="GUEST:HOST")
    add("--exec", dest="line", metavar="COMMAND", help="run this in the guest's shell, then power off")
    add("--timeout", type=seconds, metavar="S")
    add("--build", default=os.path.join(TOP, "build", "riscv64-release"), help="build folder")
    add("--kernel", help="kernel to boot instead of the build folder's")
    add("--initrd", help="boot archive instead of the system's")
    add("--append", default="", help="kernel command line")
    add("--trace", metavar="FILE", help="with a debug build: write what the kernel did there, as Chrome trace JSON")
    add("--log", help="file for the console's output (with --exec)")
    add("--verbose", action="store_true", help="with --exec: console output on stderr as it comes")
    options = parser.parse_args(arguments)
    options.kernel = options.kernel or os.path.join(options.build, "kernel.elf")
    if options.trace:
        options.append = f"{options.append} trace={TRACE_RECORDS}".strip()
    options.initrd = options.initrd or os.path.join(options.build, "systems", options.system + ".cpio")
    return options


def require_file(path, what, remedy):
    if not os.path.isfile(path):
        raise LaunchError(f"there is no {what} {path}: {remedy}")
    if not os.access(path, os.R_OK):
        raise LaunchError(f"{what} {path} cannot be read: change its permissions")


def require_writable(host):
    """Tries to write there as --get will, so that no result is lost for want of a place."""
    partial = partial_name(host)
    try:
        if os.path.exists(host) and not os.access(host, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if partial:
            open(partial, "ab").close()
            os.unlink(partial)
        elif os.path.isdir(host):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        raise LaunchError(f"{host} cannot be written ({error.strerror}): check --get") from error


def check_trace(options):
    try:
        trace.state_place(options.kernel)
    except trace.TraceError as error:
        raise LaunchError(str(error)) from error
    require_writable(options.trace)


def check(options):
    """Everything that can be known to fail before the machine starts."""
    if options.get and options.line is None:
        raise LaunchError("--get needs --exec: the files are fetched when the command has ended")
    require_file(options.kernel, "kernel", "run `make all`")
    require_file(options.initrd, "boot archive", f"run `make all`, or see whether systems/{options.system}.toml exists")
    for host, _ in options.put:
        require_file(host, "file", "check --put")
    for _, host in options.get:
        require_writable(host)
    if options.disk:
        require_file(options.disk, "disk image", "make one with mke2fs, or leave --disk out")
        if not os.access(options.disk, os.W_OK):
            raise LaunchError(f"disk image {options.disk} cannot be written: change its permissions or copy it")
    if options.trace:
        check_trace(options)
    if options.icount and options.machine != "qemu":
        raise LaunchError("--icount is QEMU's: Mosaic counts cycles by itself, leave it out")
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    for tool in disk.TOOLS:
        if not shutil.which(tool):
            raise LaunchError(f"{tool} is missing: run `make setup`")


def end_by_signal(number, frame):
    raise Interrupted(number)


def main(arguments):
    """Returns the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_signal)
    try:
        options = parse(arguments)
        check(options)
        return run(options)
    except (LaunchError, Interrupted) as error:
        sys.stdout.flush()
        line = str(error).replace("\n", "\\n")
        print(f"tessera: {line}", file=sys.stderr)
        return error.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    except OSError as error:
        print(f"tessera: {error.filename or 'system'}: {error.strerror}: check disk space and permissions",
              file=sys.stderr)
        return LaunchError("").status
