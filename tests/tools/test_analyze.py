"""tools/analyze finds what it should and honours its exceptions; tools/stack bounds the kernel's stack."""
import os
import shutil
import subprocess

import pytest

from conftest import BUILD, TOP, run

BUGS = [
    ("gcc or clang", "int f(int *p)\n{\n    if (!p)\n        return *p;\n    return 0;\n}\n", "null"),
    ("clang-tidy", "int f(int a)\n{\n    if (a);\n        return 1;\n    return 0;\n}\n",
     "bugprone-suspicious-semicolon"),
    ("cppcheck", "int f(void)\n{\n    int a[4] = {0};\n    return a[4];\n}\n", "arrayIndexOutOfBounds"),
]


def analyze(folder, text, exceptions=""):
    """Analyses the text in a tree of its own."""
    (folder / "tools").mkdir(exist_ok=True)
    shutil.copy(f"{TOP}/tools/analyze", folder / "tools")
    (folder / "tools/analyze.exceptions").write_text(exceptions)
    (folder / "a.c").write_text(text)
    stamp = folder / "out/a.ok"
    done = run(["tools/analyze", "a.c", str(stamp), "--", "-std=gnu11"], cwd=folder)
    assert stamp.exists() == (done.returncode == 0), done.stderr
    return done


@pytest.mark.parametrize("tool,text,found", BUGS, ids=[bug[0] for bug in BUGS])
def test_bugs_are_found(tmp_path, tool, text, found):
    done = analyze(tmp_path, text)
    assert done.returncode == 1 and "a.c:" in done.stdout and found in done.stdout, done.stdout + done.stderr


def test_exceptions_are_honoured(tmp_path):
    text = BUGS[1][1]
    assert analyze(tmp_path, text, "bugprone-* | a.c | * | why\n*misleading* | a.c | * | why\n").returncode == 0
    assert analyze(tmp_path, text, "bugprone-* | b.c | * | why\n").returncode == 1


def test_good_files_are_stamped(tmp_path):
    assert analyze(tmp_path, "int f(int a)\n{\n    return a + 1;\n}\n").returncode == 0
    assert "a.c" in (tmp_path / "out/a.ok.d").read_text(), "make learns what it depends on"


def test_files_that_cannot_be_read_are_findings(tmp_path):
    assert analyze(tmp_path, "#include \"nowhere.h\"\n").returncode == 1


# ---- stack

KNOTS = """
int (*p)(void);
int use(int *x);
int deep(int n)
{
    int x[9];
    return n ? deep(use(x)) + 1 : 0;
}
int loose(void)
{
    return p() + 1;
}
"""


def stack(*arguments):
    return run(["tools/stack", *arguments])


def test_kernel_stack_is_bounded():
    done = stack(f"{BUILD}/kernel.elf")
    assert done.returncode == 0, done.stdout
    assert all(way in done.stdout for way in ("trap_invoke", "quick_operate", "trap_other"))
    assert stack(f"{BUILD}/kernel.elf", "--limit", "1000").returncode == 1


def test_recursion_and_pointers_must_be_known(tmp_path):
    (tmp_path / "a.c").write_text(KNOTS)
    subprocess.check_call(["riscv64-linux-gnu-gcc", "-O1", "-c", "a.c", "-o", "a.o"], cwd=tmp_path)
    subprocess.check_call(["riscv64-linux-gnu-ld", "-e", "deep", "--unresolved-symbols=ignore-all", "a.o",
                           "-o", "a.elf"], cwd=tmp_path)
    done = stack(os.path.join(tmp_path, "a.elf"), "--ways", "deep loose")
    assert done.returncode == 1
    assert "recursion of deep" in done.stdout and "loose calls through a pointer" in done.stdout
