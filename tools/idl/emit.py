"""Writes an interface as a C header: method numbers, constants, client stubs, handler table and dispatcher."""
import textwrap

from .model import ITEMS_MAX, REGISTER_WORDS, WORDS_MAX

WIDTH = 118


def emit_header(interface, source):
    """The whole header as text."""
    out = [f"/* Made by tools/idlc from {source}: do not edit. */", "#pragma once", "", '#include "lib/sys/wire.h"']
    if interface.base:
        out.append(f'#include "proto/{interface.base.name}.h"')
    limits = f"MSG_WORDS_MAX == {WORDS_MAX} && MSG_REGS == {REGISTER_WORDS} && MSG_ITEMS_MAX == {ITEMS_MAX}"
    out += ["", f'_Static_assert({limits}, "as in tools/idl/model.py");']
    out += ["", *comment(interface.comment), *operations(interface), *constants(interface)]
    for method in interface.methods:
        out += Method(interface, method).declarations()
    out += ["/* ---- client ---- */", ""]
    for method in interface.methods:
        out += Method(interface, method).client()
    out += ["/* ---- server ---- */", ""] + handler_table(interface)
    for method in interface.methods:
        out += Method(interface, method).reply() + Method(interface, method).serve()
    out += dispatcher(interface)
    return "\n".join(out)


def comment(lines, indent=""):
    """The page's own comment as a C comment."""
    if not lines:
        return []
    text = [piece for line in lines for piece in textwrap.wrap(line.replace("*/", "* /"), WIDTH - 6 - len(indent))]
    if len(text) == 1 and len(text[0]) < WIDTH - 6 - len(indent):
        return [f"{indent}/* {text[0]} */"]
    return [f"{indent}/*"] + [f"{indent} * {line}".rstrip() for line in text] + [f"{indent} */"]


def wrap(head, parts, tail, indent=""):
    """head + comma separated parts + tail, broken at commas into lines aligned behind head's parenthesis."""
    lines, line = [], indent + head
    margin = " " * len(line)
    for number, part in enumerate(parts):
        piece = part + ("," if number + 1 < len(parts) else tail)
        if len(line) + 1 + len(piece) > WIDTH and line.strip() and number:
            lines.append(line)
            line = margin + piece
        else:
            line += (" " if number else "") + piece
    return lines + [line if parts else line + tail]


def operations(interface):
    prefix = interface.name.upper()
    rows = [f"    {prefix}_OP_{m.name.upper()} = {m.number}," for m in interface.methods]
    return [f"enum {interface.name}_op {{", *rows, "};", ""]


def constants(interface):
    if not interface.constants:
        return []
    rows = []
    for constant in interface.constants:
        rows += comment(constant.comment, "    ")
        rows.append(f"    {interface.name.upper()}_{constant.name} = {constant.value},")
    return [f"enum {interface.name}_constant {{", *rows, "};", ""]


def bits(param):
    """C expression: the parameter as a message word."""
    return {"i32": f"(u64)(i64){param.name}", "i64": f"(u64){param.name}"}.get(param.type, param.name)


def cast(param):
    """C cast of a message word to the parameter's type."""
    return "" if param.type == "u64" else f"({param.type})"


def word(layout_word):
    """C expression: message word number layout_word."""
    return f"m.w[{layout_word}]" if layout_word < REGISTER_WORDS else f"sys_utcb->mr[{layout_word}]"


