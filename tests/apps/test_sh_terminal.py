"""The shell at a terminal: line editing, history, completion, Ctrl-C and jobs."""
import os
import re
import termios
import time

import pexpect
import pytest

from programs import BIN, ENVIRONMENT

UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = "\033[A", "\033[B", "\033[C", "\033[D", "\033[H", "\033[F", "\033[3~"
PROMPT = "@@ "
PATIENCE = 60  # seconds: only a shell that hangs takes so long


@pytest.fixture(name="shell")
def fixture_shell(tmp_path):
    child = pexpect.spawn(f"{BIN}/sh", cwd=str(tmp_path), env={**ENVIRONMENT, "TERM": "vt100", "PS1": "x"},
                          timeout=PATIENCE, encoding="utf-8", dimensions=(24, 60))
    child.delaybeforesend = None
    child.expect_exact(f"{tmp_path} $ ")
    child.sendline("PS1='@@ '")
    child.expect_exact("\n" + PROMPT)
    yield child
    child.close(force=True)


def wait_for(happens):
    until = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.01)


def start(shell, line, program=None):
    """Types a line and waits until the program has the terminal, or the shell itself runs, without its editor."""
    shell.send(line + "\r")
    shell.expect_exact("\r\n")
    if program:
        wait_for(lambda: name_of(os.tcgetpgrp(shell.child_fd)) == program)
    else:
        wait_for(lambda: termios.tcgetattr(shell.child_fd)[3] & termios.ICANON)


def name_of(process):
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return None


def ask(shell, keys, end="\r"):
    """Types keys and Enter; returns what was printed after the line that was typed, up to the next prompt."""
    shell.send(keys + end)
    shell.expect_exact("\r\n")
    shell.expect(re.escape(PROMPT) + "$")
    return shell.before.replace("\r\n", "\n")


def test_runs_commands_and_leaves(shell):
    assert ask(shell, "echo hello") == "hello\n"
    assert ask(shell, "false; echo $?") == "1\n"
    assert ask(shell, "nope") == "sh: nope: command not found\n"
    assert ask(shell, "echo )") == "sh: syntax error near ')'\n"
    assert ask(shell, "") == ""
    shell.sendline("exit 3")
    shell.expect(pexpect.EOF)
    shell.wait()
    assert shell.exitstatus == 3


@pytest.mark.parametrize("keys,typed", [
    ("acb" + LEFT + "\x7f" + RIGHT + "c", "abc"),
    ("bc" + HOME + "a" + END + "d", "abcd"),
    ("bc\x01a\x05d", "abcd"),
    ("\033OHa\033OFb\033[1~c\033[4~d", "cabd"),
    ("axb" + LEFT + LEFT + DELETE, "ab"),
    ("axb" + LEFT + LEFT + "\x04", "ab"),
    ("nonsense\x15abc", "abc"),
    ("abc" + LEFT + LEFT + "\x0b", "a"),
    ("abc nonsense   \x17", "abc"),
    ("one two" + "\033b" + "X" + "\033[1;5D" + "\033[1;5D" + "Y" + "\033f" + "Z", "YoneZ Xtwo"),
    ("äöü" + LEFT + "\x7f" + HOME + DELETE, "ü"),
    ("a\033[99~\033[Zb\x07\x18c", "abc"),
    ("x" * 150 + HOME + "y" + END + "z", "y" + "x" * 150 + "z"),
])
def test_editing(shell, keys, typed):
    assert ask(shell, "echo '" + LEFT + RIGHT + keys.replace(HOME, HOME + RIGHT * 6).replace("\x01", "\x01" + RIGHT * 6)
               .replace("\033OH", "\033OH" + RIGHT * 6).replace("\033[1~", "\033[1~" + RIGHT * 6)
               if "\x15" not in keys else "\x15" + keys.split("\x15")[0] + "\x15" + "echo '" + keys.split("\x15")[1],
               "'\r").strip() == typed


def test_long_lines_scroll(shell):
    shell.send("echo " + "a" * 100 + "\r")
    shell.expect_exact("\r\n")
    shell.expect_exact("a" * 100 + "\r\n")


def test_history(shell):
    ask(shell, "echo one")
    ask(shell, "echo two")
    assert ask(shell, UP) == "two\n"
    assert ask(shell, UP + UP) == "one\n", "a line that repeats is kept once"
    assert ask(shell, "echo new" + UP + UP + DOWN + DOWN) == "new\n"
    assert ask(shell, DOWN + DOWN + UP + UP * 50 + DOWN) == "one\n"
    assert ask(shell, "history | head -n 2").splitlines()[1].split() == ["2", "echo", "one"]
    listing = ask(shell, "history").splitlines()
    assert listing[1].split() == ["2", "echo", "one"] and listing[-1].endswith("history")


def test_continuation_lines(shell):
    shell.send("if true\r")
    shell.expect_exact("\r\n> ")
    shell.send("then echo yes\r")
    shell.expect_exact("\r\n> ")
    assert ask(shell, "fi") == "yes\n"
    shell.send("echo 'a\r")
    shell.expect_exact("\r\n> ")
    assert ask(shell, "b'") == "a\nb\n"
    shell.send("echo 'a\r")
    shell.expect_exact("\r\n> ")
    assert ask(shell, "x\x03", "") == ""


