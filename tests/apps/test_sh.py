"""The shell, running scripts: what each construct does, and what is said when it cannot."""
import os
import random
import subprocess
import time

import pytest

from programs import BIN, ENVIRONMENT, run


def sh(script, *parameters, cwd=None, stdin=b"", **environment):
    done = run("sh", "-c", script, *parameters, cwd=cwd, stdin=stdin, env=environment)
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode


@pytest.mark.parametrize("script,wanted", [
    # quoting
    ("echo 'a  $b' \"c  \\\"d\\$\" e\\ f", 'a  $b c  "d$ e f'),
    ("echo 'it'\\''s' \"it's\" ''\"\" x", "it's it's  x"),
    ("echo a\\\nb 'c\nd'", "ab c\nd"),
    ("echo a#b # comment", "a#b"),
    ("echo \"\\a \\\\ \\`\"", "\\a \\ `"),
    # variables
    ("x=1; echo $x ${x}2 \"$x\" '$x' $y.", "1 12 1 $x ."),
    ("x='a  b'; echo $x \"$x\"", "a b a  b"),
    ("echo ${n-1} ${n:-2} ${n+3} ${n:=4} $n ${n:+5} ${#n}", "1 2 4 4 5 1"),
    ("n=; echo ${n-1}. ${n:-2} ${n+3} ${n:+4}.", ". 2 3 ."),
    ("echo \"${n:-\"a b\"}\" ${n:-$(echo c)} \"${n:-a\nb}\"", "a b c a\nb"),
    ("f=/a/b.c.d; echo ${f##*/} ${f#*/} ${f%.*} ${f%%.*} ${f%x}", "b.c.d a/b.c.d /a/b.c /a/b /a/b.c.d"),
    ("f='a*b'; echo \"${f#a\\*}\" \"${f%'*b'}\"", "b a"),
    ("IFS=:; x=a:b::c; for i in $x; do echo \"<$i>\"; done", "<a>\n<b>\n<>\n<c>"),
    ("x=1 y=2; echo $x$y; unset x; echo $x$y", "12\n2"),
    ("QA=1 env | grep ^Q; echo \"[$QA]\"", "QA=1\n[]"),
    ("QA=1; export QA; env | grep ^Q; QA=2; env | grep ^Q", "QA=1\nQA=2"),
    ("export B=x C; C=y; env | grep '^[BC]=' | wc -l", "2"),
    # parameters
    ("set -- a 'b c' d; echo $# $1 \"$2\" $@; shift 2; echo \"$*\" $#", "3 a b c a b c d\nd 1"),
    ("set -- 'a b' c; for i in \"$@\"; do echo \"<$i>\"; done; for i; do echo $i; done", "<a b>\n<c>\na b\nc"),
    ("set --; for i in \"$@\" x\"$@\"; do echo \"<$i>\"; done", "<x>"),
    ("set -- a b; IFS=-; echo \"$*\"", "a-b"),
    ("set -- 1 2 3 4 5 6 7 8 9 ten; echo ${10} $10", "ten 10"),
    # status
    ("true; echo $?; false; echo $?; ! false; echo $?; (exit 7); echo $?", "0\n1\n0\n7"),
    ("x=$(exit 5); echo $?; x=1; echo $?; $(exit 6); echo $?", "5\n0\n6"),
    ("false; (echo $?); false; echo $(echo $?)", "1\n1"),
    ("true && echo a || echo b; false && echo c || echo d", "a\nd"),
    ("false | true; echo $?; set -o pipefail; false | true; echo $?; true | true; echo $?", "0\n1\n0"),
    ("echo $$ >&2; [ $$ = $(echo $$) ] && echo same", "same"),
    # substitution, arithmetic
    ("echo \"$(echo 'a  b'; echo)\" `echo c` \"`echo \\`echo d\\``\" $(echo $(echo e))", "a  b c d e"),
    ("echo $(seq 3) \"$(seq 2)\"", "1 2 3 1\n2"),
    ("echo $((1+2*3)) $(((1+2)*3)) $((7/2)) $((-7%3)) $((1<<4|1)) $((5>3&&2!=2)) $((~0)) $((!5))",
     "7 9 3 -1 17 0 -1 0"),
    ("x=3; echo $((x+1)) $((x+=2)) $x $(($x*2)) $((y=4)) $y $((n)) $((x>4?10:20)) $((0x10))", "4 5 5 10 4 4 0 10 16"),
    ("echo $((9223372036854775807 + 1)) $((0 && 1/0)) $((1 || 1/0)) $((-9223372036854775807-1))",
     "-9223372036854775808 0 1 -9223372036854775808"),
    ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3"),
    # control
    ("if false; then echo a; elif true; then echo b; else echo c; fi", "b"),
    ("if false\nthen echo a\nelse\necho c\nfi", "c"),
    ("for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", "1\n3"),
    ("for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done", "1a\n2a"),
    ("while true; do while true; do break 2; done; echo no; done; echo yes", "yes"),
    ("n=0; until [ $n = 2 ]; do n=$((n+1)); echo $n; done", "1\n2"),
    ("while read a b; do echo $b-$a; done <<X\n1 2 3\n4\nX", "2 3-1\n-4"),
    ("case abc in x|a*) echo 1;; *) echo 2;; esac; case 'a*' in 'a*') echo 3; esac", "1\n3"),
    ("case x in (y) echo a;; ([a-x]) echo b;; esac; case z in y) ;; esac; echo $?", "b\n0"),
    ("f() { echo f $1 $#; return 3; }; f a b; echo $?", "f a 2\n3"),
    ("f() for i in \"$@\"; do echo $i; done\nf x y", "x\ny"),
    ("f() { [ $1 = 0 ] && return; echo $1; f $(($1-1)); }; f 3", "3\n2\n1"),
    ("{ echo a; echo b; } | cat; (x=1; echo $x); echo $x.", "a\nb\n1\n."),
    ("f() { x=2; }; x=1; (f; echo $x); f | cat; echo $x; f; echo $x", "2\n1\n2"),
    ("x=1; y='a b'; (echo $x \"$y\"; x=5; echo $x); echo $x | { read z; echo $z; }", "1 a b\n5\n1"),
    ("f() { local x=2 y; echo $x$y; y=3; g; echo $x$y; }; g() { local x; echo .$x$y; x=9; }; x=1; y=0; f; echo $x$y",
     "2\n.3\n23\n10"),
    ("f() { for i in 1 2; do local n=$i; done; (n=3); return 5; }; n=0; f; echo $? $n", "5 0"),
    ("exit_early() { exit 4; echo no; }; (exit_early); echo $?", "4"),
    ("eval 'x=1;' 'echo $x'; eval; echo $?", "1\n0"),
    # redirection
    ("echo a >f; echo b >>f; cat <f; cat f f | wc -l; >f; wc -c <f", "a\nb\n4\n0"),
    ("{ echo out; echo err >&2; } >o 2>e; cat o; cat e", "out\nerr"),
    ("{ echo out; echo err >&2; } >o 2>&1; cat o", "out\nerr"),
    ("(echo out; echo err >&2) 2>&1 >o | cat; cat o", "err\nout"),
    ("cat none 2>/dev/null; echo $?", "1"),
    ("exec 3>f; echo x >&3; exec 3>&-; cat f; exec 4<f; read y <&4; echo $y", "x\nx"),
    ("echo hi 4>f >&4; cat f; echo a 3>x 4>y 5>z >&4; cat y", "hi\na"),
    ("echo \"a\" >'a b'; cat a\\ b; for i in 1 2; do echo $i; done >f; cat f; ls | wc -l", "a\n1\n2\n2"),
    ("x=v; cat <<A; cat <<'B'; cat <<-C\n$x $((1+1)) \"q\" \\$x\nA\n$x\nB\n\ttab\n\tC", 'v 2 "q" $x\n$x\ntab'),
    ("cat <<A | wc -l\n1\n2\nA\necho next", "2\nnext"),
    ("if true; then cat <<A; fi\nbody\nA", "body"),
    ("x=$(cat <<A\nin $(echo b)\nA\n); echo $x", "in b"),
    # file names
    ("touch b a .c 'd e'; echo *; echo .[a-z]; echo \"*\" '*' \\*; echo [ab] ? z*; set -f; echo *",
     "a b d e\n.c\n* * *\na b a b z*\n*"),
    ("mkdir -p x/y; touch x/y/f1 x/y/f2; echo x/*/f? x/y/[!1]* */*/f[0-9]",
     "x/y/f1 x/y/f2 x/y/f1 x/y/f2 x/y/f1 x/y/f2"),
    ("touch a1 a2; p='a*'; echo $p \"$p\"; for f in $p; do echo $f; done", "a1 a2 a*\na1\na2"),
    # the working directory
    ("mkdir d; cd d; pwd; echo $PWD; cd ..; cd - >/dev/null; pwd | grep -c '/d$'", None),
    ("cd /; pwd; HOME=/tmp; cd; echo $PWD ~ ~/x", "/\n/tmp /tmp /tmp/x"),
    # background, wait
    ("sleep 100 | sleep 100 & kill %1; wait; sleep 100 & kill -s KILL %%; wait $!; echo $?", "137"),
    ("kill -l | wc -l", "21"),
    ("(exit 3) & wait $!; echo $?; sleep 100 & kill $!; wait $!; echo $?", "3\n143"),
    ("{ while [ ! -e go ]; do sleep 0.01; done; echo late; } & echo early; >go; wait; echo end", "early\nlate\nend"),
    ("false & true & wait; echo $?; wait 99999; echo $?", "0\n127"),
    # traps
    ("trap 'echo bye $?' EXIT; f() { exit 3; }; f", "bye 3"),
    ("trap 'echo bye' EXIT; (echo in); trap; trap - EXIT", "in\ntrap -- 'echo bye' EXIT"),
    ("trap 'trap \"echo second\" EXIT; exit 0' EXIT; set -e; false", "second"),
    ("trap 'echo got $?; x=1' USR1; (exit 4); kill -USR1 $$; while [ -z $x ]; do :; done; echo end", "got 0\nend"),
    ("trap '' TERM; kill -TERM $$; trap; trap - TERM; trap; echo end", "trap -- '' TERM\nend"),
    ("trap : HUP; sh -c 'kill -HUP $$'; echo $?", "129"),
    ("trap : USR1; sleep 100 & while kill -USR1 $$; do sleep 0.1; done & wait %1; echo $?; trap '' USR1; kill %1 %2",
     "138"),
    # builtins
    ("[ a = a ] && [ a != b ] && [ 2 -gt 1 ] && [ ! -e none ] && [ -d . ] && [ -n x -a -z '' ] && echo yes", "yes"),
    ("test; echo $?; test ''; echo $?; test x; echo $?; test ! x; echo $?; test -f; echo $?", "1\n1\n0\n1\n0"),
    ("test '(' = '('; echo $?; test \\( a = b -o c = c \\); echo $?; test = = =; echo $?", "0\n0\n0"),
    ("echo '  a\\b   c  ' | { read x; echo \"<$x>\"; }; echo 'a\\b' | { read -r x; echo $x; }", "<ab   c>\na\\b"),
    ("printf_is_no_builtin=1; command -v cd; command -v none; echo $?; command echo x", "cd\n1\nx"),
    ("ls() { echo mine; }; ls; command ls -d .; unset -f ls; ls -d .", "mine\n.\n."),
    ("which cd none; echo $?; which cat sh | grep -cE '/(cat|sh)$'", "1\n2"),
    ("PATH=; echo -n a; printf '%s-%d\\n' b 3 c 4; printf %q; printf x | { read y; echo $y; }; printf; echo $?",
     "ab-3\nc-4\nx\n1"),
    ("echo() { printf 'mine\\n'; }; echo a; echo a | cat", "mine\nmine"),
    ("readonly r=1; r=2; echo $r; (echo $r)", "1\n1"),
    ("echo 'x=5; echo in $1' >s; . ./s; echo $x; sh s a", "in\n5\nin a"),
    ("exec echo replaced; echo no", "replaced"),
    ("set -o | grep pipefail | wc -l; set -x; set +x; echo $-", "1\n"),
    ("x=$(set | grep ^IFS= | wc -l); echo $x; export | grep -c ^export | wc -l", "1\n1"),
    ("while true; do echo x; done | head -n 2", "x\nx"),
    ("yes | head -n 1; set -o pipefail; yes | head -n 1; echo $?", "y\ny\n141"),
])
def test_does(tmp_path, script, wanted):
    out, _, _ = sh(script, cwd=tmp_path)
    if wanted is None:
        wanted = f"{tmp_path}/d\n{tmp_path}/d\n1"
    assert out == wanted + "\n" * (not wanted.endswith("\n") or wanted == "1\n")