class Method:
    """One method's C. `full` is its name in C; results whose name an argument has already get _out behind it."""

    def __init__(self, interface, method):
        self.m = method
        self.interface = interface
        self.full = f"{interface.name}_{method.name}"
        self.op = f"{interface.name.upper()}_OP_{method.name.upper()}"
        self.in_request = {p.name for p in method.args}

    # -- names and parameter lists

    def out_name(self, param):
        return param.name + ("_out" if param.name in self.in_request else "")

    def limit(self, param):
        return f"{self.full}_{self.out_name(param)}_max".upper()

    def result_params(self, item_type):
        """C parameters that results are left in; items are `item_type NAME`."""
        reply = self.m.reply
        params = []
        if reply.as_struct():
            params.append(f"struct {self.full}_result *result")
        for param in self.m.results:
            name = self.out_name(param)
            if param.type == "bytes":
                params += [f"char *{name}", f"size_t *{name}_length"]
            elif param in reply.items:
                params.append(item_type(param, name))
            elif not reply.as_struct():
                params.append(f"{param.type} *{name}")
        return params

    def value_params(self, params, layout, item_type, as_struct=False):
        """C parameters that a message is made of."""
        found = [f"const struct {self.full}_result *result"] if as_struct else []
        for param in params:
            if param.type == "bytes":
                found += [f"const char *{param.name}", f"size_t {param.name}_length"]
            elif param in layout.items:
                found.append(item_type(param))
            elif not as_struct:
                found.append(f"{param.type} {param.name}")
        return found

    # -- what comes before the stubs

    def declarations(self):
        lines = []
        for param in self.m.request.strings:
            lines.append(f"#define {(self.full + '_' + param.name + '_max').upper()} {param.limit}")
        for param in self.m.reply.strings:
            lines.append(f"#define {self.limit(param)} {param.limit}")
        if self.m.reply.as_struct():
            rows = [f"    {p.type} {p.name};" for p in self.m.reply.scalars]
            lines += [f"struct {self.full}_result {{", *rows, "};"]
        return lines + [""] if lines else []

    # -- client

    def client(self):
        """The stub: encodes the request, calls, decodes the reply."""
        request, reply = self.m.request, self.m.reply
        kind = "WIRE_INLINE" if request.in_registers() and reply.in_registers() else "static inline"
        params = ["cap_t gate"]
        params += self.value_params(self.m.args, request, lambda p: f"struct map_item {p.name}")
        params += self.result_params(lambda p, n: f"cap_t {n}" if p.type == "cap" else f"u64 {n}_window")
        body = self.check_lengths() + self.encode_request() + self.open_windows()
        call = "wire_call(&m, gate)"
        if self.m.results:
            body += [f"    err_t error = {call};"] + self.close_windows()
            body += ["    if (error)", "        return error;"] + self.decode_reply()
        else:
            body.append(f"    return {call};")
        return [*comment(self.m.comment), *wrap(f"{kind} err_t {self.full}(", params, ")"), "{", *body, "}", ""]

    def check_lengths(self):
        lines = []
        for param in self.m.request.strings:
            limit = f"{self.full}_{param.name}_max".upper()
            lines += [f"    if ({param.name}_length > {limit})", "        return E_MSGSIZE;"]
        return lines

    def encode_request(self):
        request = self.m.request
        values = [self.op] + [bits(p) for p in request.scalars]
        lines = message_of(values, request, "struct msg m = ")
        lines += strings_of(request, "&m", "m.tag")
        lines += [f"    sys_utcb->item[{i}] = {p.name};" for i, p in enumerate(request.items)]
        return lines

    def open_windows(self):
        lines = []
        for i, param in enumerate(self.m.reply.items):
            name = self.out_name(param)
            window = f"FPAGE_OBJ({name}, 0, RIGHTS_ALL)" if param.type == "cap" else f"{name}_window"
            lines.append(f"    sys_utcb->window[{i}] = {window};")
        return lines

    def close_windows(self):
        return [f"    sys_utcb->window[{i}] = 0;" for i in range(len(self.m.reply.items))]

    def decode_reply(self):
        reply, lines = self.m.reply, []
        if reply.fixed > REGISTER_WORDS:
            lines += [f"    if (WIRE_WORDS(m.tag) < {reply.fixed})", "        return E_PROTO;"]
        for i, param in enumerate(reply.items):
            if param.type == "cap":
                lines += [f"    if (wire_item_cap(&m, {i}) != {self.out_name(param)})", "        return E_PROTO;"]
        for i, param in enumerate(reply.scalars):
            target = f"result->{param.name}" if reply.as_struct() else f"*{self.out_name(param)}"
            lines.append(f"    {target} = {cast(param)}{word(1 + i)};")
        lines += self.decode_strings()
        return lines if reply.strings else lines + ["    return E_OK;"]

    def decode_strings(self):
        """Strings of the reply go to the caller's buffers; *length is their room before and the length after."""
        strings = self.m.reply.strings
        lines = [f"    u32 next = {self.m.reply.fixed};"] if strings else []
        for i, param in enumerate(strings):
            name = self.out_name(param)
            take = f"wire_get_bytes(&m, &next, {name}, *{name}_length, {name}_length);"
            if i + 1 == len(strings):
                lines.append(f"    return {take}")
            else:
                lines += [f"    error = {take}", "    if (error)", "        return error;"]
        return lines

    # -- server

    def handler(self):
        """The row of the handler table."""
        params = ["void *self"]
        params += self.value_params(self.m.args, self.m.request,
                                    lambda p: f"cap_t {p.name}" if p.type == "cap" else f"u64 {p.name}")
        params += self.result_params(lambda p, n: f"struct map_item *{n}")
        return comment(self.m.comment, "    ") + wrap(f"err_t (*{self.m.name})(", params, ");", "    ")

    def reply(self):
        """NAME_METHOD_reply: encodes the answer, at once or later."""
        reply = self.m.reply
        params = ["struct msg *m"]
        params += self.value_params(self.m.results, reply, lambda p: f"struct map_item {p.name}", reply.as_struct())
        source = (lambda p: bits_of_field(p)) if reply.as_struct() else bits
        values = ["E_OK"] + [source(p) for p in reply.scalars]
        body = message_of(values, reply, "*m = (struct msg)")
        body += strings_of(reply, "m", "m->tag")
        body += [f"    sys_utcb->item[{i}] = {p.name};" for i, p in enumerate(reply.items)]
        return [*wrap(f"static inline void {self.full}_reply(", params, ")"), "{", *body, "}", ""]

    def serve(self):
        """NAME_METHOD_serve: checks and decodes the request, calls the handler, encodes its results."""
        request = self.m.request
        head = f"static inline err_t {self.full}_serve("
        params = [f"const struct {self.interface.name}_handlers *handlers", "void *self", "struct msg *m"]
        body = [f"    if (!handlers->{self.m.name})", "        return E_NOSYS;"]
        if request.fixed > 1:
            body += [f"    if (WIRE_WORDS(m->tag) < {request.fixed})", "        return E_INVAL;"]
        body += self.decode_request() + self.result_variables()
        arguments = ["self"] + self.handler_arguments()
        body += wrap(f"err_t error = handlers->{self.m.name}(", arguments, ");", "    ")
        body += ["    if (!error)"]
        body += wrap(f"{self.full}_reply(", ["m"] + self.reply_arguments(), ");", "        ")
        body += ["    return error;"]
        return [*wrap(head, params, ")"), "{", *body, "}", ""]

    def decode_request(self):
        request, lines = self.m.request, []
        for i, param in enumerate(request.scalars):
            lines.append(f"    u64 {param.name} = wire_word(m, {1 + i});")
        narrow = [check_range(p) for p in request.scalars if p.type in ("u32", "i32")]
        if narrow:
            lines += ["    if (" + " ||\n        ".join(narrow) + ")", "        return E_INVAL;"]
        for i, param in enumerate(request.items):
            if param.type == "cap":
                lines += [f"    cap_t {param.name} = wire_item_cap(m, {i});", f"    if (!{param.name})",
                          "        return E_INVAL;"]
            else:
                lines.append(f"    u64 {param.name} = wire_item_page(m, {i});")
        if request.strings:
            lines.append(f"    u32 next = {request.fixed};")
        for i, param in enumerate(request.strings):
            lines += self.decode_string(param, "err_t bad" if i == 0 else "bad")
        return lines

    def decode_string(self, param, target):
        """A copy: the handler may use the UTCB for messages of its own. A NUL stands behind the bytes."""
        limit = f"{self.full}_{param.name}_max".upper()
        return [f"    char {param.name}[{limit} + 1];", f"    size_t {param.name}_length;",
                f"    {target} = wire_get_bytes(m, &next, {param.name}, {limit}, &{param.name}_length);",
                "    if (bad)", "        return bad;", f"    {param.name}[{param.name}_length] = 0;"]

    def result_variables(self):
        reply, lines = self.m.reply, []
        if reply.as_struct():
            lines.append(f"    struct {self.full}_result result = {{0}};")
        for param in self.m.results:
            name = self.out_name(param)
            if param.type == "bytes":
                lines += [f"    char {name}[{self.limit(param)}];", f"    size_t {name}_length = 0;"]
            elif param in reply.items:
                lines.append(f"    struct map_item {name} = {{0}};")
            elif not reply.as_struct():
                lines.append(f"    {param.type} {name} = 0;")
        return lines

    def handler_arguments(self):
        found = []
        for param in self.m.args:
            if param.type == "bytes":
                found += [param.name, f"{param.name}_length"]
            elif param in self.m.request.items:
                found.append(param.name)
            else:
                found.append(cast(param) + param.name)
        return found + ["&" + name if not array else name for name, array in self.result_names()]

    def reply_arguments(self):
        by_value = {"result": "&result"}
        return [by_value.get(name, name) for name, _ in self.result_names()]

    def result_names(self):
        """The variables that hold results, in the order of parameters: (name, is an array)."""
        found = [("result", False)] if self.m.reply.as_struct() else []
        for param in self.m.results:
            name = self.out_name(param)
            if param.type == "bytes":
                found += [(name, True), (f"{name}_length", False)]
            elif param in self.m.reply.items or not self.m.reply.as_struct():
                found.append((name, False))
        return found


