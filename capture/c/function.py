"""One function: where its stores are, and the probes written after them.

A function is instrumented whole or not at all (`LeftOut` says why). Where nothing is selected inside it, its body is
kept a second time as it was, and so costs one branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from capture.c import scanner
from capture.c.clang import Kind, TypeKind
from capture.c.probes import Probes
from capture.c.selection import Selection
from capture.c.source import LeftOut, Source
from capture.c.stores import Store, declared, stored
from capture.c.types import groups, is_integer
from capture.c.variables import Variable, bare, is_assignment, is_step, reads, variable

LOOPS = (Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT, Kind.CXX_FOR_RANGE_STMT)
ARRAYS = (TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY, TypeKind.VARIABLEARRAY)
LABELS = (Kind.CASE_STMT, Kind.DEFAULT_STMT, Kind.LABEL_STMT)
SILENT = (Kind.GOTO_STMT, Kind.BREAK_STMT, Kind.CONTINUE_STMT, Kind.NULL_STMT, Kind.ASM_STMT, Kind.INDIRECT_GOTO_STMT)
NOT_TWICE = frozenset({b"static", b"asm", b"__asm__", b"__asm", b"__COUNTER__", b"__label__"})
ALONE = re.compile(rb"#[ \t]*pragma[ \t]+omp[ \t]+(?!parallel|simd|critical|atomic|task\b|declare|flush)")
COLLAPSE = re.compile(rb"#[ \t]*pragma[ \t]+omp[^#]*\b(?:collapse|ordered)[ \t]*\([ \t]*(\d+)")
ATOMIC = re.compile(rb"#[ \t]*pragma[ \t]+omp[ \t]+atomic")
DEFINES = re.compile(rb"^[ \t]*#[ \t]*(?:include|define|undef|line)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: in a block or as the unbraced body of something; inside which loops; what is set."""

    loops: tuple[int, ...] = ()
    known: frozenset[str] = frozenset()
    selected: bool = False
    merged: tuple[str, ...] = ()  # loop statements of collapsed loops, written into the innermost body
    collapse: int = 0


