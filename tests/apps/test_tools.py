"""The usual tools, against what they are known to do: where the machine has its own, the two must agree."""
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from programs import BIN, ENVIRONMENT, failure, output, run

BYTES = bytes(range(256)) * 3 + b"\0" * 100 + b"the end"
LINES = "".join(f"line {i}\n" for i in range(1, 31))


@pytest.fixture(name="folder")
def fixture_folder(tmp_path):
    """A small tree: files, a directory, links."""
    (tmp_path / "a.txt").write_text(LINES)
    (tmp_path / "bytes").write_bytes(BYTES)
    (tmp_path / "empty").touch()
    (tmp_path / "bytes2").write_bytes(b"z\n\xe4\nA\n\nthe end")
    (tmp_path / "twice").write_text("b\na\nb\n\na\n")
    (tmp_path / "same").write_text("a\na\nb\nA\na\n\n\nc")
    (tmp_path / "fields").write_text("root:x:0:0\n:\nnone\na::c:d:e\n")
    (tmp_path / "numbers").write_text("10\n9\n-3.5\n9\nword\n 2\n")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/inner").write_text("inner\n")
    (tmp_path / "dir/.hidden").touch()
    (tmp_path / "link").symlink_to("a.txt")
    (tmp_path / "dangling").symlink_to("nowhere")
    return tmp_path


def names(path):
    return sorted(os.listdir(path))


# ---- the same as the machine's own ----