@pytest.mark.parametrize("script,message,status", [
    ("foo", "sh: foo: command not found\n", 127),
    ("./foo", "sh: ./foo: No such file or directory\n", 127),
    ("''", "sh: : command not found\n", 127),
    ("/", "sh: /: Is a directory\n", 126),
    ("echo x >f; ./f", "sh: ./f: Permission denied\n", 126),
    ("cat <none", "sh: none: No such file or directory\n", 1),
    ("echo >none/x", "sh: none/x: No such file or directory\n", 1),
    ("echo a >&7", "sh: 7: Bad file descriptor\n", 1),
    ("echo a >&x", "sh: x: not a descriptor\n", 1),
    ("cd none", "sh: cd: none: No such file or directory\n", 1),
    ("kill -9 $$", "", -9),
    ("kill %7", "sh: kill: %7: no such job\n", 1),
    ("kill -NOPE 1", "sh: unknown signal 'NOPE' (kill -l lists them)\n", 1),
    ("sh -c 'kill -9 $$'", "Killed\n", 137),
    ("sh -c 'kill -TERM $$'", "Terminated\n", 143),
    ("sh -c 'kill -ABRT $$'; exit $?", "Aborted\n", 134),
    ("sh -c 'kill -PIPE $$'", "", 141),
    ("true | foo", "sh: foo: command not found\n", 127),
    ("foo | true", "sh: foo: command not found\n", 0),
    ("set -o pipefail; foo | true", "sh: foo: command not found\n", 127),
    ("echo $((1/0)); echo no", "sh: $((1/0)): division by 0\n", 1),
    ("echo $((1+)); echo no", "sh: $((1+)): a number or variable is missing\n", 1),
    ("set -u; echo $none; echo no", "sh: none: is not set\n", 1),
    ("echo ${n?gone}; echo no", "sh: n: gone\n", 1),
    ("echo ${n!}; echo no", "sh: ${n!}: bad substitution\n", 1),
    ("set -e; true; false; echo no", "", 1),
    ("set -e; if false; then :; fi; false || true; ! true; (exit 3); echo no", "", 3),
    ("set -x; echo a 'b c' >/dev/null", "+ echo a 'b c'\n", 0),
    ("exit 300", "", 44),
    ("exit x", "sh: exit: x: a number from 0 is needed\n", 2),
    ("shift 1", "", 1),
    ("break; continue", "", 0),
    ("exec foo; echo no", "sh: foo: command not found\n", 127),
    ("set -o nope", "sh: set: nope: no such option (set -o lists them)\n", 2),
    ("[ a", "sh: [: ']' is missing\n", 2),
    ("[ 1 -eq x ]", "sh: [: x: not a number\n", 2),
    ("fg", "sh: fg: %%: no such job\n", 1),
    ("local x", "sh: local: only in a function\n", 1),
    ("f() { local 1=2; }; f", "sh: local: '1=2' is not a name for a variable\n", 1),
    ("trap x NOPE", "sh: trap: NOPE: neither EXIT nor a signal (kill -l lists them)\n", 1),
    ("trap x KILL", "sh: trap: KILL: Invalid argument\n", 1),
    ("trap x", "sh: trap: a signal, or EXIT, is missing\n", 2),
    ("trap 'echo x >&2; exit 7' EXIT; exit 1", "x\n", 7),
    ("trap 'echo x >&2' EXIT; kill -TERM $$", "", -15),
    ("f() { f; }; f", "sh: f: functions call each other more than 500 deep\n", 1),
    ("export 1=2", "sh: export: '1=2' is not a name for a variable\n", 1),
    ("echo )", "sh: syntax error near ')'\n", 2),
    ("echo a | | b", "sh: syntax error near '|'\n", 2),
    ("if true; fi", "sh: syntax error near 'fi'\n", 2),
    ("echo a;;", "sh: syntax error near ';;'\n", 2),
    ("&& a", "sh: syntax error near '&&'\n", 2),
    ("for 1 in a; do :; done", "sh: '1' is not a name for a variable\n", 2),
    ("echo 'a", "sh: syntax error: the input ends within a command\n", 2),
    ("if true; then", "sh: syntax error: the input ends within a command\n", 2),
    ("cat <<A\nbody", "sh: syntax error: the input ends within a command\n", 2),
    ("echo $(echo", "sh: syntax error: the input ends within a command\n", 2),
    ("(" * 1000, "sh: too deeply nested\n", 2),
    ("echo $((" + "(" * 1000 + "1" + ")" * 1000 + "))", None, 1),
])
def test_says(tmp_path, script, message, status):
    out, err, got = sh(script, cwd=tmp_path)
    assert got == status
    assert out == "" or message == "" or "break" in script
    assert message is None or err == message


