"""tools/setup: what it says and does on machines where packages are missing, with stand-ins for Debian's commands."""
import os
import re

import pytest

from conftest import TOP, run

COMMANDS = {
    "dpkg-query": 'case " $MISSING " in *" $4 "*) exit 1;; *) echo "install ok installed";; esac',
    "apt-get": 'echo "apt-get $*" >> $LOG; case "$1" in update) exit ${UPDATE:-0};; *) exit ${INSTALL:-0};; esac',
    "id": "echo ${USER_ID:-0}",
    "sudo": 'echo sudo >> $LOG; exec "$@"',
}
NEEDED = ("sh", "grep", "cut", "tr", "env", "cat")


@pytest.fixture
def setup(tmp_path):
    """Runs tools/setup where only the stand-ins and a few usual commands exist; returns (result, log of apt-get)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in COMMANDS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    for name in NEEDED:
        (folder / name).symlink_to(f"/usr/bin/{name}")

    def start(without=(), **variables):
        for name in without:
            (folder / name).unlink()
        done = run(["sh", f"{TOP}/tools/setup"],
                   env={"PATH": str(folder), "LOG": str(tmp_path / "log"), **variables})
        log = tmp_path / "log"
        return done, log.read_text().splitlines() if log.exists() else []
    return start


def test_does_nothing_where_all_is_there(setup):
    done, log = setup()
    assert (done.returncode, done.stdout, done.stderr, log) == (0, "", "", [])


def test_says_what_and_why_before_it_installs(setup):
    done, log = setup(MISSING="qemu-system-misc cpio")
    assert done.returncode == 0
    assert re.search(r"qemu-system-misc +the machine that the system boots on", done.stdout)
    assert log == ["apt-get update -q", "apt-get install -y -q --no-install-recommends qemu-system-misc cpio"]


def test_uses_sudo_only_if_it_is_not_root(setup):
    done, log = setup(MISSING="cpio", USER_ID="1000")
    assert done.returncode == 0 and log[0] == "sudo" and log[-1].endswith("cpio")


def test_without_root_and_sudo_it_says_what_root_must_do(setup):
    done, log = setup(without=["sudo"], MISSING="cpio xz-utils", USER_ID="1000")
    assert done.returncode == 1 and log == []
    assert "let root run: apt-get install --no-install-recommends cpio xz-utils" in done.stderr


def test_a_failed_install_is_a_failure(setup):
    done, _ = setup(MISSING="cpio", INSTALL="100")
    assert done.returncode == 1 and "could not install" in done.stderr


def test_a_failed_update_is_not(setup):
    done, log = setup(MISSING="cpio", UPDATE="100")
    assert done.returncode == 0 and "going on" in done.stderr and len(log) == 2


def test_another_system_gets_a_message(setup):
    done, _ = setup(without=["apt-get"])
    assert done.returncode == 1 and "not a Debian system" in done.stderr


def test_every_package_exists():
    names = [name for line in open(f"{TOP}/tools/setup", encoding="utf-8").read().split("'")[1].splitlines() if line
             for name in line.split("|")[0].split()]
    assert len(names) > 10
    done = run(["dpkg-query", "-W", "-f", "${Package}\n", *names], env={**os.environ, "LC_ALL": "C"})
    assert sorted(set(done.stdout.split())) == sorted(set(names)), done.stderr