@pytest.mark.parametrize("command", [
    "cat a.txt", "cat bytes empty", "cat a.txt - a.txt", "cat",
    "echo", "echo a  b", "echo -n x", "echo -e a\\tb\\n\\0101\\c", "echo -x", "echo -", "echo -ne a\\\\b",
    "printf a%sb\\n x", "printf %s-%d\\n a 1 b 2 c",
    "printf %5.2s|%-5s|%05d|%x|%o|%c%% abc d 42 255 8 xyz", "printf \\101\\t\\n",
    "printf %b|%s\\n a\\tb\\0101 a\\tb", "printf a\\cb", "printf %d\\n 0x1f 010 -5 'A", "printf %d x",
    "head a.txt", "head -n 3 a.txt", "head -3 a.txt", "head -c 7 a.txt bytes", "head -n 0 a.txt", "head empty",
    "head -n 2 a.txt empty", "head -n 100 a.txt",
    "tail a.txt", "tail -n 3 a.txt", "tail -3 a.txt", "tail -c 7 bytes", "tail -n +29 a.txt", "tail -c +760 bytes",
    "tail -n 0 a.txt", "tail empty", "tail -n 1 bytes", "tail -n 2 a.txt empty", "tail -n 100 a.txt",
    "seq 3", "seq 2 5", "seq 10 -3 -4", "seq 5 1",
    "cmp a.txt a.txt", "cmp -s a.txt bytes",
    "grep 1 a.txt", "grep -c 1 a.txt", "grep -v 1 a.txt", "grep -n 2.$ a.txt", "grep -i LINE.3 a.txt",
    "grep -E 1|2 a.txt", "grep -F . a.txt", "grep -l 3 a.txt empty", "grep -q 3 a.txt", "grep nothing a.txt",
    "grep line.3$ a.txt empty", "grep -c inner dir/inner a.txt",
    "hexdump bytes", "hexdump -C bytes", "hexdump -C empty", "hexdump -C -n 20 -s 250 bytes", "hexdump -v -C bytes",
    "hexdump -C a.txt dir/inner", "hexdump -n 3 bytes",
    "ls", "ls -S dir", "ls -a dir", "ls -A dir", "ls -d dir", "ls -1 a.txt dir", "ls -r", "ls -F", "ls -R",
    "ls -i a.txt", "date -u -d @0", "date -u -d @1700000000 +%Y-%m-%dT%H:%M:%S", "date -d @5 +%s", "date +",
    "pwd", "uname", "uname -m", "uname -s -r", "true", "false", "wc -l a.txt", "wc -c bytes", "wc -w", "wc -l a.txt",
    "env -i A=1 B=2", "kill -0 1", "sort a.txt", "sort -r a.txt bytes2", "sort -u twice", "sort -n numbers",
    "sort -nr numbers", "sort -nu numbers", "sort empty", "sort", "du", "du -a dir", "du -s dir a.txt", "du a.txt link",
    "uniq same", "uniq -c same", "uniq -d same", "uniq -u same", "uniq -ci same", "uniq empty", "uniq",
    "cut -c 2-4,1 a.txt", "cut -b 5- bytes2", "cut -c -3 a.txt", "cut -f 2 a.txt", "cut -d i -f 2 a.txt",
    "cut -f 2,4- -d : fields", "cut -d : -f 1 -s fields same", "cut -f 7 -d : fields", "cut -c 1",
    "tr a-y b-z", "tr -d e", "tr -s e", "tr -cd [:alnum:]\\n", "tr [:lower:] [:upper:]", "tr fr\\n XY", "tr -s \\n _",
    "tr -ds r e", "tr -c a-z\\012 -", "tr \\- x", "tr a-z -",
    "basename /a/b.c", "basename a/ a", "basename b.c .c", "basename / x", "basename .c .c",
    "dirname /a/b", "dirname a b/ / c/d/", "dirname",
    "find dir/inner", "find -maxdepth 0", "find dir -type d", "find . -name dang*", "find . -type l -name l*",
    "find . -mindepth 2 -name .*", "find dir -type f -empty", "find none",
])
def test_agrees(folder, command):
    name, *arguments = command.split(" ")
    stdin = b"from\nstdin here\n"
    environment = {**ENVIRONMENT, "PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    program = f"/bin/{name}" if os.path.exists(f"/bin/{name}") else f"/usr/bin/{name}"
    wanted = subprocess.run([program, *arguments], input=stdin, cwd=folder, env=environment, capture_output=True,
                            check=False, timeout=60)
    done = run(name, *arguments, stdin=stdin, cwd=folder, env={"LC_ALL": "C"})
    assert (done.returncode, done.stdout) == (wanted.returncode, wanted.stdout), done
    assert bool(done.stderr) == bool(wanted.stderr)


@pytest.mark.parametrize("arguments", [["a.txt", "bytes", "empty"], []])
def test_wc_counts(folder, arguments):
    text = b"  two words\n\n\tone\vmore\f!\r\nno newline"
    (folder / "bytes").write_bytes(text)
    wanted = subprocess.run(["wc", *arguments], input=text, cwd=folder, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                            capture_output=True, check=True, timeout=60).stdout
    assert output("wc", *arguments, stdin=text, cwd=folder).split() == wanted.decode().split()


# ---- ls ----

def test_ls_long(folder):
    os.chmod(folder / "a.txt", 0o4751)
    os.utime(folder / "a.txt", (0, 0))
    line = output("ls", "-l", "a.txt", cwd=folder).split()
    assert line[0] == "-rwsr-x--x"
    assert line[4:] == [str(len(LINES)), "Jan", "1", "1970", "a.txt"]
    listing = output("ls", "-la", cwd=folder).splitlines()
    assert any(re.match(r"drwx.* dir$", entry) for entry in listing)
    assert any(re.match(r"lrwx.* dangling -> nowhere$", entry) for entry in listing)
    assert output("ls", "-lh", "bytes", cwd=folder).split()[4] == str(len(BYTES))
    os.truncate(folder / "bytes", 5 << 30)
    assert output("ls", "-lh", "bytes", cwd=folder).split()[4] == "5.0G"


def test_ls_goes_on_after_errors(folder):
    done = run("ls", "none", "empty", cwd=folder)
    assert (done.returncode, done.stdout) == (1, b"empty\n")
    assert done.stderr == b"ls: none: No such file or directory\n"


def test_ls_sorts_by_time(folder):
    for index, name in enumerate(["empty", "a.txt", "bytes"]):
        os.utime(folder / name, (index, index))
    assert output("ls", "-t", "empty", "bytes", "a.txt", cwd=folder).split() == ["bytes", "a.txt", "empty"]
    assert output("ls", "-tr", "empty", "bytes", "a.txt", cwd=folder).split() == ["empty", "a.txt", "bytes"]


# ---- cp, mv, rm, ln, mkdir, rmdir, touch ----

def test_cp_files(folder):
    assert output("cp", "a.txt", "copy", cwd=folder) == ""
    assert (folder / "copy").read_text() == LINES
    output("cp", "a.txt", "bytes", "dir", cwd=folder)
    assert (folder / "dir/bytes").read_bytes() == BYTES
    output("cp", "link", "copy2", cwd=folder)
    assert (folder / "copy2").read_text() == LINES and not (folder / "copy2").is_symlink()


def test_cp_tree(folder):
    os.utime(folder / "dir/inner", (5, 6))
    os.chmod(folder / "dir/inner", 0o640)
    (folder / "dir/l").symlink_to("inner")
    output("cp", "-a", "dir", "new", cwd=folder)
    assert names(folder / "new") == [".hidden", "inner", "l"]
    status = os.stat(folder / "new/inner")
    assert (status.st_mtime, stat.S_IMODE(status.st_mode)) == (6, 0o640)
    assert os.readlink(folder / "new/l") == "inner"
    output("cp", "-r", "dir", "new", cwd=folder)
    assert names(folder / "new/dir") == [".hidden", "inner", "l"]


def test_cp_refuses(folder):
    assert "-r copies it" in failure("cp", "dir", "new", cwd=folder)
    assert "same file" in failure("cp", "a.txt", "./a.txt", cwd=folder)
    assert "same file" in failure("cp", "link", "a.txt", cwd=folder)
    assert (folder / "a.txt").read_text() == LINES
    assert "into itself" in failure("cp", "-r", "dir", "dir/sub", cwd=folder)
    assert "into itself" in failure("cp", "-r", ".", "dir", cwd=folder)
    assert "not a directory" in failure("cp", "a.txt", "bytes", "none", cwd=folder)
    assert "usage" in failure("cp", "a.txt", cwd=folder)
    assert "No such file" in failure("cp", "none", "x", cwd=folder)


def test_mv(folder):
    output("mv", "a.txt", "b.txt", cwd=folder)
    output("mv", "b.txt", "link", "dir", cwd=folder)
    assert names(folder / "dir") == [".hidden", "b.txt", "inner", "link"]
    output("mv", "dir/b.txt", "bytes", cwd=folder)
    assert (folder / "bytes").read_text() == LINES
    assert "No such file" in failure("mv", "none", "x", cwd=folder)
    failure("mv", "dir", "dir/sub", cwd=folder)


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="needs a second file system")
def test_mv_between_file_systems(folder):
    target = f"/dev/shm/tessera-mv-{os.getpid()}"
    try:
        output("mv", "dir", target, cwd=folder)
        assert not (folder / "dir").exists() and names(target) == [".hidden", "inner"]
    finally:
        output("rm", "-rf", target)


