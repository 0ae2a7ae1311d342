"""What an expression stores: assignments, steps, and variables that a callee writes through their address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from capture.c import clang
from capture.c.clang import Kind, TypeKind
from capture.c.probes import Probes
from capture.c.source import Source
from capture.c.types import groups
from capture.c.variables import (
    VARIABLES,
    Variable,
    bare,
    declared_key,
    has_effects,
    is_assignment,
    is_step,
    reads,
    variable,
    without_casts,
)


@dataclass(frozen=True, slots=True)
class Store:
    """One store. ``variable`` is None where it cannot be read again; ``passed`` then names the value on its way."""

    cursor: Any
    variable: Variable | None
    type: Any
    kind: str
    reads: tuple[str, ...]
    problem: str = ""
    passed: Variable | None = None
    members: tuple[tuple[str, tuple[str, ...]], ...] = ()  # what each member of an initialised record reads


def stored(source: Source, cursor: Any, function: str, own: frozenset[str], probes: Probes) -> list[Store]:
    """All stores of an expression or macro; several to one variable count once, as the last."""
    found = list(_stored(source, cursor, function, own, probes, surely=True))
    changed = {store.variable.text for store in found if store.variable is not None}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    kept: list[Store] = []
    for store in reversed(found):
        if store.variable is None:
            kept.append(store)
            continue
        key = (store.variable.text, store.variable.subscripts)
        if key in seen:
            continue
        seen.add(key)
        if any(text in changed for text in store.variable.subscripts):
            kept.append(_problem(store, "its subscript changes in the same statement"))
        else:
            kept.append(store)
    return kept[::-1]


def _problem(store: Store, problem: str) -> Store:
    return Store(store.cursor, None, store.type, store.kind, store.reads, f"{problem}; not probed")


def _stored(
    source: Source, cursor: Any, function: str, own: frozenset[str], probes: Probes, *, surely: bool
) -> Iterator[Store]:
    kind = cursor.kind
    if kind in (Kind.StmtExpr, Kind.LAMBDA_EXPR):
        return
    if kind in (Kind.IF_STMT, Kind.SWITCH_STMT, Kind.FOR_STMT, Kind.WHILE_STMT):
        surely = False  # inside a macro
    children = list(cursor.get_children())
    for number, child in enumerate(children):
        optional = number > 0 and (
            kind == Kind.CONDITIONAL_OPERATOR
            or (kind == Kind.BINARY_OPERATOR and clang.binary_operator(cursor) in clang.LOGICAL)
        )
        yield from _stored(source, child, function, own, probes, surely=surely and not optional)
    if is_assignment(cursor) or is_step(cursor):
        yield _assigned(source, cursor, children, function, own, surely)
    elif kind == Kind.CALL_EXPR:
        yield from _called(source, cursor, function, own, probes, surely)


def _assigned(
    source: Source, cursor: Any, children: list[Any], function: str, own: frozenset[str], surely: bool
) -> Store:
    target = bare(children[0])
    nodes = [node for child in children[1:] for node in reads(source, child, function, own)]
    found = variable(source, target, function)
    if cursor.kind != Kind.BINARY_OPERATOR and found is not None:  # x += y and ++x read x
        nodes.append(found.key)
    nodes += [node for node in reads(source, target, function, own) if found is None or node != found.key]
    store = Store(cursor, found, target.type, "store", tuple(dict.fromkeys(nodes)))
    return _checked(source, store, target, function, surely)


def _checked(source: Source, store: Store, target: Any, function: str, surely: bool) -> Store:
    if not groups(store.type):
        return Store(store.cursor, None, store.type, store.kind, store.reads)  # a pointer, say: nothing to record
    if not surely:
        return _problem(store, f"{_text(source, target)} is stored only under a condition inside the expression")
    if has_effects(target):
        problem = _problem(store, f"{_text(source, target)} cannot be read again without effects")
        name = next((n.spelling for n in target.walk_preorder() if n.kind == Kind.DECL_REF_EXPR), "value")
        holder = f"parity_p{store.cursor.extent.start.offset}"
        passed = Variable(holder, name, (), f"{function}:{name}")
        return Store(store.cursor, None, store.type, store.kind, store.reads, problem.problem, passed)
    if store.variable is None:
        return _problem(store, f"{_text(source, target)} has no name that can be read again")
    if _declared_within(source, target, store.cursor):
        return Store(store.cursor, None, store.type, store.kind, store.reads)
    return store


def _text(source: Source, cursor: Any) -> str:
    return " ".join(source.slice(cursor).split())[:60] or "a variable of a macro"


def _declared_within(source: Source, target: Any, statement: Any) -> bool:
    """Whether the variable is the macro's own."""
    macro = source.macro_at(statement.extent.start.offset)
    if macro is None:
        return False
    names = (n for n in target.walk_preorder() if n.kind == Kind.DECL_REF_EXPR and n.referenced is not None)
    places = (n.referenced for n in names)
    return any(
        declaration.location.file is not None
        and str(declaration.location.file) == str(source.path)
        and macro[0] <= declaration.extent.start.offset < macro[1]
        for declaration in places
    )