class FunctionProbes:
    """Writes the probes of one function into its source."""

    def __init__(self, source: Source, cursor: Any, probes: Probes, selection: Selection, own: frozenset[str]) -> None:
        self.source, self.cursor, self.probes, self.selection, self.own = source, cursor, probes, selection, own
        self.name = str(cursor.spelling)
        self.selects: list[tuple[int, int]] = []  # blocks in which the expression is tested
        self.loop_regions: list[tuple[int, int, bool]] = []

    def write(self) -> None:
        """Raises: LeftOut."""
        body = next(child for child in self.cursor.get_children() if child.kind == Kind.COMPOUND_STMT)
        if self.source.macro_at(body.extent.start.offset):
            raise LeftOut("its body comes from a macro")
        start, end = body.extent.start.offset, self.source.end_of(body)
        parameters = [child for child in self.cursor.get_children() if child.kind == Kind.PARM_DECL]
        known = frozenset(p.spelling for p in parameters if is_integer(p.type))
        number = self.probes.function(self.name)
        attribute = "__attribute__((cleanup(parity_leave), unused))"
        enter = f" int parity_f{number} {attribute} = parity_on() ? parity_call({number}) : 0;"
        place = Place(known=known)
        select, place = self._select(place, start, end)
        probe = " ".join(text for p in parameters if p.spelling for text in self._parameter(p))
        self.source.close(start + 1, select + enter + self._guarded(probe))
        self.block(body, place)
        self._double(start, end)

    # ---- regions kept twice ----

    def _double(self, start: int, end: int) -> None:
        """Keep as it was what no test of the expression stands in: the body, else the outermost loops."""
        regions = [(start, end, True), *sorted(self.loop_regions)]
        taken = -1
        for first, last, whole in regions:
            if first < taken or any(first <= at and until <= last for at, until in self.selects):
                continue
            if whole and self._may_double(first, last):
                self.source.doubled.append((first, last))
                taken = last

    def _may_double(self, start: int, end: int) -> bool:
        text = self.source.text[start:end]
        if ALONE.search(text) or DEFINES.search(text) or scanner.has_word(text, NOT_TWICE):
            return False
        return not any(node.kind == Kind.LABEL_STMT for node in self._within(start, end))

    def _within(self, start: int, end: int) -> Iterator[Any]:
        labels = [node for node in self.cursor.walk_preorder() if node.kind == Kind.LABEL_STMT]
        return (node for node in labels if start <= node.extent.start.offset < end)

    # ---- statements ----

    def block(self, cursor: Any, place: Place) -> None:
        end = self.source.end_of(cursor)
        for child in cursor.get_children():
            self.statement(child, place)
            set_here = self._set_by(child)
            if set_here - place.known:
                place = _with(place, known=place.known | set_here)
                select, place = self._select(place, child.extent.start.offset, end)
                if select:
                    self.source.close(self.source.after_semicolon(child), select)

    def statement(self, cursor: Any, place: Place) -> None:
        """Probes of one statement that stands in a block."""
        kind = cursor.kind
        if self.source.macro_of(cursor) is not None:
            self.expression(cursor, place)
        elif kind == Kind.COMPOUND_STMT:
            if not ATOMIC.search(self._pragmas(cursor)):
                self.block(cursor, place)
        elif kind == Kind.IF_STMT:
            self._if(cursor, place)
        elif kind in LOOPS:
            self._loop(cursor, place)
        elif kind in LABELS:
            self.statement(list(cursor.get_children())[-1], place)
        elif kind == Kind.SWITCH_STMT:
            self._switch(cursor, place)
        elif kind == Kind.RETURN_STMT:
            self._return(cursor, place)
        elif kind == Kind.DECL_STMT:
            self._declaration(cursor, place)
        elif kind not in SILENT:
            self.expression(cursor, place)

    def body(self, cursor: Any, place: Place, before: str = "") -> None:
        """The body of a loop or branch: braces are added where it has none."""
        if cursor.kind == Kind.COMPOUND_STMT and self.source.macro_of(cursor) is None:
            if before:
                self.source.close(cursor.extent.start.offset + 1, " " + before)
            self.block(cursor, place)
            return
        if cursor.kind == Kind.NULL_STMT and not before:
            return
        self.statement(cursor, place)
        start = scanner.pragma_start(self.source.text, cursor.extent.start.offset)
        newline = "" if start == cursor.extent.start.offset else "\n"
        self.source.open(start, "{ " + before + (f" {newline}#line {self.source.line(start)}\n" if newline else ""))
        self.source.close(self.end(cursor), " }")

    def end(self, cursor: Any) -> int:
        """The offset after a statement, its semicolon included."""
        kind = cursor.kind
        if self.source.macro_of(cursor) is not None:
            return self.source.after_semicolon(cursor)
        if kind == Kind.COMPOUND_STMT or kind == Kind.CXX_TRY_STMT:
            return self.source.end_of(cursor)
        if kind in (*LABELS, Kind.IF_STMT, Kind.SWITCH_STMT, *LOOPS) and kind != Kind.DO_STMT:
            return self.end(list(cursor.get_children())[-1])
        return self.source.after_semicolon(cursor)

    def _if(self, cursor: Any, place: Place) -> None:
        children = list(cursor.get_children())
        if children and children[0].kind in (Kind.VAR_DECL, Kind.DECL_STMT):  # C++: if (T x = ...)
            children = children[1:]
        if len(children) not in (2, 3):
            raise LeftOut(f"the condition at line {cursor.location.line} was not understood")
        for number, branch in enumerate(children[1:]):
            before = self._stores(children[0], place, branch, repeated=number > 0)
            self.body(branch, place, before)

    def _switch(self, cursor: Any, place: Place) -> None:
        body = list(cursor.get_children())[-1]
        if body.kind == Kind.COMPOUND_STMT:
            self.block(body, place)

    def _loop(self, cursor: Any, place: Place) -> None:
        children = list(cursor.get_children())
        body, head = (children[0], children[1:]) if cursor.kind == Kind.DO_STMT else (children[-1], children[:-1])
        start = cursor.extent.start.offset
        pragmas = self._pragmas(cursor)
        counter = self._counter(cursor, head)
        line = self.source.line(start)
        name = counter.name.rpartition(".")[2] if counter else ""
        number = self.probes.loop(name, self.name, line, place.loops)
        event = f"if (parity_on()) parity_loop({number}, {f'(parity_int)({counter.text})' if counter else '0'});"
        collapse = place.collapse or int((COLLAPSE.search(pragmas) or (b"", b"1"))[1])
        set_here = frozenset({counter.text} if counter else ())
        inner = _with(place, loops=(*place.loops, number), known=place.known | set_here, collapse=0, merged=())
        events = (*place.merged, event)
        if collapse > 1:
            self._collapsed(body, _with(inner, collapse=collapse - 1, merged=events))
        else:
            select, inner = self._select(inner, body.extent.start.offset, self.end(body)) if set_here else ("", inner)
            head_stores = "" if cursor.kind == Kind.DO_STMT else self._head_stores(head, counter, inner, body)
            self.body(body, inner, " ".join(filter(None, (select, *events, head_stores))))
        if place.merged:
            return
        self.source.close(self.end(cursor), f" if (parity_on()) parity_left({number});")
        first = scanner.pragma_start(self.source.text, start)
        parallel = first == start or b"parallel" in pragmas or b"omp" not in pragmas
        self.loop_regions.append((first, self.end(cursor), parallel))

    def _collapsed(self, body: Any, place: Place) -> None:
        inner = body
        while inner.kind == Kind.COMPOUND_STMT and len(list(inner.get_children())) == 1:
            (inner,) = inner.get_children()
        if inner.kind != Kind.FOR_STMT:
            raise LeftOut(f"the collapsed loops at line {body.location.line} were not understood")
        self._loop(inner, place)

    def _pragmas(self, cursor: Any) -> bytes:
        start = cursor.extent.start.offset
        return self.source.text[scanner.pragma_start(self.source.text, start) : start]

    def _counter(self, cursor: Any, head: list[Any]) -> Variable | None:
        """The integer that a for loop counts: what its last part steps."""
        if cursor.kind != Kind.FOR_STMT or self.source.macro_at(cursor.extent.start.offset):
            return None
        text, at = self.source.text, cursor.extent.start.offset
        opened = text.index(b"(", at) + 1
        first = scanner.at_depth_zero(text, opened, len(text), b";")
        second = scanner.at_depth_zero(text, first + 1, len(text), b";") if first >= 0 else -1
        if second < 0:
            return None
        steps = [child for child in head if child.extent.start.offset > second]
        for node in (node for step in steps for node in step.walk_preorder()):
            if is_step(node) or is_assignment(node):
                target = next(iter(node.get_children()))
                if is_integer(target.type) and not self.source.macro_at(target.extent.start.offset):
                    return variable(self.source, target, self.name)
        return None

    def _head_stores(self, head: list[Any], counter: Variable | None, place: Place, body: Any) -> str:
        texts = [self._stores(part, place, body, counter=counter) for part in head if part.kind != Kind.DECL_STMT]
        return " ".join(filter(None, texts))

    # ---- probes ----

    def expression(self, cursor: Any, place: Place) -> None:
        """Probes after an expression statement, or after the use of a macro."""
        if ATOMIC.search(self._pragmas(cursor)) and b"capture" in self._pragmas(cursor):
            return
        probes = self._stores(cursor, place, cursor)
        if probes:
            self.source.close(self.source.after_semicolon(cursor), " " + probes)

    def _stores(
        self, cursor: Any, place: Place, at: Any, *, counter: Variable | None = None, repeated: bool = False
    ) -> str:
        """The guarded probes of all that an expression stores; `LeftOut` never, remarks for what cannot be probed."""
        texts: list[str] = []
        for store in stored(self.source, cursor, self.name, self.own, self.probes):
            if store.variable is None:
                if not repeated and not self._passed(store, cursor, place) and store.problem:
                    self._remark(store.cursor, store.problem)
            elif counter is None or store.variable.text != counter.text:
                texts += self._statements(store, place)
        return self._guarded(" ".join(texts))

    def _statements(self, store: Store, place: Place) -> list[str]:
        assert store.variable is not None
        where = self._where(store.cursor, place)
        return self.probes.statements(
            store.variable, store.type, members=dict(store.members), **where, kind=store.kind, reads=store.reads
        )

    def _where(self, cursor: Any, place: Place) -> dict[str, Any]:
        line = self.source.line(cursor.extent.start.offset)
        return {"function": self.name, "file": self.source.name, "line": line, "loops": place.loops}

    def _remark(self, cursor: Any, problem: str) -> None:
        self.probes.remarks.append(f"{self.source.name}:{cursor.location.line} in {self.name}: {problem}")

    def _passed(self, store: Store, statement: Any, place: Place) -> bool:
        """Probe the assigned value on its way where the variable cannot be read again (``*p++ = x;``)."""
        cursor = bare(statement)
        if store.passed is None or cursor != store.cursor or self.source.macro_of(cursor) is not None:
            return False
        if cursor.kind != Kind.BINARY_OPERATOR:  # (*p)++; and *p++ += x; have no value of their own to pass on
            return False
        target, value = list(cursor.get_children())
        if self.source.macro_at(value.extent.start.offset) or groups(store.type) == ():
            return False
        end = self.source.after_semicolon(cursor) - 1
        probes = self.probes.statements(
            store.passed, store.type, **self._where(cursor, place), kind="store", reads=store.reads
        )
        holder = store.passed.text
        opening = f"__extension__({{ __typeof__({self.source.slice(target)}) {holder} = ("
        self.source.open(value.extent.start.offset, opening)
        self.source.close(end, f"); {self._guarded(' '.join(probes))} {holder}; }})")
        return True

    @staticmethod
    def _guarded(probes: str) -> str:
        return f" if (parity_on()) {{ {probes} }}" if probes else ""

    def _parameter(self, cursor: Any) -> list[str]:
        if cursor.type.get_canonical().kind in ARRAYS:  # a pointer: to how many, only the caller knows
            return []
        itself = Variable(cursor.spelling, cursor.spelling, (), f"{self.name}:{cursor.spelling}")
        return self.probes.statements(itself, cursor.type, **self._where(cursor, Place()), kind="parameter")

    def _declaration(self, cursor: Any, place: Place) -> None:
        texts: list[str] = []
        for child in cursor.get_children():
            if child.kind == Kind.VAR_DECL:
                for store in declared(self.source, child, self.name, self.own, self.probes):
                    texts += self._statements(store, place) if store.variable is not None else []
        if texts:
            self.source.close(self.source.after_semicolon(cursor), self._guarded(" ".join(texts)))

    def _return(self, cursor: Any, place: Place) -> None:
        children = list(cursor.get_children())
        result = self.cursor.result_type
        if not children or not groups(result):
            return
        first, end = cursor.extent.start.offset + len(b"return"), self.source.after_semicolon(cursor) - 1
        text = self.source.text[first:end].strip()
        if text.startswith(b"{") or self.source.macro_at(cursor.extent.start.offset):
            return
        holder = f"parity_r{len(self.probes.sites) + 1}"
        itself = Variable(holder, self.name, (), f"return:{self.name}")
        nodes = tuple(dict.fromkeys(reads(self.source, children[0], self.name, self.own)))
        where = self._where(cursor, place)
        probes = self.probes.statements(itself, result, **where, kind="returned", reads=nodes)
        for store in stored(self.source, children[0], self.name, self.own, self.probes):
            probes += self._statements(store, place) if store.variable is not None else []
        spelling = result.get_canonical().spelling if is_integer(result) else result.spelling
        spelling = spelling.replace("const ", "")
        opening = f" __extension__ ({{ {spelling} {holder} = ("
        self.source.close(first, opening)
        self.source.close(end, f"); {self._guarded(' '.join(probes))} {holder}; }})")

    # ---- selection ----

    def _select(self, place: Place, start: int, end: int) -> tuple[str, Place]:
        if place.selected or not self.selection.begins(place.known):
            return "", place
        self.selects.append((start, end))
        return " " + self.selection.test(len(self.probes.loops) * 10 + len(self.selects)), _with(place, selected=True)

    def _set_by(self, cursor: Any) -> frozenset[str]:
        """Variables that a declaration or plain assignment of a block sets, as written."""
        if cursor.kind == Kind.DECL_STMT:
            declared_here = [child for child in cursor.get_children() if child.kind == Kind.VAR_DECL]
            return frozenset(child.spelling for child in declared_here if any(True for _ in child.get_children()))
        if is_assignment(cursor) and self.source.macro_of(cursor) is None:
            return frozenset({self.source.slice(next(iter(cursor.get_children())))})
        return frozenset()


def _with(place: Place, **changes: Any) -> Place:
    from dataclasses import replace

    return replace(place, **changes)
