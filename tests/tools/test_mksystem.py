"""tools/mksystem: pages that must be refused, by message with file and line, and what good ones compile to."""
import struct
import subprocess

import pytest

from conftest import TOP, run

GOOD = """
[system]
archive = ["rm"]

[image.disk]
size = "64M"
programs = ["sh", "ls"]
folders = ["/tmp"]

[program.sh]
image = "/bin/sh"
via = "proc"
priority = 100
memory = "8M"
kmem = "1M"
uses = ["fs:root", "tty:console", "motd=fs:root/etc/motd"]
stdio = "tty"

[program.fs]
image = "fs"
args = ["-v"]
priority = 120
memory = "16M"
kmem = "512K"
restart = "always"
serves = ["fs:root"]
uses = [
    "disk=blk:disk0",
    "log",
]

[program.disk]
image = "virtio-blk"
priority = 200
memory = "1M"
kmem = "256K"
env = { LEVEL = "2" }
serves = ["blk:disk0"]
devices = ["/soc/virtio_mmio@10001000"]

[program.proc]
image = "proc"
priority = 150
memory = "8M"
kmem = "1M"
serves = ["proc"]
uses = ["rom", "scheduler"]

[program.console]
image = "console"
priority = 150
memory = "1M"
kmem = "256K"
restart = "power-off"
serves = ["tty:console"]
"""
NATIVE = "root init rm fs virtio-blk proc console"
POSIX = "sh ls"


def mksystem(folder, text, *more):
    (folder / "test.toml").write_text(text)
    return run([f"{TOP}/tools/mksystem", f"{folder}/test.toml", "--native", NATIVE, "--posix", POSIX,
                "--proto", f"{TOP}/proto", "--bin", "bin", "--apps", "bin", "-o", f"{folder}/out", *more])


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    program = tmp_path_factory.mktemp("dump") / "dump"
    subprocess.check_call(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
                           f"-I{TOP}", f"{TOP}/tests/tools/dump_page.c", "-o", program])
    return lambda page: subprocess.run([program], input=page, stdout=subprocess.PIPE, check=False).stdout.decode()


def test_page_says_what_the_source_says(tmp_path, dump):
    done = mksystem(tmp_path, GOOD)
    assert done.returncode == 0, done.stderr
    assert dump((tmp_path / "out/test.page").read_bytes()).splitlines() == [
        "system test",
        "program disk virtio-blk 200 0 0 1048576 262144 arg:disk env:LEVEL=2 serves:blk=blk:disk0 "
        "device:/soc/virtio_mmio@10001000",
        "program fs fs 120 1 0 16777216 524288 arg:fs arg:-v serves:fs=fs:root uses:disk=disk0 uses:log=builtin",
        "program console console 150 2 0 1048576 262144 arg:console serves:tty=tty:console",
        "program proc proc 150 0 0 8388608 1048576 arg:proc serves:proc=proc:proc uses:rom=builtin "
        "uses:scheduler=builtin",
        "program sh /bin/sh 100 0 1 8388608 1048576 arg:sh uses:fs=root uses:tty=console* "
        "uses:motd=root/etc/motd"]


def test_lists_for_the_images(tmp_path):
    mksystem(tmp_path, GOOD)
    archive = (tmp_path / "out/test.archive").read_text().split()[0::2]
    assert archive == ["system", "root", "init", "rm", "virtio-blk", "fs", "console", "proc"]
    assert (tmp_path / "out/test.disk.image").read_text().splitlines() == [
        "size 67108864", "/bin/sh bin/sh", "/bin/ls bin/ls", "/tmp -"]


def test_damaged_pages_are_not_valid(tmp_path, dump):
    mksystem(tmp_path, GOOD)
    page = (tmp_path / "out/test.page").read_bytes()
    damaged = [page[:-1], page[:40], b"", b"x" + page[1:], page[:4] + b"\2" + page[5:], page[:-1] + b"x"]
    damaged += [page[:at] + struct.pack("<I", 0xfffffff8) + page[at + 4:] for at in range(16, 72, 4)]
    for number, bad in enumerate(damaged):
        assert dump(bad) == "invalid\n", number


def test_graph(tmp_path):
    done = mksystem(tmp_path, GOOD, "--graph")
    assert '"fs" -> "disk" [label="disk0"];' in done.stdout and done.stdout.startswith('digraph "test"')


def without(line, text=GOOD):
    assert line in text
    return text.replace(line, "", 1)


def changed(old, new, text=GOOD):
    assert old in text
    return text.replace(old, new, 1)


def line_of(text, piece):
    return text[:text.index(piece)].count("\n") + 1


