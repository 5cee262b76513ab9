"""Draws a system as graphviz text: an arrow from each client to its server, labelled with the service."""


def draw(system):
    lines = [f'digraph "{system.name}" {{', "    rankdir=LR;", '    node [shape=box, fontname="sans-serif"];',
             '    edge [fontname="sans-serif", fontsize=10];']
    for program in system.programs:
        shape = "rounded" if program.via_proc else "solid"
        lines.append(f'    "{program.name}" [style={shape}, label="{label(program)}"];')
        for device in program.devices:
            lines.append(f'    "{device}" [shape=ellipse, style=dashed];')
            lines.append(f'    "{program.name}" -> "{device}" [style=dashed];')
    for program in system.programs:
        for link in program.uses:
            if link.service:
                lines.append(f'    "{program.name}" -> "{link.service.server.name}" [label="{link.service.name}"];')
    return "\n".join(lines + ["}", ""])


def label(program):
    builtins = [link.interface for link in program.uses if link.builtin]
    extra = f"\\n+ {', '.join(builtins)}" if builtins else ""
    return f"{program.name}\\npriority {program.priority}{extra}"
