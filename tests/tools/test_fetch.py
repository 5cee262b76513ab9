"""ports/fetch: the private list of sources, and what it makes of a local copy, good and bad. Nothing is downloaded."""
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import subprocess
import tarfile

import pytest

from conftest import TOP, run

loader = importlib.machinery.SourceFileLoader("fetch", f"{TOP}/ports/fetch")
fetch = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch", loader))
loader.exec_module(fetch)

ONE_LINE = """
deb [arch=amd64 signed-by=/k.gpg] mirror:/debian bookworm main contrib # comment
# deb mirror:/debian sid main
deb-src mirror:/debian bookworm main
deb mirror:/other nodistro main
deb [arch=amd64] mirror:/security bookworm-security main
"""
STANZAS = """
# comment
Types: deb
URIs: mirror:/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys.gpg

Enabled: no
URIs: mirror:/disabled
Suites: bookworm
Components: main
"""


def test_sources_are_derived_from_one_line_lists():
    assert fetch.source_lines("bookworm", fetch.one_line_sources(ONE_LINE)) == [
        "deb-src [signed-by=/k.gpg] mirror:/debian bookworm main contrib",
        "deb-src mirror:/debian bookworm main",
        "deb-src mirror:/security bookworm-security main"]


def test_sources_are_derived_from_stanzas():
    assert fetch.source_lines("bookworm", fetch.deb822_sources(STANZAS)) == [
        "deb-src [signed-by=/keys.gpg] mirror:/debian bookworm main",
        "deb-src [signed-by=/keys.gpg] mirror:/debian bookworm-updates main"]


@pytest.fixture
def package(tmp_path):
    """A source package with one upstream file and one Debian patch, in a tree with only ports/fetch."""
    (tmp_path / "ports").mkdir()
    (tmp_path / "ports" / "fetch").write_bytes(open(f"{TOP}/ports/fetch", "rb").read())
    folder = tmp_path / "build" / "fetched" / "tile"
    folder.mkdir(parents=True)
    tarball(folder / "tile_1.0.orig.tar.gz", {"tile-1.0/tile.c": b"old\n"})
    tarball(folder / "tile_1.0-2.debian.tar.gz", {
        "debian/source/format": b"3.0 (quilt)\n", "debian/patches/series": b"fix\n",
        "debian/patches/fix": b"--- a/tile.c\n+++ b/tile.c\n@@ -1 +1 @@\n-old\n+new\n",
        "debian/control": b"Source: tile\n", "debian/changelog": b"tile (1.0-2) x; urgency=low\n"})
    describe(folder)
    sha256 = hashlib.sha256((folder / "tile_1.0.orig.tar.gz").read_bytes()).hexdigest()
    return tmp_path, folder, sha256


def tarball(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def describe(folder):
    text = "Format: 3.0 (quilt)\nSource: tile\nBinary: tile\nArchitecture: any\nVersion: 1.0-2\nMaintainer: X <x@x>\n"
    for field, name in (("Checksums-Sha1", "sha1"), ("Checksums-Sha256", "sha256"), ("Files", "md5")):
        text += f"{field}:\n"
        for path in sorted(folder.glob("*.tar.gz")):
            data = path.read_bytes()
            text += f" {hashlib.new(name, data).hexdigest()} {len(data)} {path.name}\n"
    (folder / "tile_1.0-2.dsc").write_text(text)


def start(package, sha256):
    top, _, _ = package
    return run(["/usr/bin/python3", f"{top}/ports/fetch", "tile", sha256, f"{top}/out/src"], cwd=top,
               env={**os.environ, "http_proxy": "http" + "://127.0.0.1:9"})


def test_a_local_copy_is_used_and_patched(package):
    done = start(package, package[2])
    assert done.returncode == 0, done.stderr
    assert (package[0] / "out/src/tile.c").read_text() == "new\n"
    assert (package[0] / "out/src/.tessera-version").read_text() == "1.0-2\n"
    assert not (package[0] / "build/fetched/apt").exists()


def test_another_upstream_tarball_is_refused(package):
    tarball(package[1] / "tile_1.0.orig.tar.gz", {"tile-1.0/tile.c": b"old\n", "tile-1.0/more.c": b""})
    describe(package[1])
    done = start(package, package[2])
    assert done.returncode == 1 and "ports/ pins" in done.stderr and not (package[0] / "out").exists()


def test_damaged_debian_files_are_refused(package):
    path = package[1] / "tile_1.0-2.debian.tar.gz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = start(package, package[2])
    assert done.returncode == 1 and "cannot unpack" in done.stderr and "Traceback" not in done.stderr


def test_the_pinned_packages_are_those_of_the_recipes():
    """Each recipe pins a whole checksum."""
    recipes = subprocess.check_output(["grep", "-rhoE", r"call port,[a-z0-9]+,[a-z0-9.]+,[0-9a-f]*",
                                       "--include=build.mk", f"{TOP}/ports"], text=True).split("call ")[1:]
    assert len(recipes) >= 3 and all(len(recipe.strip().split(",")[3]) == 64 for recipe in recipes)