def test_rm(folder):
    assert "-r removes it" in failure("rm", "dir", cwd=folder)
    assert "No such file" in failure("rm", "none", cwd=folder)
    output("rm", "-f", "none", cwd=folder)
    output("rm", "link", "empty", cwd=folder)
    assert (folder / "a.txt").exists()
    assert output("rm", "-rv", "dir", cwd=folder).splitlines()[-1] == "removed 'dir'"
    for name in (".", "..", "/", "dir/.."):
        assert "refusing" in failure("rm", "-rf", name, cwd=folder)
    assert names(folder) == ["a.txt", "bytes", "bytes2", "dangling", "fields", "numbers", "same", "twice"]


def test_rm_does_not_follow_links(folder):
    (folder / "dir/out").symlink_to("../")
    output("rm", "-r", "dir", cwd=folder)
    assert (folder / "a.txt").exists()


def test_deep_trees(folder):
    deep = "deep" + "/d" * 300
    output("mkdir", "-p", deep, cwd=folder)
    output("cp", "-r", "deep", "deeper", cwd=folder)
    output("rm", "-r", "deep", "deeper", cwd=folder)
    assert "deep" not in names(folder)


def test_ln(folder):
    output("ln", "a.txt", "hard", cwd=folder)
    assert os.stat(folder / "hard").st_nlink == 2
    output("ln", "-s", "some/where", "soft", cwd=folder)
    assert os.readlink(folder / "soft") == "some/where"
    assert "File exists" in failure("ln", "-s", "x", "soft", cwd=folder)
    output("ln", "-sf", "x", "soft", cwd=folder)
    output("ln", "-s", "/etc/hosts", cwd=folder)
    assert os.readlink(folder / "hosts") == "/etc/hosts"


