"""tools/idlc: what it refuses, with which words, and what its output compiles to. (tests/unit/wire runs the output.)"""
import re
import subprocess

import pytest

from conftest import TOP, run

GOOD = """
// Adds numbers.
interface calc {
    const LIMIT = 0x10;       // the most
    1: add(i64 a, u64 b) -> (i64 sum);
    2: name(bytes path[8], cap c) -> (page piece, bytes text[16]);
}
"""


def compile_page(folder, text, name="calc"):
    (folder / f"{name}.idl").write_text(text)
    return run([f"{TOP}/tools/idlc", f"{folder}/{name}.idl", "-o", f"{folder}/{name}.h"])


def method(line):
    return "interface calc {\n" + line + "\n}"


BAD = [
    ("", "calc.idl:1: expected 'interface', found 'end of file'"),
    ("interface calc {", "calc.idl:1: expected 'const', a method's number, or '}', found 'end of file'"),
    ("interface calc { }", "calc.idl:1: interface 'calc' has no methods"),
    ("interface other {\n1: f() -> ();\n}", "calc.idl:1: interface 'other' stands in a page named 'calc'"),
    ("\n\ninterface calc { 1: f() -> (); } x", "calc.idl:3: one interface a page; found 'x' behind it"),
    (method("1: f() -> () "), "calc.idl:3: expected ';', found '}'"),
    (method("1: f(u16 a) -> ();"), "calc.idl:2: unknown type 'u16' (known: u64 u32 i64 i32 bytes cap page)"),
    (method("1: f(u32) -> ();"), "calc.idl:2: expected the parameter's name, found ')'"),
    (method("1: f(u32 a,) -> ();"), "calc.idl:2: expected a type, found ')'"),
    (method("1: f(bytes a) -> ();"), "calc.idl:2: expected '[', found ')'"),
    (method("1: f(bytes a[0]) -> ();"), "calc.idl:2: method 'f': parameter 'a': room for 0 bytes"),
    (method("1: f(u32 a, u64 a) -> ();"), "calc.idl:2: method 'f': parameter 'a' is defined already in line 2"),
    (method("1: f(u32 int) -> ();"), "calc.idl:2: method 'f': parameter 'int': 'int' means something in C"),
    (method("1: f(u32 gate) -> ();"), "calc.idl:2: method 'f': parameter 'gate': the stubs use this name themselves"),
    (method("1: f() -> ();\n1: g() -> ();"), "calc.idl:3: method 'g': number 1 is taken by 'f'"),
    (method("1: f() -> ();\n2: f() -> ();"), "calc.idl:3: method 'f' is defined already in line 2"),
    (method("0: f() -> ();"), "calc.idl:2: method 'f': numbers are 1..32767 (0x8000 on are the kernel's)"),
    (method("010: f() -> ();"), "calc.idl:2: '010': no leading zeros"),
    (method("1: f(bytes a[800]) -> ();"),
     "calc.idl:2: method 'f': its request takes up to 102 words, a message has 96"),
    (method("1: f() -> (" + ", ".join(f"cap c{i}" for i in range(9)) + ");"),
     "calc.idl:2: method 'f': its reply has 9 map items, a message has 8"),
    (method("const limit = 1;\n1: f() -> ();"), "calc.idl:2: constant 'limit': constants are in capitals"),
    (method("const A = 4294967296;\n1: f() -> ();"), "calc.idl:2: constant 'A' does not fit an int"),
    (method("1: f() -> ();\n$"), "calc.idl:3: stray character '$'"),
    ("interface calc extends nothing {\n1: f() -> ();\n}", "there is no page"),
    ("interface calc extends calc {\n1: f() -> ();\n}", "calc.idl:1: 'calc' extends itself"),
]


@pytest.mark.parametrize("text,message", BAD, ids=range(len(BAD)))
def test_refuses(tmp_path, text, message):
    done = compile_page(tmp_path, text)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "calc.h").exists()


def test_reports_all_clashes_at_once(tmp_path):
    done = compile_page(tmp_path, method("1: f() -> ();\n1: g() -> ();\n2: g() -> ();"))
    assert len(done.stderr.splitlines()) == 2


def test_numbers_of_the_base_are_taken(tmp_path):
    compile_page(tmp_path, GOOD)
    done = compile_page(tmp_path, "interface more extends calc {\n2: f() -> ();\n}", "more")
    assert "more.idl:2: method 'f': number 2 is taken by 'name' of 'calc'" in done.stderr


def test_interfaces_that_extend_each_other(tmp_path):
    (tmp_path / "a.idl").write_text("interface a extends b {\n1: f() -> ();\n}")
    done = compile_page(tmp_path, "interface b extends a {\n2: f() -> ();\n}", "b")
    assert done.returncode == 1 and "extends itself" in done.stderr


def test_comments_and_constants_come_along(tmp_path):
    assert compile_page(tmp_path, GOOD).returncode == 0
    header = (tmp_path / "calc.h").read_text()
    assert "/* Adds numbers. */" in header and "/* the most */" in header and "CALC_LIMIT = 16," in header
    assert max(len(line) for line in header.splitlines()) <= 120


def test_few_words_stay_in_registers(tmp_path):
    """A call of a stub with two words in and one out is one ecall, without a stack frame for the message."""
    assert compile_page(tmp_path, GOOD).returncode == 0
    (tmp_path / "use.c").write_text('#include "calc.h"\ni64 use(cap_t gate, i64 a, u64 b)\n'
                                    '{\n    i64 sum = 0;\n    return calc_add(gate, a, b, &sum) ? -1 : sum;\n}\n')
    code = subprocess.check_output(
        ["riscv64-linux-gnu-gcc", "-std=gnu11", "-O2", "-march=rv64gc", "-ffreestanding", "-fno-pic", f"-I{TOP}",
         f"-I{TOP}/lib/sys/arch/riscv64",
         f"-I{tmp_path}", "-S", "-o", "-", f"{tmp_path}/use.c"], text=True)
    body = code[code.index("use:"):code.index(".size\tuse")]
    assert len(re.findall(r"\tecall", body)) == 1
    assert "\tcall\t" not in body
    assert not re.search(r"\ts[wd]\ts[2-9],\d+\(sp\)", body[body.index("\tecall"):])
