"""Reads a page into the tree of model.py. Every error names file and line."""
import re

from .model import Constant, IdlError, Interface, Method, Param, ITEMS, SCALARS

TOKEN = re.compile(r"""
      (?P<comment>//[^\n]*)
    | (?P<newline>\n)
    | (?P<space>[ \t\r]+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>0[xX][0-9a-fA-F]+|[0-9]+)
    | (?P<arrow>->)
    | (?P<mark>[(){}\[\],;:=-])
    | (?P<bad>.)
""", re.VERBOSE)


class Token:
    def __init__(self, kind, text, line, comment=()):
        self.kind, self.text, self.line = kind, text, line
        self.comment = list(comment)  # comment lines that stand above it
        self.remark = None            # comment behind it on its line


def tokenize(text, file):
    """Splits the page into tokens; comments hang on the token that they explain."""
    tokens, comment, line = [], [], 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "newline":
            line += 1
        elif kind == "comment":
            remark = match.group()[2:].strip()
            if tokens and tokens[-1].line == line:
                tokens[-1].remark = remark
            else:
                comment.append(remark)
        elif kind == "bad":
            raise IdlError([f"{file}:{line}: stray character '{match.group()}'"])
        elif kind != "space":
            tokens.append(Token(kind, match.group(), line, comment))
            comment = []
    tokens.append(Token("end", "end of file", line))
    return tokens


class Parser:
    def __init__(self, text, file):
        self.file = file
        self.tokens = tokenize(text, file)
        self.at = 0

    def fail(self, token, message):
        raise IdlError([f"{self.file}:{token.line}: {message}"])

    def peek(self):
        return self.tokens[self.at]

    def next(self):
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def accept(self, text):
        if self.peek().text == text:
            return self.next()
        return None

    def expect(self, text):
        token = self.next()
        if token.text != text:
            self.fail(token, f"expected '{text}', found '{token.text}'")
        return token

    def name(self, what):
        token = self.next()
        if token.kind != "name":
            self.fail(token, f"expected {what}, found '{token.text}'")
        return token

    def number(self, what):
        token = self.next()
        if token.kind != "number":
            self.fail(token, f"expected {what}, found '{token.text}'")
        if token.text.isdigit() and len(token.text) > 1 and token.text[0] == "0":
            self.fail(token, f"'{token.text}': no leading zeros")
        return int(token.text, 0)

    def interface(self):
        """interface NAME [extends BASE] { const ...; | NUMBER: method; ... }"""
        start = self.expect("interface")
        interface = Interface(self.name("the interface's name").text, self.file, start.line, comment=start.comment)
        if self.accept("extends"):
            interface.base_name = self.name("the interface that is extended").text
        self.expect("{")
        while not self.accept("}"):
            if self.peek().text == "const":
                interface.constants.append(self.constant())
            else:
                interface.methods.append(self.method())
        if self.peek().kind != "end":
            self.fail(self.peek(), f"one interface a page; found '{self.peek().text}' behind it")
        return interface

    def constant(self):
        """const NAME = NUMBER;"""
        start = self.expect("const")
        token = self.name("the constant's name")
        self.expect("=")
        sign = -1 if self.accept("-") else 1
        value = sign * self.number("a number")
        return Constant(token.text, value, token.line, self.comment(start, self.expect(";")))

    def method(self):
        """NUMBER: name(args) -> (results);"""
        start = self.peek()
        number = self.number("'const', a method's number, or '}'")
        self.expect(":")
        token = self.name("the method's name")
        args = self.params()
        self.expect("->")
        results = self.params()
        return Method(token.text, number, args, results, token.line, self.comment(start, self.expect(";")))

    @staticmethod
    def comment(first, last):
        return first.comment + ([last.remark] if last.remark else [])

    def params(self):
        self.expect("(")
        found = []
        if self.accept(")"):
            return found
        while True:
            found.append(self.param())
            if self.accept(")"):
                return found
            self.expect(",")

    def param(self):
        token = self.name("a type")
        if token.text not in SCALARS and token.text not in ITEMS and token.text != "bytes":
            self.fail(token, f"unknown type '{token.text}' (known: {' '.join(SCALARS)} bytes {' '.join(ITEMS)})")
        name = self.name("the parameter's name")
        limit = 0
        if token.text == "bytes":
            self.expect("[")
            limit = self.number("the most bytes carried")
            self.expect("]")
        return Param(token.text, name.text, name.line, limit)


def parse(text, file):
    """The interface on a page; raises IdlError."""
    return Parser(text, file).interface()
