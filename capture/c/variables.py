"""Variables as a probe sees them: their names, their text, their subscripts, and what an expression reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from capture.c import clang, types
from capture.c.clang import Kind, TypeKind
from capture.c.source import Source

WRAPPERS = (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR)
CASTS = (Kind.CSTYLE_CAST_EXPR, Kind.CXX_STATIC_CAST_EXPR)
PLAIN = re.compile(r"[\w\s.\[\]()*+/%<>&|-]*\Z")
VARIABLES = (Kind.VAR_DECL, Kind.PARM_DECL)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that can be read again after the statement.

    Attributes:
        text: as it is written in the source, or as it would be.
        name: without subscripts and dereferences, members joined by a point.
        subscripts: their texts, outermost first.
        key: the node of the def-use graph.
    """

    text: str
    name: str
    subscripts: tuple[str, ...]
    key: str


def bare(cursor: Any) -> Any:
    """The expression without parentheses and implicit conversions."""
    while cursor.kind in WRAPPERS:
        children = list(cursor.get_children())
        if len(children) != 1:
            return cursor
        cursor = children[0]
    return cursor


def without_casts(cursor: Any) -> Any:
    while (inner := bare(cursor)).kind in CASTS:
        children = list(inner.get_children())
        cursor = children[-1]
    return inner


def is_step(cursor: Any) -> bool:
    return cursor.kind == Kind.UNARY_OPERATOR and clang.unary_operator(cursor) in clang.STEPS


def is_assignment(cursor: Any) -> bool:
    if cursor.kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR:
        return True
    return cursor.kind == Kind.BINARY_OPERATOR and clang.binary_operator(cursor) == clang.ASSIGN


def has_effects(cursor: Any) -> bool:
    """Whether evaluating the expression again would do something."""
    return any(
        node.kind == Kind.CALL_EXPR or is_step(node) or is_assignment(node) or node.kind == Kind.StmtExpr
        for node in cursor.walk_preorder()
    )


def variable(source: Source, cursor: Any, function: str) -> Variable | None:
    """The variable that an lvalue names; None where it is nothing that a probe can read again."""
    cursor = bare(cursor)
    named = _named(source, cursor, function)
    if named is None:
        return None
    name, subscripts, key, printed = named
    macro = source.macro_at(cursor.extent.start.offset) or source.macro_at(source.end_of(cursor) - 1)
    text = printed if macro is not None else source.slice(cursor)
    return Variable(text, name, subscripts, key) if text else None


def _named(source: Source, cursor: Any, function: str) -> tuple[str, tuple[str, ...], str, str] | None:
    """Name, subscripts, graph node, and the text printed from the tree (for variables written inside macros)."""
    cursor = bare(cursor)
    if cursor.kind == Kind.DECL_REF_EXPR:
        return cursor.spelling, (), declared_key(cursor.referenced, function), cursor.spelling
    if cursor.kind == Kind.MEMBER_REF_EXPR:
        return _member(source, cursor, function)
    if cursor.kind == Kind.ARRAY_SUBSCRIPT_EXPR:
        base, index = list(cursor.get_children())
        inner = _named(source, base, function)
        if inner is None:
            return None
        printed = _printed(source, index)
        text = f"{inner[3]}[{printed}]" if inner[3] and printed else ""
        return inner[0], (*inner[1], printed), inner[2], text
    if cursor.kind == Kind.UNARY_OPERATOR and clang.unary_operator(cursor) == clang.DEREFERENCE:
        return _dereference(source, cursor, function)
    return None


def _member(source: Source, cursor: Any, function: str) -> tuple[str, tuple[str, ...], str, str] | None:
    children = [child for child in cursor.get_children() if child.kind != Kind.TYPE_REF]
    if not children:  # a member of this object
        owner = cursor.referenced.semantic_parent.spelling
        return cursor.spelling, (), f"{owner}.{cursor.spelling}", cursor.spelling
    inner = _named(source, children[0], function)
    if inner is None:
        return None
    base = bare(children[0])
    is_pointer = base.type.get_canonical().kind == TypeKind.POINTER
    record = base.type.get_canonical()
    record = record.get_pointee().get_canonical() if is_pointer else record
    key = inner[2]
    if not types.is_vector(record):
        key = f"{record.get_declaration().spelling or record.spelling}.{cursor.spelling}"
    text = f"{inner[3]}{'->' if is_pointer else '.'}{cursor.spelling}" if inner[3] else ""
    return f"{inner[0]}.{cursor.spelling}", inner[1], key, text


def _dereference(source: Source, cursor: Any, function: str) -> tuple[str, tuple[str, ...], str, str] | None:
    (operand,) = cursor.get_children()
    operand = bare(operand)
    if operand.kind == Kind.BINARY_OPERATOR:  # *(p + i)
        base, offset = list(operand.get_children())
        inner = _named(source, base, function)
        printed = _printed(source, offset)
        return None if inner is None else (inner[0], (*inner[1], printed), inner[2], "")
    inner = _named(source, operand, function)
    return None if inner is None else (inner[0], inner[1], inner[2], f"(*{inner[3]})" if inner[3] else "")


def _printed(source: Source, cursor: Any) -> str:
    """An index expression's text; empty where it stands in a macro and is no plain name or number."""
    if source.macro_at(cursor.extent.start.offset) is None:
        return source.slice(cursor)
    cursor = bare(cursor)
    if cursor.kind == Kind.DECL_REF_EXPR:
        return str(cursor.spelling)
    if cursor.kind == Kind.INTEGER_LITERAL:
        words = [token.spelling for token in cursor.get_tokens()]
        return words[0] if len(words) == 1 and words[0].isdigit() else ""
    return ""


def declared_key(declaration: Any, function: str) -> str:
    """The graph's node of a declared variable: locals carry their function's name."""
    if declaration is None or declaration.kind not in VARIABLES:
        return str(declaration.spelling) if declaration is not None else ""
    parent = declaration.semantic_parent
    is_local = parent is not None and parent.kind in (
        Kind.FUNCTION_DECL,
        Kind.CXX_METHOD,
        Kind.CONSTRUCTOR,
        Kind.DESTRUCTOR,
    )
    return f"{function}:{declaration.spelling}" if is_local else str(declaration.spelling)


def reads(source: Source, cursor: Any, function: str, own: frozenset[str]) -> Iterator[str]:
    """Nodes that an expression reads. Arguments of the program's own functions go to their parameters instead."""
    cursor = bare(cursor)
    if cursor.kind == Kind.DECL_REF_EXPR:
        if cursor.referenced is not None and cursor.referenced.kind in VARIABLES:
            yield declared_key(cursor.referenced, function)
        return
    if cursor.kind in (Kind.MEMBER_REF_EXPR, Kind.ARRAY_SUBSCRIPT_EXPR):
        named = _named(source, cursor, function)
        if named is not None:
            yield named[2]
            for node in cursor.walk_preorder():
                if node.kind == Kind.ARRAY_SUBSCRIPT_EXPR:
                    yield from reads(source, list(node.get_children())[1], function, own)
            return
    if cursor.kind == Kind.CALL_EXPR and cursor.spelling in own:
        yield f"return:{cursor.spelling}"
        return
    for child in cursor.get_children():
        yield from reads(source, child, function, own)
