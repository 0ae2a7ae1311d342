"""What a stored C value is made of: numbers that belong together, and how a probe reaches them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clang.cindex import AccessSpecifier

from capture.c.clang import Kind, TypeKind

HIDDEN = (AccessSpecifier.PRIVATE, AccessSpecifier.PROTECTED)  # of C++'s classes: a probe outside cannot read them
MOST = 128  # numbers of one probe
SIGNED = frozenset({TypeKind.CHAR_S, TypeKind.SCHAR, TypeKind.SHORT, TypeKind.INT, TypeKind.LONG, TypeKind.LONGLONG})
UNSIGNED = frozenset(
    {TypeKind.BOOL, TypeKind.CHAR_U, TypeKind.UCHAR, TypeKind.USHORT, TypeKind.UINT, TypeKind.ULONG, TypeKind.ULONGLONG}
)
FLOATS = {TypeKind.FLOAT: "float32", TypeKind.DOUBLE: "float", TypeKind.LONGDOUBLE: "float"}


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers of one type that make one quantity: a member, a vector, an array.

    ``path`` is what follows the variable's name; ``calls`` are the probe's statements, with ``{}`` for the
    variable; ``key`` is the def-use graph's node of a record's member, as `capture.c.variables` has it.
    """

    path: str
    type: str
    components: tuple[str, ...]
    calls: tuple[str, ...]
    key: str = ""


def scalar(kind: Any) -> str | None:
    """``float``, ``float32``, ``int``, ``unsigned`` or None for what is no number."""
    if kind in FLOATS:
        return FLOATS[kind]
    if kind in SIGNED or kind == TypeKind.ENUM:
        return "int"
    return "unsigned" if kind in UNSIGNED else None


def is_integer(type_: Any) -> bool:
    return scalar(type_.get_canonical().kind) in ("int", "unsigned")


def groups(type_: Any) -> tuple[Group, ...]:
    """The quantities that a variable of this type holds; none for pointers, unions and what is too large."""
    found = _groups(type_.get_canonical(), "", "{}")
    return found if sum(len(group.components) for group in found) <= MOST else ()


def is_vector(type_: Any) -> bool:
    """A struct that is one quantity: a few numbers of one type with names of a letter or two, or one array."""
    canonical = type_.get_canonical()
    if canonical.kind != TypeKind.RECORD:
        return False
    found = _members(canonical)
    if len(found) == 1:
        return found[0].type.get_canonical().kind == TypeKind.CONSTANTARRAY
    kinds = {scalar(member.type.get_canonical().kind) for member in found}
    return 1 < len(found) <= 9 and len(kinds) == 1 and None not in kinds and all(len(m.spelling) <= 2 for m in found)


def _members(record: Any) -> list[Any]:
    declaration = record.get_declaration()
    if declaration.kind == Kind.UNION_DECL:
        return []
    return [field for field in record.get_fields() if field.access_specifier not in HIDDEN]


def _groups(canonical: Any, path: str, text: str) -> tuple[Group, ...]:
    kind = canonical.kind
    if (name := scalar(kind)) is not None:
        return (Group(path, name, ("",), (_call(name, text),)),)
    if kind == TypeKind.COMPLEX:
        return (Group(path, "complex", ("re", "im"), (f"parity_f(__real__({text}));", f"parity_f(__imag__({text}));")),)
    if kind == TypeKind.CONSTANTARRAY:
        return _array(canonical, path, text)
    if kind == TypeKind.RECORD:
        return _record(canonical, path, text)
    return ()


def _call(name: str, text: str) -> str:
    return f"parity_f((double)({text}));" if name in ("float", "float32") else f"parity_i((parity_int)({text}));"


def _array(canonical: Any, path: str, text: str) -> tuple[Group, ...]:
    shape: list[int] = []
    element = canonical
    while element.kind == TypeKind.CONSTANTARRAY:
        shape.append(element.element_count)
        element = element.element_type.get_canonical()
    count = 1
    for length in shape:
        count *= length
    name = scalar(element.kind)
    if name is None or element.kind == TypeKind.LONGDOUBLE or not 0 < count <= MOST:
        return ()
    names = tuple(str(i) for i in range(count))
    if name in ("float", "float32"):
        function, word = ("parity_fs", "double") if name == "float" else ("parity_ss", "float")
        return (Group(path, name, names, (f"{function}((const {word} *)({text}), {count});",)),)
    size, signed = element.get_size(), int(name == "int")
    return (Group(path, name, names, (f"parity_is((const void *)({text}), {count}, {size}, {signed});",)),)


def _record(canonical: Any, path: str, text: str) -> tuple[Group, ...]:
    members = [member for member in _members(canonical) if member.spelling]
    found: list[Group] = []
    for member in members:
        inner = _groups(member.type.get_canonical(), f"{path}.{member.spelling}", f"({text}).{member.spelling}")
        key = f"{canonical.get_declaration().spelling or canonical.spelling}.{member.spelling}"
        found += [group if group.key else replace(group, key=key) for group in inner]
        if len(found) > MOST:
            return tuple(found)
    if found and is_vector(canonical):
        names = tuple(m.spelling for m in members) if len(members) > 1 else found[0].components
        return (Group(path, found[0].type, names, tuple(call for group in found for call in group.calls)),)
    return tuple(found)
