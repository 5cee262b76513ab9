"""Processes come and go without a trace: memory, kernel memory and process ids are as before."""
import pytest

from guest import guest, output

SPAWNS = 1000


def table(text):
    """`free` as {name: (used, kernel used)}; rows are NAME USED-KB LIMIT-KB KERNEL-KB KLIMIT-KB."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return {row[0]: (int(row[1]), int(row[3])) for row in rows}


def rows(text):
    """As table, but with all rows of one name: there are several shells."""
    return sorted((row[0], int(row[1]), int(row[3])) for row in (line.split() for line in text.splitlines()[1:]))


def test_a_thousand_spawns_lose_no_memory():
    """The first few make the servers touch memory that they keep: tables, and a page for each size of object. Such a
    table may grow once more, later; what is lost is lost in both halves."""
    loop = "i=0; while [ $i -lt {} ]; do /bin/true || echo failed; i=$((i + 1)); done"
    half = loop.format(SPAWNS // 2)
    line = f"{loop.format(100)}; free > /a; {half}; free > /b; {half}; free > /c"
    before, between, after = map(table, output(f"{line}; cat /a; echo =; cat /b; echo =; cat /c").split("=\n"))
    assert before == between or between == after


ROUND = "yes | cat > /dev/null & sleep 0.02; kill $!; wait; yes | head -n 1"
FORGETFUL = "false & true | true"   # a script that does not wait for what it starts

# `free` when what has ended is gone: until it tells the same twice.
SETTLED = "until free > /tmp/{0}; sleep 0.3; free > /tmp/again; cmp -s /tmp/{0} /tmp/again; do :; done"


@pytest.mark.parametrize("line", [ROUND, FORGETFUL])
def test_killed_pipelines_lose_no_memory(line):
    """Neither in the servers nor in the shell that runs them all. The first rounds fill what is kept for the next
    ones: four rings of the pipe server, the groups of slots of musl's malloc, 64 jobs that a script may ask for."""
    loop = f"i=0; while [ $i -lt 75 ]; do {line}; i=$((i + 1)); done > /dev/null 2>&1"
    before, after = output(f"{loop}; {loop}; {SETTLED.format('a')}; {loop}; {SETTLED.format('b')}; "
                           "cat /tmp/a; echo =; cat /tmp/b").split("=\n")
    assert before.count("\nsh ") >= 2 and rows(before) == rows(after)


def test_a_process_that_faults_is_the_only_one_that_dies(tmp_path):
    """A damaged program is refused or dies by a signal; the shell goes on."""
    (tmp_path / "bad").write_bytes(b"\x7fELF" + bytes(60) + b"\xff" * 4000)
    (tmp_path / "bad").chmod(0o755)
    done = guest("/bad; echo status $?; echo alive", "--put", f"{tmp_path}/bad:/bad")
    lines = done.stdout.splitlines()
    assert lines[-1] == "alive" and lines[0].startswith("status ") and lines[0] != "status 0"