def test_write_errors_of_builtins():
    out, err, status = sh("pwd >/dev/full; echo $?")
    assert (out, err, status) == ("1\n", "sh: pwd: write error: No space left on device\n", 0)


def test_script_files(tmp_path):
    script = tmp_path / "script"
    script.write_text("echo $0 $1 $#\nif\n")
    done = run("sh", script, "a b", "c")
    assert done.stdout.decode() == f"{script} a b 2\n"
    assert done.stderr.decode() == f"sh: {script}: line 2: syntax error: the input ends within a command\n"
    assert done.returncode == 2
    assert run("sh", tmp_path / "none").returncode == 127


def test_login_shells_run_the_profile(tmp_path):
    assert run("sh", "-l", "-c", "echo $x", env={"HOME": str(tmp_path)}).stdout == b"\n"
    (tmp_path / ".profile").write_text("x=profile; return; x=no")
    assert run("sh", "-l", "-c", "echo $x", env={"HOME": str(tmp_path)}).stdout == b"profile\n"
    assert run("sh", "-c", "echo $x", env={"HOME": str(tmp_path)}).stdout == b"\n"


def test_scripts_run_by_name(tmp_path):
    plain, named, binary = tmp_path / "plain", tmp_path / "named", tmp_path / "binary"
    plain.write_text("echo plain $1\n")
    named.write_text(f"#!{BIN}/cat\ntext\n")
    binary.write_bytes(b"\0\1\2")
    for path in (plain, named, binary):
        path.chmod(0o755)
    assert sh("./plain x", cwd=tmp_path) == ("plain x\n", "", 0)
    assert sh("./named", cwd=tmp_path)[0] == named.read_text()
    assert sh("./binary", cwd=tmp_path)[2] == 126