BAD = [
    (changed('image = "fs"', 'image = "sf"'), 'image = "sf"', "program 'sf' is unknown"),
    (changed('image = "fs"', 'image = "ls"'), 'image = "ls"', "program 'ls' is a POSIX program, not one for the boot"),
    (changed('archive = ["rm"]', 'archive = ["rn"]'), '"rn"', "program 'rn' is unknown"),
    (changed('"sh", "ls"', '"sh", "lz"'), '"lz"', "program 'lz' is unknown"),
    (changed('"sh", "ls"', '"ls"'), 'image = "/bin/sh"', "no image has program 'sh' in its list"),
    (changed('image = "/bin/sh"', 'image = "sh"'), 'image = "sh"', "write its path, /bin/NAME"),
    (without('serves = ["blk:disk0"]'), '"disk=blk:disk0"', "program 'fs' uses 'disk0', which no program serves"),
    (changed('"tty:console", ', '"tty:consul", '), '"tty:consul"', "uses 'consul', which no"),
    (changed('"disk=blk:disk0"', '"disk=pipe:disk0"'), '"disk=pipe', "service 'disk0' is of interface blk, not pipe"),
    (changed('"disk=blk:disk0"', '"disk=block:disk0"'), '"disk=block', "there is no interface 'block'"),
    (changed('"disk=blk:disk0"', '"log=blk:disk0"'), '"log"', "two capabilities named 'log'"),
    (changed('serves = ["proc"]', 'serves = ["proc", "fs:root"]'), 'serves = ["proc", "fs:root"]',
     "service 'root' is served by 'fs' already"),
    (changed('serves = ["blk:disk0"]', 'serves = ["blk:disk0"]\nuses = ["fs:root"]'), 'uses = ["fs:root"]\n',
     "cycle: fs uses disk uses fs"),
    (changed('"motd=fs:root/etc/motd"', '"motd=proc/etc/motd"'), '"motd=', "only interface fs has files"),
    (changed('"motd=fs:root/etc/motd"', '"motd=fs:root/"'), '"motd=', "write \"[LOCAL=]INTERFACE[:INSTANCE]\""),
    (without('serves = ["proc"]'), 'via = "proc"', "no program serves proc"),
    (changed('kmem = "512K"', 'kmem = "512Q"'), 'kmem = "512Q"', "a size is a number and K, M or G"),
    (changed('kmem = "512K"', 'kmem = "0"'), 'kmem = "0"', "a size is a number and K, M or G"),
    (changed('kmem = "512K"', 'kmem = "513"'), 'kmem = "513"', "a multiple of 4K"),
    (changed('kmem = "512K"', 'kmem = 512'), 'kmem = 512', "'kmem' must be a text in quotes"),
    (without('kmem = "512K"'), "[program.fs]", "[program.fs] has no 'kmem'"),
    (changed('priority = 120', 'priority = 120\ncpu = 64'), 'cpu = 64', "cpu 64: 0 to 63"),
    (changed('via = "proc"', 'via = "proc"\ncpu = 1'), 'cpu = 1', "chooses the CPUs"),
    (changed('priority = 120', 'priority = 256'), 'priority = 256', "priority 256: 1 to 255"),
    (changed('priority = 120', 'priority = true'), 'priority = true', "'priority' must be a number"),
    (changed('restart = "always"', 'restart = "often"'), 'restart = "often"', "one of never, always, power-off"),
    (changed('args = ["-v"]', 'arg = ["-v"]'), 'arg = ', "unknown key 'arg' in [program.fs]"),
    (changed('args = ["-v"]', 'args = [1]'), 'args = [1]', "'args' must be a list of texts"),
    (changed('stdio = "tty"', 'stdio = "console"'), 'stdio = ', "stdio = \"console\" is not among what it uses"),
    (changed('[system]', '[sistem]'), '[sistem]', "unknown table or key 'sistem'"),
    (changed('[program.fs]', '[program.FS]'), '[program.FS]', "names are lower case letters"),
    (changed('[program.fs]', '[program.sh]'), '[program.sh]\nimage = "fs"', ""),
    (GOOD + '\n[program.x]\nimage = "fs"\npriority = 1\nmemory = "4K"\nkmem = "4K"\n'
     'devices = [\n"/soc/virtio_mmio@10001000"]\n', '"/soc/virtio_mmio@10001000"]\n', ""),
    (changed('folders = ["/tmp"]', 'folders = ["tmp"]'), 'folders = ', "folder 'tmp' must start with /"),
    (changed('folders = ["/tmp"]', 'files = ["/etc/x=no/such"]'), 'files = ', "there is no file 'no/such'"),
    (changed('priority = 120', 'priority = '), 'priority = \n', "Invalid value"),
]


@pytest.mark.parametrize("text,where,message", BAD, ids=range(len(BAD)))
def test_refuses(tmp_path, text, where, message):
    done = mksystem(tmp_path, text)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    line = line_of(text, where) if text.count(where) == 1 else text[:text.rindex(where)].count("\n") + 1
    found = [error for error in done.stderr.splitlines() if message in error]
    assert found and any(error.startswith(f"{tmp_path}/test.toml:{line}: ") for error in found), done.stderr
    assert not (tmp_path / "out").exists()


def test_reports_several_errors_in_order(tmp_path):
    text = changed('image = "fs"', 'image = "sf"', changed('priority = 200', 'priority = 0'))
    errors = mksystem(tmp_path, text).stderr.splitlines()
    assert len(errors) == 2 and "sf" in errors[0] and "priority 0" in errors[1]


def test_an_interface_may_be_used_as_its_base(tmp_path):
    assert mksystem(tmp_path, changed('"tty:console", ', '"tty=file:console", ')).returncode == 0