def test_completion(shell, tmp_path):
    (tmp_path / "some file").write_text("content\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/inner-one").touch()
    (tmp_path / "folder/inner-two").touch()
    assert ask(shell, "cat so\t") == "content\n"
    assert ask(shell, "cat 'x' so\t").endswith("content\n")
    assert ask(shell, "echo fol\tin\to\t") == "folder/inner-one\n"
    assert ask(shell, "hexd\t-C some\\ f\t | hea\t-n 1").startswith("00000000  63 6f 6e")
    assert ask(shell, "ec\tdone") == "done\n"
    assert ask(shell, "echo nothing-like-this\t") == "nothing-like-this\n"
    shell.send("echo folder/\t\t\t")
    shell.expect_exact("inner-one  inner-two\r\n")
    shell.send("\x03")


def test_control_keys_at_the_prompt(shell):
    assert ask(shell, "half a line\x03", "") == ""
    assert ask(shell, "echo $?") == "130\n"
    shell.send("\x0c")
    shell.expect_exact("\033[H\033[2J")
    shell.expect_exact(PROMPT)
    shell.send("\x04")
    shell.expect(pexpect.EOF)
    shell.wait()
    assert shell.exitstatus == 0


def test_interrupt_ends_the_program_only(shell):
    start(shell, "sleep 100", "sleep")
    shell.send("\x03")
    shell.expect_exact(PROMPT)
    assert ask(shell, "echo $?") == "130\n"


def test_interrupt_ends_a_pipeline_and_a_list(shell):
    start(shell, "yes | cat | cat >/dev/null; echo not-reached", "yes")
    shell.send("\x03")
    shell.expect_exact("^C\r\n" + PROMPT)
    assert ask(shell, "echo alive") == "alive\n"


@pytest.mark.parametrize("loop", [
    "while true; do :; done", "while true; do sleep 0.1; done", "for i in $(seq 1000); do cat; done",
])
def test_interrupt_ends_loops(shell, loop):
    start(shell, loop)
    shell.send("\x03")
    shell.expect_exact("\n" + PROMPT)
    assert ask(shell, "echo alive") == "alive\n"


def test_programs_get_a_terminal_that_echoes_and_edits(shell):
    start(shell, "cat", "cat")
    shell.send("line\r")
    shell.expect_exact("line\r\nline\r\n")
    shell.send("\x04")
    shell.expect_exact(PROMPT)


def test_background_jobs(shell):
    started = ask(shell, "sleep 100 &")
    assert re.fullmatch(r"\[1\] \d+\n", started)
    assert ask(shell, "jobs") == "[1] Running  sleep 100\n"
    assert ask(shell, "kill $!; wait") == "[1] Terminated  sleep 100\n"
    assert ask(shell, "jobs") == ""
    told = ask(shell, "(exit 3) & true | false & wait").splitlines()
    assert told[2:] == ["[1] Exit 3  (exit 3)", "[2] Exit 1  true | false"]
    start(shell, "sleep 100 & fg", "sleep")
    shell.expect_exact("sleep 100\r\n")
    shell.send("\x03")
    shell.expect_exact("^C\r\n" + PROMPT)


def test_interrupt_spares_the_background(shell):
    ask(shell, "sleep 100 &")
    start(shell, "sleep 50", "sleep")
    shell.send("\x03")
    shell.expect_exact(PROMPT)
    assert ask(shell, "jobs") == "[1] Running  sleep 100\n"
    ask(shell, "kill %1")


def test_stop_and_go_on(shell):
    start(shell, "sleep 100", "sleep")
    shell.send("\x1a")
    shell.expect_exact("[1] Stopped  sleep 100\r\n" + PROMPT)
    assert ask(shell, "jobs") == "[1] Stopped  sleep 100\n"
    start(shell, "fg", "sleep")
    shell.expect_exact("sleep 100\r\n")
    shell.send("\x03")
    shell.expect_exact("^C\r\n" + PROMPT)
    assert ask(shell, "jobs") == ""


def test_killed_programs_are_told(shell):
    assert ask(shell, "sh -c 'kill -9 $$'") == "Killed\n"
    assert ask(shell, "sh -c 'kill -ABRT $$' | cat") == "Aborted\n"


def test_a_failed_expansion_does_not_end_the_shell(shell):
    assert ask(shell, "echo ${x?no}; echo $((1/0))").splitlines()[0] == "sh: x: no"
    assert ask(shell, "cd /none; pwd | wc -l").splitlines()[1] == "1"
    assert ask(shell, "set -u; echo $nope").endswith("nope: is not set\n")


def test_reads_from_the_terminal(shell):
    start(shell, "read a b")
    shell.send("one two\r")
    shell.expect_exact("one two\r\n")
    shell.expect_exact(PROMPT)
    assert ask(shell, "echo $b $a") == "two one\n"


def test_dumb_terminals_get_lines(tmp_path):
    child = pexpect.spawn(f"{BIN}/sh", cwd=str(tmp_path), env={**ENVIRONMENT, "TERM": "dumb"}, timeout=PATIENCE,
                          encoding="utf-8")
    child.sendline("echo $((6*7))")
    child.expect_exact("42\r\n")
    child.sendline("exit")
    child.expect(pexpect.EOF)


def test_hanging_up_ends_the_shell(tmp_path):
    child = pexpect.spawn(f"{BIN}/sh", cwd=str(tmp_path), env=ENVIRONMENT, timeout=PATIENCE, encoding="utf-8")
    child.expect_exact("$ ")
    os.close(child.fileno())
    wait_for(lambda: not child.isalive())
