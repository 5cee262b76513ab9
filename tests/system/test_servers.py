"""Every server killed in turn, by a person at the shell: what dies with it is only what depends on it."""
import pexpect
import pytest

from guest import PROMPT, Terminal, new_disk

RESTARTED = ["disk0", "vport", "pipe"]         # the shell goes on as if nothing had been
FATAL = ["console", "ns16550", "proc"]         # nobody is left to talk to: the machine ends with an error status


def native(terminal, name):
    """The number by which `kill` knows a native program."""
    rows = [line.split() for line in terminal.run("ps").splitlines()]
    return next(row[0] for row in rows if row[-1] == name)


@pytest.fixture
def terminal(tmp_path):
    with Terminal(new_disk(tmp_path), log=tmp_path / "log") as terminal:
        yield terminal


@pytest.mark.parametrize("name", RESTARTED)
def test_a_server_that_is_restarted(terminal, name):
    terminal.run("echo old > /old")
    terminal.child.send(f"kill -KILL {native(terminal, name)}\r")
    terminal.child.expect(f"init: {name} is ended")
    assert terminal.run("cat /old") == "old"
    assert terminal.run("echo new > /new; cat /new /old | wc -l") == "2"
    assert native(terminal, name)
    assert terminal.end("poweroff\r") == 0


def test_the_file_system_takes_its_programs_along(terminal):
    """Programs are mapped from the file system, so they end; the shell starts anew, and what was synced is there."""
    terminal.run("echo old > /old; sync")
    server, shell = native(terminal, "fs"), terminal.run("echo $$")
    terminal.child.send(f"kill -KILL {server}\r")
    terminal.child.expect(b"init: fs is ended")
    terminal.child.send("\r")  # wakes the shell, whose pages are gone
    terminal.child.expect(rf"proc: sh \({shell}\) died")
    terminal.child.expect(PROMPT)
    assert terminal.run("cat /old") == "old"
    assert terminal.run("echo new | cat") == "new"
    assert terminal.run("echo $$") != shell
    assert terminal.end("poweroff\r") == 0


@pytest.mark.parametrize("name", FATAL)
def test_a_server_without_which_nothing_goes(terminal, name):
    terminal.child.send(f"kill -KILL {native(terminal, name)}; sleep 20\r")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus not in (None, 0)


def test_root_and_init_cannot_be_killed(terminal):
    assert "ermitted" in terminal.run("kill -KILL 1") or "ermission" in terminal.run("kill -KILL 1")
    assert "o such process" in terminal.run("kill -KILL 40000")  # the number before init's first program: nobody's
    assert terminal.run("ps | grep -c root") == "0"  # root has no number at all
    assert terminal.run("echo alive") == "alive"