def bits_of_field(param):
    return {"i32": f"(u64)(i64)result->{param.name}", "i64": f"(u64)result->{param.name}"}.get(
        param.type, f"result->{param.name}")


def check_range(param):
    """C condition: the word is not a value of the parameter's type."""
    if param.type == "u32":
        return f"{param.name} != (u32){param.name}"
    return f"{param.name} != (u64)(i64)(i32){param.name}"


def item_count(layout):
    """C expression: how many map items are sent. A page that comes last may be empty, then none is."""
    items = layout.items
    if not items or items[-1].type != "page":
        return str(len(items))
    sent = f"{items[-1].name}.what != 0"
    return sent if len(items) == 1 else f"{len(items) - 1} + ({sent})"


def message_of(values, layout, target):
    """Statements that set up struct msg: words in registers by initialiser, the others in the UTCB."""
    head = f"{target}{{.tag = TAG({layout.fixed}, {item_count(layout)}), .w = {{"
    lines = wrap(head, values[:REGISTER_WORDS], "}};", "    ")
    for i, value in enumerate(values[REGISTER_WORDS:], REGISTER_WORDS):
        lines.append(f"    sys_utcb->mr[{i}] = {value};")
    return lines


def strings_of(layout, message, tag):
    """Statements that append the byte strings and set the tag to the words there are then."""
    if not layout.strings:
        return []
    lines, at = [], str(layout.fixed)
    for i, param in enumerate(layout.strings):
        target = "u32 end" if i == 0 else "end"
        lines.append(f"    {target} = wire_put_bytes({message}, {at}, {param.name}, {param.name}_length);")
        at = "end"
    return lines + [f"    {tag} = TAG(end, {item_count(layout)});"]


