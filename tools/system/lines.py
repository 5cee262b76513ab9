"""Finds the line of a table, key or array element in a TOML file, which tomllib does not tell."""
import re

HEADER = re.compile(r"^\s*\[+\s*([^\]#]+?)\s*\]+")
KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]+\")\s*=")


class Lines:
    """A light scan of the text: tables start at [headers], keys at the start of a line."""

    def __init__(self, text):
        self.text = text.splitlines()
        self.tables = {}  # table path -> line of its header
        self.keys = {}    # (table path, key) -> line
        table = ""
        for number, line in enumerate(self.text, 1):
            header, key = HEADER.match(line), KEY.match(line)
            if header and not line.lstrip().startswith("[\""):
                table = ".".join(part.strip().strip('"') for part in header.group(1).split("."))
                self.tables.setdefault(table, number)
            elif key:
                self.keys.setdefault((table, key.group(1).strip('"')), number)

    def table(self, path):
        return self.tables.get(path, 1)

    def key(self, path, key):
        return self.keys.get((path, key), self.table(path))

    def element(self, path, key, value):
        """Line of the array element `value`: the first at or behind the key where it stands in quotes."""
        start = self.key(path, key)
        for number in range(start, len(self.text) + 1):
            if f'"{value}"' in self.text[number - 1] or f"'{value}'" in self.text[number - 1]:
                return number
            if number > start and (KEY.match(self.text[number - 1]) or HEADER.match(self.text[number - 1])):
                break
        return start