def test_mkdir_and_rmdir(folder):
    output("mkdir", "-p", "x/y/z", "x/y", cwd=folder)
    output("mkdir", "-m", "700", "private", cwd=folder)
    assert stat.S_IMODE(os.stat(folder / "private").st_mode) == 0o700
    assert "File exists" in failure("mkdir", "dir", cwd=folder)
    failure("mkdir", "-p", "a.txt/x", cwd=folder)
    assert "not empty" in failure("rmdir", "x", cwd=folder)
    output("rmdir", "x/y/z", "x/y", cwd=folder)
    assert names(folder / "x") == []


def test_touch(folder):
    os.utime(folder / "a.txt", (1, 1))
    before = time.time() - 2  # the clock of files may be coarser
    output("touch", "a.txt", "new", cwd=folder)
    output("touch", "-c", "not-made", cwd=folder)
    assert os.stat(folder / "a.txt").st_mtime >= before
    assert (folder / "a.txt").read_text() == LINES
    assert (folder / "new").exists() and not (folder / "not-made").exists()
    failure("touch", "none/x", cwd=folder)


# ---- streams ----

def test_tee(folder):
    done = run("tee", "one", "dir/two", "none/x", stdin=b"data", cwd=folder)
    assert (done.returncode, done.stdout) == (1, b"data")
    assert (folder / "one").read_text() == (folder / "dir/two").read_text() == "data"
    run("tee", "-a", "one", stdin=b" more", cwd=folder)
    assert (folder / "one").read_text() == "data more"


def test_cmp_tells_where(folder):
    (folder / "b.txt").write_text(LINES.replace("line 17", "line 18"))
    done = run("cmp", "a.txt", "b.txt", cwd=folder)
    assert (done.returncode, done.stdout) == (1, b"a.txt b.txt differ: byte 126, line 17\n")
    done = run("cmp", "a.txt", "-", stdin=LINES[:50].encode(), cwd=folder)
    assert (done.returncode, done.stderr) == (1, b"cmp: EOF on - after byte 50\n")


@pytest.mark.parametrize("mode", ["755", "0", "4711", "u+x", "go-rwx", "a=r", "+x", "=", "u=rwx,g=rx,o=", "a+X",
                                  "g+w-r", "ugo+rw,o-w"])
def test_chmod_agrees(folder, mode):
    modes = []
    for program in (f"{BIN}/chmod", "/bin/chmod"):
        for name, before in (("a.txt", 0o644), ("bytes", 0o751), ("dir", 0o700)):
            (folder / name).chmod(before)
        subprocess.run([program, mode, "link", "bytes", "dir"], cwd=folder, env=ENVIRONMENT, check=True)
        modes.append([stat.S_IMODE((folder / name).stat().st_mode) for name in ("a.txt", "bytes", "dir")])
    assert modes[0] == modes[1]


def test_chmod_of_trees(folder):
    output("chmod", "-R", "u=rwX,go=", ".", cwd=folder)
    modes = [stat.S_IMODE((folder / name).stat().st_mode) for name in ("dir", "dir/inner", "a.txt")]
    assert modes == [0o700, 0o600, 0o600]


def test_find_walks_in_order(folder):
    assert output("find", "dir", "link", cwd=folder) == "dir\ndir/.hidden\ndir/inner\nlink\n"
    assert output("find", "-name", "a.*", cwd=folder) == "./a.txt\n"


def test_sizes_for_people(folder):
    with open(folder / "big", "wb") as file:
        file.write(bytes(3 << 20))
    assert re.fullmatch(r"3\.[01]M\tbig\n", output("du", "-h", "big", cwd=folder))
    head, row = output("df", "-h", ".", cwd=folder).splitlines()
    assert head.split()[0] == "SIZE" and re.match(r" *[\d.]+[KMGT] ", row)


