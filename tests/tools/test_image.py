"""tools/image: GNU cpio reads the archive, e2fsck accepts the file system, and both come out the same each time."""
import re
import subprocess

import pytest

from conftest import TOP, run

CONTENT = {"a": b"x" * 5000, "b/c": b"", "long-" + "n" * 200: b"tail", "last": b"\0" * 4096}


@pytest.fixture
def sources(tmp_path):
    lines = []
    for number, (name, data) in enumerate(CONTENT.items()):
        (tmp_path / f"file{number}").write_bytes(data)
        lines.append((name, tmp_path / f"file{number}"))
    return lines


def image(folder, kind, lines, name):
    (folder / "list").write_text("".join(f"{line[0]} {line[1]}\n" for line in lines))
    done = run([f"{TOP}/tools/image", kind, f"{folder}/list", "-o", f"{folder}/{name}"])
    return done, folder / name


def members(archive):
    """(name, offset of the data, size) of each member, by the format's rules."""
    at, found = 0, []
    while True:
        assert archive[at:at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110:at + 110 + fields[11]].split(b"\0")[0].decode()
        data = (at + 110 + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found.append((name, data, fields[6]))
        at = (data + fields[6] + 3) & ~3


def test_cpio_reads_the_archive(tmp_path, sources):
    done, archive = image(tmp_path, "archive", sources, "a.cpio")
    assert done.returncode == 0, done.stderr
    (tmp_path / "out").mkdir()
    with open(archive, "rb") as file:
        subprocess.run(["cpio", "-idm", "--quiet"], stdin=file, cwd=tmp_path / "out", check=True)
    for name, data in CONTENT.items():
        assert (tmp_path / "out" / name).read_bytes() == data


def test_members_start_on_pages(tmp_path, sources):
    archive = image(tmp_path, "archive", sources, "a.cpio")[1].read_bytes()
    found = members(archive)
    assert [name for name, _, _ in found] == list(CONTENT)
    for name, offset, size in found:
        assert offset % 4096 == 0 and archive[offset:offset + size] == CONTENT[name]


def test_the_file_system_is_clean_and_whole(tmp_path, sources):
    lines = [("size", 16 << 20), ("/users/me", "-")] + [("/" + name, path) for name, path in sources]
    done, disk = image(tmp_path, "disk", lines, "d.ext4")
    assert done.returncode == 0, done.stderr
    assert disk.stat().st_size == 16 << 20 and disk.stat().st_blocks * 512 < 2 << 20
    assert run(["/sbin/e2fsck", "-fn", str(disk)]).returncode == 0
    for name, data in CONTENT.items():
        target = tmp_path / "back"
        run(["/sbin/debugfs", "-R", f"dump /{name} {target}", str(disk)])
        assert target.read_bytes() == data
    header = run(["/sbin/dumpe2fs", "-h", str(disk)]).stdout
    features = re.search(r"Filesystem features:(.*)", header).group(1).split()
    assert "extent" in features and not {"has_journal", "64bit", "metadata_csum"} & set(features)
    assert "Type: directory" in run(["/sbin/debugfs", "-R", "stat /users/me", str(disk)]).stdout


@pytest.mark.parametrize("kind", ["archive", "disk"])
def test_same_input_same_bytes(tmp_path, sources, kind):
    lines = [("size", 8 << 20)] if kind == "disk" else []
    lines += sources
    first = image(tmp_path, kind, lines, "one")[1].read_bytes()
    for _, path in sources:
        path.touch()
    assert image(tmp_path, kind, lines, "two")[1].read_bytes() == first


def test_says_what_is_wrong(tmp_path, sources):
    done, _ = image(tmp_path, "archive", [("a", tmp_path / "nothing")], "a.cpio")
    assert done.returncode == 1 and "nothing" in done.stderr and "Traceback" not in done.stderr
    (tmp_path / "big").write_bytes(b"x" * (2 << 20))
    done, _ = image(tmp_path, "disk", [("size", 1 << 20), ("/big", tmp_path / "big")], "d.ext4")
    assert done.returncode == 1 and "larger size" in done.stderr and "Traceback" not in done.stderr
