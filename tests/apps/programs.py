"""How the tests of apps/ run them: the builds for the host with sanitizers, in a folder of their own."""
import os
import subprocess

from conftest import HOST, TOP

BIN = os.path.join(TOP, HOST, "san/apps/bin")
ENVIRONMENT = {
    "PATH": BIN,
    "HOME": "/",
    "TZ": "UTC",
    "ASAN_OPTIONS": "detect_leaks=0",  # programs end without giving back what the system takes anyway
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def run(name, *arguments, stdin=b"", cwd=None, env=None, timeout=60):
    """Runs one program; returns the finished process with its output as bytes."""
    done = subprocess.run([os.path.join(BIN, name), *map(str, arguments)], input=stdin, cwd=cwd, timeout=timeout,
                          env={**ENVIRONMENT, **(env or {})}, capture_output=True, check=False)
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()
    return done


def output(name, *arguments, **options):
    """Runs one program that must succeed silently; returns what it prints."""
    done = run(name, *arguments, **options)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode()


def failure(name, *arguments, status=1, **options):
    """Runs one program that must fail with the status; returns its message."""
    done = run(name, *arguments, **options)
    assert done.returncode == status, done
    assert done.stderr.startswith(name.encode() + b": ") or done.stderr.startswith(b"usage: " + name.encode()), done
    return done.stderr.decode()
