"""Shell sessions: commands by the launcher, and a person at the terminal."""
import pytest

from guest import Terminal, guest, new_disk, output

pytestmark = pytest.mark.everywhere

LINES = [
    ("echo hello", "hello\n"),
    ("echo a | cat | cat", "a\n"),
    ("seq 1 1000 | wc -l", "1000\n"),
    ("false; echo $?", "1\n"),
    ("true && echo yes || echo no", "yes\n"),
    ("false && echo yes || echo no", "no\n"),
    ("false | true; echo $?", "0\n"),
    ("(set -o pipefail; false | true); echo $?", "1\n"),
    ("echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f", "one\ntwo\n"),
    ("ls /none 2> /tmp/e; wc -l < /tmp/e", "1\n"),
    ("cd /tmp && pwd", "/tmp\n"),
    ("x='a b'; echo \"$x\" '$x' $x", "a b $x a b\n"),
    ("touch /tmp/a1 /tmp/a2 /tmp/b1; echo /tmp/a* /tmp/?1", "/tmp/a1 /tmp/a2 /tmp/a1 /tmp/b1\n"),
    ("mkdir -p /tmp/d/e; echo x > /tmp/d/e/f; cp -r /tmp/d /tmp/g; cat /tmp/g/e/f; rm -r /tmp/g; ls /tmp/g 2> /tmp/n",
     "x\n"),
    ("ln -s f /tmp/l; cat /tmp/l; mv /tmp/l /tmp/m; ls /tmp/l 2> /tmp/n || echo gone", "one\ntwo\ngone\n"),
    ("sleep 100 & kill $!; wait $!; echo $?", "143\n"),
    ("uname", "Tessera\n"),
    ("clear | wc -c", "7\n"),
    ("ls /bin | wc -l", "52\n"),  # as in README.md
    ("ls /dev /proc", "/dev:\nfull\nnull\nrandom\nurandom\nzero\n\n/proc:\nmemory\ntasks\n"),
    ("cd /dev; echo x > null; ls n*; echo ../proc/t*", "null\n../proc/tasks\n"),
    ("cd /tmp; echo x > ../dev/null; ls ../proc ../../dev/n*; cd /home; ls ../dev/../proc/m*",
     "../../dev/null\n\n../proc:\nmemory\ntasks\n../dev/../proc/memory\n"),
    ("yes | head -n 2", "y\ny\n"),
    ("echo 'echo $1' > /tmp/s; /tmp/s a; chmod +x /tmp/s; /tmp/s b; which s sh; (PATH=/tmp:$PATH; s c)",
     "b\n/bin/sh\nc\n"),
    ("find /tmp -name 's*' -type f | sort -r | head -n 1 | tr s S | cut -d / -f 3", "S\n"),
    ("f() { local x=1; trap x=2 USR1; kill -USR1 $$; while [ $x = 1 ]; do :; done; echo $x; }; f; trap - USR1", "2\n"),
]


def test_lines():
    """One boot; each line's output is behind a mark."""
    done = guest("; ".join(f"echo '#{number}'; {line}" for number, (line, _) in enumerate(LINES)))
    assert done.returncode in (0, 1), done.stderr
    parts = done.stdout.split("#")[1:]
    assert len(parts) == len(LINES), done
    for number, (line, expected) in enumerate(LINES):
        assert parts[number] == f"{number}\n{expected}", line


@pytest.mark.parametrize("line,status", [("exit 7", 7), ("nonsense", 127), ("kill -KILL $$", 137), ("/tmp", 126)])
def test_status(line, status):
    assert guest(line).returncode == status


def test_binary_output_is_exact(tmp_path):
    data = bytes(range(256)) * 3000
    (tmp_path / "in").write_bytes(data)
    done = guest("cat /in; cat /in >&2", "--put", f"{tmp_path}/in:/in", text=False)
    assert done.returncode == 0 and done.stdout == data and done.stderr == data


def test_a_person_at_the_terminal(tmp_path):
    with Terminal(new_disk(tmp_path), log=tmp_path / "log") as terminal:
        assert terminal.run("echo hello") == "hello"
        assert "sh" in terminal.run("ls /bin").split()
        terminal.child.send("sleep 1000\r")
        terminal.child.expect(b"sleep 1000\r*\n")
        terminal.child.send("\x03")
        assert terminal.run("echo $?").splitlines()[-1] == "130"
        assert terminal.run("nonsense").startswith("sh: nonsense")
        assert terminal.end("poweroff 3\r") == 3


def test_ctrl_a_x_leaves(tmp_path):
    with Terminal(new_disk(tmp_path)) as terminal:
        assert terminal.end("\x01x") == 0


def test_processes_and_memory_are_listed():
    assert "sh" in output("ps")
    assert len(output("free").splitlines()) > 2


def test_space_on_the_disk_is_told():
    head, row = output("df /bin").splitlines()
    size, used, free = (int(n) for n in row.split()[:3])
    assert head.split()[0] == "SIZE-KB"
    assert 500_000 < size and 0 < used < size and used + free <= size
    before, after = (int(n) for n in output("mkdir /d; du -s /d; seq 200000 > /d/f; sync; du -s /d").split()[::2])
    assert 1_259 <= after - before <= 1_300  # KiB