def handler_table(interface):
    lines = [*comment(["What a server fills in. Rows left 0 answer E_NOSYS. A handler returns an error, or E_OK with "
                       "its results set, or WIRE_LATER if it keeps the reply. Byte results have room for NAME_MAX "
                       "bytes."]),
             f"struct {interface.name}_handlers {{"]
    if interface.base:
        lines.append(f"    struct {interface.base.name}_handlers {interface.base.name};")
    for method in interface.methods:
        lines += Method(interface, method).handler()
    return lines + ["};", ""]


def dispatcher(interface):
    name = interface.name
    args = [f"const struct {name}_handlers *handlers", "void *self", "struct msg *m"]
    lines = comment(["Serves the request in m (and the UTCB) by its handler and leaves the answer there. True if it is "
                     "to be sent now; false if the handler answers later."])
    lines += wrap(f"static inline bool {name}_dispatch(", args, ")") + ["{", "    switch (m->w[0]) {"]
    for method in interface.methods:
        lines += [f"    case {name.upper()}_OP_{method.name.upper()}:",
                  f"        return wire_finish(m, {name}_{method.name}_serve(handlers, self, m));"]
    lines.append("    default:")
    if interface.base:
        lines.append(f"        return {interface.base.name}_dispatch(&handlers->{interface.base.name}, self, m);")
    else:
        lines.append("        return wire_finish(m, E_NOSYS);")
    return lines + ["    }", "}", ""]