def test_reads_commands_and_data_from_one_stdin():
    done = run("sh", stdin=b"read x\ndata\necho got $x\ncat\nrest\n")
    assert done.stdout == b"got data\nrest\n"
    assert run("sh", stdin=b"exit 3\necho no\n").returncode == 3
    assert run("sh", stdin=b"").returncode == 0


def test_large_data_flows_through():
    size = 3000000
    done = run("sh", "-c", "cat | cat | (cat) | { cat; } | wc -c", stdin=bytes(size))
    assert done.stdout.split() == [str(size).encode()]
    out, _, _ = sh("x=$(yes 0123456789 | head -n 20000); echo ${#x}")
    assert out == f"{20000 * 11 - 1}\n"


def test_long_scripts_need_no_stack():
    out, err, status = sh("{ " + "x=1; " * 20000 + "}; echo $x")
    assert (out, err, status) == ("1\n", "", 0)
    out, _, _ = sh("for i in $(seq 20000); do x=$i; done; echo $x")
    assert out == "20000\n"


def test_no_descriptor_is_left_open():
    script = "for i in 1 2 3; do echo a | cat >/dev/null; x=$(echo b); done 3<&0; exec ls /proc/self/fd"
    out, err, _ = sh(script)
    assert (out.split(), err) == (["0", "1", "2", "3"], "")  # 3: the directory that ls reads


