"""The disk: data survive power-off, an unclean stop is repaired, a full disk is an error and no more."""
import hashlib
import os
import random
import re

from guest import Terminal, check_disk, guest, new_disk, output, small_disk


def test_data_are_there_after_power_off(tmp_path):
    disk = new_disk(tmp_path)
    data = random.Random(1).randbytes(3 << 20)
    (tmp_path / "in").write_bytes(data)
    done = guest("mkdir -p /a/b && cp /in /a/b/c && sync", "--disk", disk, "--put", f"{tmp_path}/in:/in")
    assert done.returncode == 0, done.stderr
    check_disk(disk)
    done = guest("rm /in", "--disk", disk, "--get", f"/a/b/c:{tmp_path}/out")
    assert (done.returncode, done.stderr) == (0, "")
    assert hashlib.sha256((tmp_path / "out").read_bytes()).digest() == hashlib.sha256(data).digest()
    check_disk(disk)


def test_an_unclean_stop_is_repaired(tmp_path):
    disk = new_disk(tmp_path)
    with Terminal(disk) as terminal:
        terminal.run("echo kept > /kept; sync")
        terminal.end("\x01x")
    done = guest("cat /kept", "--disk", disk)
    assert done.returncode == 0 and done.stdout == "kept\n"
    check_disk(disk)


def test_a_full_disk(tmp_path):
    disk = small_disk(tmp_path)
    done = guest("yes 0123456789 > /big; echo status $?; rm /big; echo room > /file && cat /file", "--disk", disk)
    assert "No space left on device" in done.stderr
    assert done.stdout.splitlines()[-1] == "room" and "status 0" not in done.stdout
    check_disk(disk)


def test_a_put_that_does_not_fit(tmp_path):
    """Refused before it begins, with one line; likewise one that fails in the middle. The disk stays sound."""
    disk = new_disk(tmp_path)
    os.truncate(os.open(tmp_path / "big", os.O_CREAT | os.O_RDWR), 2 << 30)
    for guest_path in ("/etc/big", "/dev/full"):
        done = guest("echo never", "--disk", disk, "--put", f"{tmp_path}/big:{guest_path}")
        assert (done.returncode, done.stdout) == (125, "")
        assert re.fullmatch(f"tessera: cannot put {tmp_path}/big: guest: {guest_path}: No space left on device: .*\n",
                            done.stderr), done.stderr
        check_disk(disk)


def test_many_files_and_deep_folders(tmp_path):
    disk = new_disk(tmp_path)
    deep = "/".join(f"folder{i}" for i in range(20))
    line = (f"mkdir -p /{deep} && echo deep > /{deep}/file && cat /{deep}/file; mkdir /many; cd /many; "
            "for i in $(seq 1 500); do echo $i > file$i; done; ls | wc -l; rm file1*; ls | wc -l")
    done = guest(line, "--disk", disk)
    assert done.stdout.split() == ["deep", "500", str(500 - len([i for i in range(1, 501) if str(i)[0] == "1"]))]
    check_disk(disk)


def test_a_scratch_copy_leaves_the_image_alone():
    from guest import IMAGE
    before = os.path.getmtime(IMAGE)
    assert output("echo x > /x; cat /x") == "x\n"
    assert os.path.getmtime(IMAGE) == before


def test_disks_that_cannot_be_used(tmp_path):
    disk = new_disk(tmp_path)
    with open(disk, "r+b") as image:
        image.seek(1024 + 0x60)
        features = image.read(1)[0]
        image.seek(1024 + 0x60)
        image.write(bytes([features | 0x80]))  # 64bit: a feature that the file server does not have
    done = guest("echo never", "--disk", disk)
    assert done.returncode == 125 and done.stdout == ""
    assert "unknown incompatible features 128" in done.stderr and "mke2fs" in done.stderr
    assert len(done.stderr.splitlines()) == 1