def _called(
    source: Source, cursor: Any, function: str, own: frozenset[str], probes: Probes, surely: bool
) -> Iterator[Store]:
    """Variables that a call may have written: ``&x`` and arrays, where the parameter is no pointer to const."""
    callee = cursor.referenced
    parameters = list(callee.get_arguments()) if callee is not None and callee.kind != Kind.VAR_DECL else []
    name = str(cursor.spelling)
    arguments = list(cursor.get_arguments())
    inputs = tuple(dict.fromkeys(node for a in arguments for node in reads(source, a, function, own)))
    for number, argument in enumerate(arguments):
        parameter = parameters[number] if number < len(parameters) else None
        if name in own and parameter is not None:
            flows = tuple(dict.fromkeys(reads(source, argument, function, own)))
            probes.flows.append((f"{name}:{parameter.spelling}", flows))
        target = _written(argument, parameter)
        if target is None or has_effects(target):
            continue
        found = variable(source, target, function)
        own_node = f"{name}:{parameter.spelling}" if name in own and parameter is not None else None
        nodes = (own_node,) if own_node else tuple(n for n in inputs if found is None or n != found.key)
        store = Store(cursor, found, target.type, "written", nodes)
        if surely and found is not None and groups(store.type) and not _declared_within(source, target, cursor):
            yield store


def _written(argument: Any, parameter: Any) -> Any | None:
    """The variable behind an argument, if the callee may write through it."""
    if parameter is not None and not _is_writable(parameter.type.get_canonical()):
        return None
    inner = without_casts(argument)
    if inner.kind == Kind.UNARY_OPERATOR and clang.unary_operator(inner) == clang.ADDRESS_OF:
        return bare(next(iter(inner.get_children())))
    if inner.type.get_canonical().kind == TypeKind.CONSTANTARRAY:
        return inner
    return None


def _is_writable(parameter: Any) -> bool:
    """Whether a parameter of this type is a pointer, or an array, through which the callee may write."""
    if parameter.kind in (TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY, TypeKind.VARIABLEARRAY):
        return not parameter.element_type.is_const_qualified()
    return parameter.kind == TypeKind.POINTER and not parameter.get_pointee().is_const_qualified()


def declared(source: Source, cursor: Any, function: str, own: frozenset[str], probes: Probes) -> list[Store]:
    """The stores of one declaration: its initial value, and what the initialising expression stores besides."""
    initial = [child for child in cursor.get_children() if child.kind.is_expression()]
    if cursor.storage_class.name in ("STATIC", "EXTERN") or not initial or not _is_initialised(source, cursor):
        return []
    others = [store for part in initial for store in stored(source, part, function, own, probes)]
    nodes = tuple(dict.fromkeys(node for part in initial for node in reads(source, part, function, own)))
    itself = Variable(cursor.spelling, cursor.spelling, (), declared_key(cursor, function))
    if not groups(cursor.type):
        return others
    members = tuple(_members_read(source, initial[-1], cursor.type, function, own))
    return [*others, Store(cursor, itself, cursor.type, "initial", nodes, members=members)]


def _members_read(
    source: Source, initial: Any, type_: Any, function: str, own: frozenset[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The members of a record that a list in braces gives values to, and what each of them reads."""
    if initial.kind != Kind.INIT_LIST_EXPR or type_.get_canonical().kind != TypeKind.RECORD:
        return
    names = [member.spelling for member in type_.get_canonical().get_fields()]
    for place, item in enumerate(initial.get_children()):
        parts = list(item.get_children())
        is_named = bool(parts) and parts[0].kind == Kind.MEMBER_REF
        name = parts[0].spelling if is_named else names[place] if place < len(names) else ""
        read = parts[1:] if is_named else [item]
        yield name, tuple(dict.fromkeys(node for part in read for node in reads(source, part, function, own)))


def _is_initialised(source: Source, cursor: Any) -> bool:
    """Whether the declaration has a value, not just a size: ``double x[3]`` has none."""
    assert cursor.kind in VARIABLES
    text = source.slice(cursor)
    name = text.find(cursor.spelling)
    rest = text[name + len(cursor.spelling) :] if name >= 0 else text
    return "=" in rest or cursor.type.get_canonical().kind != TypeKind.CONSTANTARRAY
