"""tools/lint: the tree keeps its rules, and breaking one is found."""
import shutil
import subprocess

import pytest

from conftest import BUILD, TOP, run


def test_the_tree_keeps_its_rules():
    done = run([f"{TOP}/tools/lint"])
    assert done.returncode == 0, done.stdout


def test_musl_makes_no_system_calls_of_its_own():
    done = run([f"{TOP}/tools/lint", "--libc", f"{BUILD}/sysroot/lib/libc.a"])
    assert done.returncode == 0, done.stdout


def test_a_stray_system_call_is_found(tmp_path):
    (tmp_path / "stray.c").write_text('void stray(void) { __asm__("ecall"); }\n')
    subprocess.check_call(["riscv64-linux-gnu-gcc", "-c", "stray.c"], cwd=tmp_path)
    subprocess.check_call(["riscv64-linux-gnu-ar", "rcs", "libc.a", "stray.o"], cwd=tmp_path)
    done = run([f"{TOP}/tools/lint", "--libc", f"{tmp_path}/libc.a"])
    assert done.returncode == 1 and "stray.o has an ecall of its own" in done.stdout


HEAD = "/* Purpose. */\n"
BODY = "int f(void)\n{\n" + "    g();\n" * 81 + "}\n"
BAD = [
    ("kernel/a.c", HEAD + '#include "lib/tess/tess.h"\n', "a.c:2: kernel must not include lib/tess/tess.h"),
    ("apps/x/a.c", HEAD + '#include "lib/tess/tess.h"\n', "a.c:2: apps must not include lib/tess/tess.h"),
    ("servers/x/a.c", HEAD + '#include "servers/y/y.h"\n', "a.c:2: servers must not include servers/y/y.h"),
    ("machine/a.c", HEAD + '#include "kernel/ipc.h"\n', "a.c:2: machine must not include kernel/ipc.h"),
    ("kernel/a.c", "int x;\n", "a.c:1: no purpose at the head of the file"),
    ("kernel/a.c", HEAD + "// " + "x" * 130 + "\n", "a.c:2: 133 columns"),
    ("kernel/a.c", HEAD + "int x; \n", "a.c:2: spaces at the end of the line"),
    ("kernel/a.c", HEAD + "typedef struct a a;\n", "a.c:2: a typedef of a struct"),
    ("kernel/a.c", HEAD + "#if defined(__riscv)\n", "a.c:2: an architecture conditional"),
    ("kernel/a.c", HEAD + BODY, "a.c:3: function f has 81 lines"),
    ("kernel/a.c", HEAD + "int x;\n" * 800, "a.c:1: 801 lines, more than 800"),
    ("kernel/a.c", HEAD + "// see http" + "://example.invalid/x\n", "a.c:2: a web address"),
    ("tools/a.py", '"""Doc."""\nX = "/' + 'home/me/x"\n', "a.py:2: a path of somebody's machine"),
]


@pytest.mark.parametrize("name,text,message", BAD, ids=range(len(BAD)))
def test_a_broken_rule_is_found(tmp_path, name, text, message):
    (tmp_path / "tools").mkdir()
    for part in ("lint", "lint.exceptions"):
        shutil.copy(f"{TOP}/tools/{part}", tmp_path / "tools")
    subprocess.check_call(["git", "init", "-q"], cwd=tmp_path)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    done = run([f"{tmp_path}/tools/lint"], cwd=tmp_path)
    assert done.returncode == 1 and message in done.stdout, done.stdout


def test_own_folders_may_be_included(tmp_path):
    (tmp_path / "tools").mkdir()
    for part in ("lint", "lint.exceptions"):
        shutil.copy(f"{TOP}/tools/{part}", tmp_path / "tools")
    subprocess.check_call(["git", "init", "-q"], cwd=tmp_path)
    (tmp_path / "drivers/blk/virtio").mkdir(parents=True)
    (tmp_path / "drivers/blk/virtio/a.c").write_text(HEAD + '#include "drivers/blk/virtio/disk.h"\n#include "hw/x.h"\n')
    assert run([f"{tmp_path}/tools/lint"], cwd=tmp_path).stdout == ""