def test_pipelines_start_all_at_once(tmp_path):
    """Each end waits for what the other one does first."""
    until = "while [ ! -e {} ]; do sleep 0.01; done"
    out, _, _ = sh(f"{{ >first; {until.format('last')}; }} | true | {{ {until.format('first')}; >last; echo both; }}",
                   cwd=tmp_path)
    assert out == "both\n"


def test_a_reader_that_fails_to_start_hangs_nobody():
    _, err, status = sh("yes | foo; seq 100000 | none | cat")
    assert (err, status) == ("sh: foo: command not found\nsh: none: command not found\n", 0)


def test_survives_any_input():
    """No text may crash the shell or make it hang; nothing here can do harm as PATH is empty."""
    generator = random.Random(7)
    pieces = ["a", " ", "'", '"', "\\", "$", "(", ")", "((", "))", "{", "}", "|", "&", ";", "<", ">", "<<", "\n", "`",
              "#", "!", "*", "[", "]", "?", "~", "if ", "then ", "fi", "for ", "in ", "do ", "done", "case ", "esac",
              "x=", "${x", ":-", "%", "1", "$x", "/", "=", "echo ", "f()", "\x80", "test "]
    for _ in range(150):
        script = "".join(generator.choice(pieces) for _ in range(generator.randint(1, 25)))
        script = script.replace(">", "<")  # and leaves no files
        done = run("sh", "-c", script, timeout=20, env={"PATH": "/nonexistent"})
        assert 0 <= done.returncode < 139, script


def test_signals_reach_the_program_in_the_foreground(tmp_path):
    with subprocess.Popen([f"{BIN}/sh", "-c", "echo on; sleep 100; echo $?"], env=ENVIRONMENT,
                          stdout=subprocess.PIPE, process_group=0) as shell:
        assert shell.stdout.readline() == b"on\n"
        time.sleep(0.5)  # the program may have begun by now, or not: that must not matter
        os.killpg(shell.pid, 2)
        assert shell.wait(60) == -2