def test_tail_of_a_long_pipe():
    lines = "".join(f"{i}\n" for i in range(300000)).encode()
    assert output("tail", "-n", 2, stdin=lines) == "299998\n299999\n"
    assert output("tail", "-c", 7, stdin=lines) == "299999\n"


@pytest.mark.parametrize("command", ["cat a.txt", "ls", "seq 9", "echo x", "wc a.txt", "head a.txt", "hexdump a.txt",
                                     "grep l a.txt", "date", "env", "tee", "uname", "pwd", "tail a.txt", "yes",
                                     "sort a.txt", "df", "du", "uniq a.txt", "cut -c 1 a.txt", "tr a b", "find",
                                     "basename x", "dirname x"])
def test_lost_output_is_a_failure(folder, command):
    name, *arguments = command.split()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([f"{BIN}/{name}", *arguments], input=b"text", stdout=full, stderr=subprocess.PIPE,
                              cwd=folder, env=ENVIRONMENT, check=False, timeout=60)
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr


@pytest.mark.parametrize("command", [
    "head -n x", "head -c -1", "tail -n y", "seq", "seq a", "seq 1 0 2", "hexdump -n -3", "sleep", "sleep x",
    "sleep 1s", "sleep 1.x", "kill", "kill x", "kill -NOPE 1", "kill -9", "date -d yesterday", "date x", "ls -Z",
    "cp", "mv a", "ln",
    "touch", "mkdir", "mkdir -m 9 x", "rmdir", "rm", "wc -x", "time", "uname -x", "cat none", "wc none", "head none",
    "tail none", "hexdump none", "poweroff 256", "poweroff x", "poweroff 1 2", "poweroff", "ps", "free", "cat .",
    "sort -x", "sort none", "du -x", "du none", "df none", "df -x", "uniq a b", "uniq none", "cut",
    "cut -f 0", "cut -f 2-1", "cut -f -", "cut -d ab -f 1", "cut -f 1 none", "tr", "tr a", "tr -d a b", "tr b-a x",
    "tr [:no:] x", "tr a ",
    "basename", "chmod", "chmod 755", "chmod 8 a.txt", "chmod u+q a.txt", "chmod 600 none", "chmod u a.txt",
    "chmod 77777 a.txt", "chmod , a.txt", "find -x y", "find -type q", "find -name", "find -maxdepth -1", "find none",
])
def test_misuse_is_told(folder, command):
    done = run(*command.split(" "), cwd=folder)
    assert done.returncode == 1
    assert done.stderr


@pytest.mark.parametrize("command", ["grep", "grep [ a.txt", "grep -X a", "grep x none", "cmp a.txt", "cmp a.txt none"])
def test_misuse_of_comparers_is_status_2(folder, command):
    done = run(*command.split(" "), cwd=folder)
    assert done.returncode == 2
    assert done.stderr


# ---- processes and time ----

def test_sleep():
    start = time.monotonic()
    output("sleep", "0.1", ".2")
    assert time.monotonic() - start >= 0.3


def test_kill():
    for arguments, number in [([], signal.SIGTERM), (["-9"], signal.SIGKILL), (["-INT"], signal.SIGINT),
                              (["-s", "SIGHUP"], signal.SIGHUP), (["-usr1", "--"], signal.SIGUSR1)]:
        with subprocess.Popen(["/bin/sleep", "100"]) as victim:
            output("kill", *arguments, victim.pid)
            assert victim.wait(60) == -number
    assert " 9 KILL\n" in output("kill", "-l")
    assert "No such process" in failure("kill", 2 ** 22 + 1)


def test_time():
    done = run("time", "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert re.fullmatch(rb"real \d+\.\d{3}\nuser \d+\.\d{3}\nsys \d+\.\d{3}\n", done.stderr)
    assert run("time", "/none").returncode == 127
    assert run("time", "sh", "-c", "kill -9 $$").returncode == 137


def test_env():
    assert output("env", "-i", "A=1", f"{BIN}/env", "B=2", env={"C": "3"}) == "A=1\nB=2\n"
    assert "HOME=" not in output("env", "-u", "HOME")
    assert run("env", "none").returncode == 127
    assert run("env", "/").returncode == 126


def test_date_of_now():
    assert abs(int(output("date", "+%s")) - time.time()) < 60
