"""Runs inside gdb: steps through a function line by line, and writes each local variable that a line changed."""

import json
import os
from typing import Any, TextIO

import gdb  # type: ignore[import-not-found, unused-ignore]

Leaf = tuple[str, str, list[float]]
MOST = 128  # numbers of one variable


def leaves(value: Any, name: str, found: list[Leaf]) -> None:
    """Numbers of a variable: (name, type, values), members by name, arrays whole."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_FLT:
        found.append((name, "float", [float(value)]))
    elif kind.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_ENUM, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_CHAR):
        found.append((name, "int", [int(value)]))
    elif kind.code == gdb.TYPE_CODE_ARRAY and kind.range()[1] < MOST:
        items: list[Leaf] = []
        for i in range(kind.range()[0], kind.range()[1] + 1):
            leaves(value[i], "", items)
        if items and all(item[0] == "" for item in items) and len({item[1] for item in items}) == 1:
            found.append((name, items[0][1], [number for item in items for number in item[2]]))
    elif kind.code == gdb.TYPE_CODE_STRUCT:
        for field in kind.fields():
            if field.name and not field.is_base_class:
                leaves(value[field], name + "." + field.name, found)


def variables(frame: Any) -> dict[str, tuple[str, list[float]]]:
    """All numbers in the frame's variables, by name, those of inner blocks first."""
    found: dict[str, tuple[str, list[float]]] = {}
    block = frame.block()
    while block is not None:
        for symbol in block:
            if (symbol.is_variable or symbol.is_argument) and symbol.name not in found:
                items: list[Leaf] = []
                try:
                    leaves(symbol.value(frame), symbol.name, items)
                except (gdb.error, gdb.MemoryError, OverflowError, RuntimeError):
                    continue  # optimised out, or not there yet
                for name, kind, values in items:
                    found.setdefault(name, (kind, values))
        if block.function is not None:
            return found
        block = block.superblock
    return found


def same(a: Any, b: Any) -> bool:
    return a is not None and a[0] == b[0] and repr(a[1]) == repr(b[1])


def visit(number: int, steps: int, stream: TextIO) -> None:
    """Step through one call until it returns."""
    frame = gdb.newest_frame()
    depth = level(frame)
    before = variables(frame)
    for _ in range(steps):
        place = frame.find_sal()
        gdb.execute("next", to_string=True)
        frame = gdb.newest_frame()
        if level(frame) < depth:
            return
        after = variables(frame)
        for name, (kind, values) in after.items():
            if not same(before.get(name), (kind, values)):
                file = os.path.basename(place.symtab.filename) if place.symtab else ""
                event = {
                    "name": name,
                    "type": kind,
                    "values": values,
                    "file": file,
                    "line": place.line,
                    "visit": number,
                }
                stream.write(json.dumps(event) + "\n")
        before = after


def level(frame: Any) -> int:
    """How many calls lie below a frame."""
    count = 0
    while frame is not None:
        count += 1
        frame = frame.older()
    return count


def main() -> None:
    with open(os.environ["PARITY_DEBUGGER"]) as file:
        settings = json.load(file)
    for line in ("set pagination off", "set confirm off", "set breakpoint pending off", "set debuginfod enabled off"):
        try:
            gdb.execute(line, to_string=True)
        except gdb.error:
            continue
    point = gdb.Breakpoint(settings["function"])
    if settings["condition"]:
        point.condition = settings["condition"]
    gdb.execute(settings["run"], to_string=True)
    number = 0
    with open(settings["events"], "w") as stream:
        while gdb.selected_inferior().pid and number < settings["visits"]:
            try:
                visit(number, settings["steps"], stream)
            except gdb.error:
                break  # the program ended
            number += 1
            if gdb.selected_inferior().pid:
                gdb.execute("continue", to_string=True)
    if gdb.selected_inferior().pid:
        point.delete()
        gdb.execute("continue", to_string=True)


main()
