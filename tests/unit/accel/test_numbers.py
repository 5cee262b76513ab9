"""hw/accel.h names the file protocol's requests by number; they are those of proto/file.idl."""

import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[3]


def test_request_numbers():
    page = (TOP / "proto/file.idl").read_text()
    header = (TOP / "hw/accel.h").read_text()
    for name in ("next_in", "next_out", "commit_in", "commit_out"):
        number = re.search(rf"^\s*(\d+): {name}\(", page, re.M).group(1)
        assert re.search(rf"ACCEL_{name.upper()} = {number},", header), name
