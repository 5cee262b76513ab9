"""The shell at Tessera's own terminal: what tests/apps/test_sh_terminal.py checks on the host, as far as it concerns
the console, process groups and signals. One boot for all."""
import re
import time

import pytest

from guest import PROMPT, Terminal, new_disk

pytestmark = pytest.mark.everywhere

INTERRUPT, END_OF_INPUT, UP, LEFT = "\x03", "\x04", "\x1b[A", "\x1b[D"


@pytest.fixture(name="terminal", scope="module")
def fixture_terminal(tmp_path_factory):
    with Terminal(new_disk(tmp_path_factory.mktemp("terminal"))) as terminal:
        yield terminal


def type_keys(terminal, keys, after=r"\r*\n"):
    """Types keys that the editor answers in its own way; returns what follows the end of the line that it shows."""
    terminal.child.send(keys)
    terminal.child.expect(after)
    terminal.child.expect(PROMPT)
    return terminal.child.before.decode(errors="replace").replace("\r", "")


def start(terminal, line):
    """Starts a program that stays, and waits until the shell is at it, and a second for it to get the terminal."""
    terminal.child.send(f"echo on; {line}\r")
    terminal.child.expect(rb"\non\r*\n")
    time.sleep(1)


def interrupt(terminal):
    terminal.child.send(INTERRUPT)
    terminal.child.expect(PROMPT)


def test_editing_history_and_completion(terminal):
    assert type_keys(terminal, "echo ac" + LEFT + "b\r").endswith("abc")
    assert type_keys(terminal, UP + "\r").endswith("abc")
    assert "decode" in type_keys(terminal, "ls /b\tdec\t\r")
    assert type_keys(terminal, "not to be run" + INTERRUPT, r"\^C").strip() == ""


@pytest.mark.parametrize("line", [
    "sleep 100", "cat", "yes | cat | cat > /dev/null", "while true; do sleep 0.1; done", "(sleep 100; echo no)",
    "while true; do :; done", "for i in $(seq 1 9); do while true; do i=1; done; done", "read x",
])
def test_interrupt(terminal, line):
    start(terminal, line)
    interrupt(terminal)
    assert terminal.run("echo status $?") == "status 130"


def test_interrupt_between_programs(terminal):
    """Also when one has ended and the next one has not begun: the terminal is still that of the dead one."""
    for _ in range(10):
        start(terminal, "while true; do sleep 0; done")
        interrupt(terminal)


def test_interrupt_leaves_the_background_alone(terminal):
    assert re.fullmatch(r"\[1\] \d+", terminal.run("sleep 100 &"))
    start(terminal, "sleep 50")
    interrupt(terminal)
    assert terminal.run("jobs") == "[1] Running  sleep 100"
    assert terminal.run("kill $!; wait") == "[1] Terminated  sleep 100"


def test_interrupt_of_waiting(terminal):
    start(terminal, "sleep 100 & wait")
    interrupt(terminal)
    assert terminal.run("echo status $?; jobs") == "status 130\n[1] Running  sleep 100"
    assert terminal.run("kill $!; wait") == "[1] Terminated  sleep 100"


def test_programs_read_lines_from_the_terminal(terminal):
    start(terminal, "cat")
    terminal.child.send("a lime\x7f\x7fne\r")
    terminal.child.expect(r"a line\r*\n")
    terminal.child.send(END_OF_INPUT)
    terminal.child.expect(PROMPT)
    start(terminal, "read x")
    terminal.child.send("two words\r")
    terminal.child.expect(PROMPT)
    assert terminal.run("echo $x") == "two words"


def test_what_is_typed_ahead_is_not_lost(terminal):
    start(terminal, "sleep 2")
    terminal.child.send("echo ahead\r")
    terminal.child.expect(rb"\$ echo ahead\r*\nahead\r*\n")
    terminal.child.expect(PROMPT)


def test_killed_programs_are_told(terminal):
    assert terminal.run("sh -c 'kill -9 $$'") == "Killed"
    assert terminal.run("sh -c 'kill -TERM $$'; echo $?") == "Terminated\n143"
    assert terminal.run("yes | head -n 1") == "y"


def test_a_killed_shell_is_replaced(terminal):
    terminal.run("kill -9 $$")
    assert terminal.run("echo $((6 * 7))") == "42"
    terminal.child.send(END_OF_INPUT)
    terminal.child.expect(PROMPT)
    assert "Operation not permitted" in terminal.run("kill -9 1")
    assert terminal.run("echo still here") == "still here"


@pytest.mark.parametrize("columns", [30, 120])
def test_the_terminal_has_the_size_of_the_window(terminal, columns):
    terminal.child.setwinsize(30, columns)
    until = time.monotonic() + 30
    widest = 0
    while not columns / 2 < widest <= columns:
        assert time.monotonic() < until, widest
        widest = max(map(len, terminal.run("ls /bin").splitlines()))
    terminal.child.setwinsize(24, 80)
