"""A machine whose RAM is a file, for tests of debugging."""
import subprocess

from conftest import BUILD, TOP, run

DEBUG_KERNEL = f"{TOP}/build/riscv64-debug/kernel.elf"
RELEASE_KERNEL = f"{BUILD}/kernel.elf"
WATCHED = f"{BUILD}/test/debug/watched"
STRIP = "riscv64-linux-gnu-strip"


def archive(folder, program=WATCHED):
    """A boot archive whose first task is the program."""
    (folder / "list").write_text(f"root {program}\n", encoding="ascii")
    done = run(["tools/image", "archive", str(folder / "list"), "-o", str(folder / "archive"), "--strip", STRIP])
    assert done.returncode == 0, done.stderr
    return folder / "archive"


def command(folder, initrd, kernel=DEBUG_KERNEL, cpus=1, append="", more=()):
    """QEMU's command line; the console goes to `log`, RAM is `ram`."""
    return ["qemu-system-riscv64", "-machine", "virt,memory-backend=ram", "-smp", str(cpus), "-m", "64M",
            "-object", f"memory-backend-file,id=ram,size=64M,mem-path={folder}/ram,share=on",
            "-nodefaults", "-display", "none", "-no-reboot", "-monitor", "none", "-serial", f"file:{folder}/log",
            "-global", "virtio-mmio.force-legacy=false",
            "-kernel", str(kernel), "-initrd", str(initrd), "-append", append, *more]


def boot(folder, **options):
    """Runs the watched program to its end; returns the console's output."""
    try:
        run(command(folder, archive(folder), **options), timeout=60)
    except subprocess.TimeoutExpired:
        pass
    return (folder / "log").read_bytes()[-(4 << 20):].decode(errors="replace").replace("\r", "")
