"""A Python module with every binding handed to the recorder; line numbers are kept.

``x = e`` becomes ``x = __parity__.value(7, e)``; names that are bound otherwise (unpacking, ``with``, ``+=``) are bound
again right after. What a class body binds is left alone: it is declared, not computed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from capture.trace import Loop, Site

RECORDER = "__parity__"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE = "<module>"


@dataclass(slots=True)
class Places:
    """All sites, loops and functions of the rewritten modules, numbered from 1."""

    sites: list[Site] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    flows: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def rewrite(source: str, name: str, places: Places, only: Sequence[str] = ()) -> ast.Module:
    """The tree of a module whose functions (``only`` those named, else all, and the module's own body) are captured.

    Raises:
        SyntaxError: it does not parse.
    """
    tree = ast.parse(source)
    if not only:
        _Body(places, name, MODULE).rewrite(tree.body)
    for node, qualified in _functions(tree, ""):
        if only and node.name not in only and qualified not in only:
            continue
        body = _Body(places, name, node.name)
        body.function(node)
    return ast.fix_missing_locations(tree)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            yield child, prefix + child.name
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def variable_name(node: ast.expr) -> str | None:
    """``self.a.b`` and ``x`` by their names, subscripts left out; None for what has no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = variable_name(node.value)
        return None if inner is None else f"{inner}.{node.attr}"
    return variable_name(node.value) if isinstance(node, ast.Subscript | ast.Starred) else None


class _Body:
    """Rewrites the statements of one function, or of a module."""

    def __init__(self, places: Places, file: str, function: str) -> None:
        self.places, self.file, self.function_name = places, file, function
        self.loops: tuple[int, ...] = ()
        self.has_frame = True  # a generator has none of its own: its loops would end up in its caller's

    # ---- names of the graph ----

    def key(self, name: str) -> str:
        head, _, tail = name.partition(".")
        return f".{tail}" if tail and head == "self" else f"{self.function_name}:{name}"

    def reads(self, node: ast.expr) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._reads(node)))

    def _reads(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Call) and (called := variable_name(node.func)) is not None:
            yield self._called(called, node)
            return
        if isinstance(node, ast.Name | ast.Attribute) and (name := variable_name(node)) is not None:
            yield self.key(name)
            return
        if isinstance(node, ast.Lambda):
            return
        for child in ast.iter_child_nodes(node):
            yield from self._reads(child)

    def _called(self, called: str, call: ast.Call) -> str:
        """The node of a call: what the function returns where that is captured, else its arguments."""
        owner, _, callee = called.rpartition(".")
        read: list[str] = [self.key(owner)] if owner else []
        for name, argument in [*enumerate(call.args), *((k.arg, k.value) for k in call.keywords)]:
            nodes = self.reads(argument)
            read += nodes
            self.places.flows.append((f"{callee}:{name}", nodes))
        node = f"call:{callee}:{len(self.places.flows)}"
        self.places.flows.append((node, (f"return:{callee}", *dict.fromkeys(read))))
        return node

    # ---- calls to the recorder ----

    def site(self, node: ast.AST, name: str, kind: str, reads: tuple[str, ...], target: str | None = None) -> int:
        number = len(self.places.sites) + 1
        line = getattr(node, "lineno", 0)
        self.places.sites.append(
            Site(
                number=number,
                name=name,
                function=self.function_name,
                file=self.file,
                line=line,
                kind=kind,
                target=target or self.key(name),
                reads=reads,
                loops=self.loops,
            )
        )
        return number

    @staticmethod
    def _call(method: str, at: ast.AST, *arguments: ast.expr) -> ast.Call:
        function = ast.Attribute(ast.Name(RECORDER, ast.Load()), method, ast.Load())
        return ast.copy_location(ast.Call(function, list(arguments), []), at)

    def value(self, node: ast.expr, name: str, kind: str, extra: ast.expr | None = None, *, of: ast.expr) -> ast.Call:
        """``__parity__.value(site, node)``: what ``node`` gives, recorded."""
        number = self.site(node, name, kind, self.reads(of))
        return self._call("value", node, ast.Constant(number), node, *([extra] if extra is not None else []))

    def again(self, name: str, at: ast.AST, kind: str, of: ast.expr | None) -> ast.stmt:
        """``name = __parity__.value(site, name)``, for a name that was just bound."""
        number = self.site(at, name, kind, self.reads(of) if of is not None else ())
        call = self._call("value", at, ast.Constant(number), ast.Name(name, ast.Load()))
        return ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], call), at)

    # ---- statements ----

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.places.functions.append(node.name)
        number = len(self.places.functions)
        documented = (
            bool(node.body) and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
        )
        first = node.body[:1] if documented else []
        body = node.body[len(first) :]
        parameters = [
            a for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs] if a.arg not in ("self", "cls")
        ]
        positional = [a for a in [*node.args.posonlyargs, *node.args.args] if a.arg not in ("self", "cls")]
        for place, parameter in enumerate(positional):
            self.places.flows.append((f"{node.name}:{parameter.arg}", (f"{node.name}:{place}",)))
        self.has_frame = not any(isinstance(inner, ast.Yield | ast.YieldFrom | ast.Await) for inner in _own_nodes(node))
        entered: list[ast.stmt] = [self.again(a.arg, a, "parameter", None) for a in parameters]
        self.rewrite(body)
        if not body:
            return
        if not self.has_frame:
            node.body = [*first, *entered, *body]
            return
        context = ast.withitem(self._call("call", body[0], ast.Constant(number)))
        node.body = [*first, ast.copy_location(ast.With([context], [*entered, *body]), body[0])]

    def rewrite(self, body: list[ast.stmt]) -> None:
        """Rewrite a list of statements in place."""
        result: list[ast.stmt] = []
        for statement in body:
            result += self.statement(statement)
        body[:] = result

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return [node]
        for walrus in _expressions(node):
            if isinstance(walrus, ast.NamedExpr):
                walrus.value = self.value(walrus.value, walrus.target.id, "store", of=walrus.value)
        if isinstance(node, ast.Assign):
            return [node, *self._assign(node)]
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            self._annotated(node)
        elif isinstance(node, ast.AugAssign):
            return [node, *self._augmented(node)]
        elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
            number = self.site(
                node, self.function_name, "returned", self.reads(node.value), f"return:{self.function_name}"
            )
            node.value = self._call("value", node.value, ast.Constant(number), node.value)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            return [node, *self._loop(node)]
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._with(node)
        elif isinstance(node, ast.Expr):
            self._flows_of(node.value)
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(node, part, None)
            if isinstance(inner, list) and not isinstance(node, ast.With):
                self.rewrite(inner)
        for handler in getattr(node, "handlers", ()):
            self.rewrite(handler.body)
        for case in getattr(node, "cases", ()):
            self.rewrite(case.body)
        return [node]

    def _flows_of(self, node: ast.expr) -> None:
        self.reads(node)

    def _assign(self, node: ast.Assign) -> list[ast.stmt]:
        after: list[ast.stmt] = []
        first = node.targets[0]
        if isinstance(first, ast.Name | ast.Attribute | ast.Subscript):
            name = variable_name(first)
            if name is not None and not name.startswith("__"):
                node.value = self.value(node.value, name, "store", _simple_index(first), of=node.value)
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List):
                names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
                after += [self.again(name, node, "store", node.value) for name in names]
        return after

    def _annotated(self, node: ast.AnnAssign) -> None:
        name = variable_name(node.target)
        assert node.value is not None
        if name is not None:
            node.value = self.value(node.value, name, "initial", _simple_index(node.target), of=node.value)

    def _augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        name = variable_name(node.target)
        if name is None:
            return []
        reads = (*self.reads(node.value), self.key(name))
        number = ast.Constant(self.site(node, name, "store", tuple(dict.fromkeys(reads))))
        if isinstance(node.target, ast.Name):
            call = self._call("value", node, number, ast.Name(name, ast.Load()))
            return [ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], call), node)]
        index = _simple_index(node.target)
        if isinstance(node.target, ast.Subscript) and index is None:
            return []
        loaded = ast.parse(ast.unparse(node.target), mode="eval").body
        call = self._call("seen", node, number, loaded, *([index] if index is not None else []))
        return [ast.copy_location(ast.Expr(call), node)]

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> list[ast.stmt]:
        """Rewrite a loop; what is to follow it."""
        counter = _counter(node)
        number = len(self.places.loops) + 1
        self.places.loops.append(Loop(number, counter, self.function_name, node.lineno, self.loops))
        outside = self.loops
        if isinstance(node, ast.While):
            self.reads(node.test)
            named: list[str] = []
        else:
            named = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
        self.loops = (*outside, number) if self.has_frame else ()
        bound = [self.again(name, node, "store", getattr(node, "iter", None)) for name in named if name != counter]
        self.rewrite(node.body)
        value = ast.Name(counter, ast.Load()) if counter else ast.Constant(0)
        event = ast.copy_location(ast.Expr(self._call("loop", node, ast.Constant(number), value)), node)
        node.body[:0] = [event, *bound] if self.has_frame else bound
        self.loops = outside
        self.rewrite(node.orelse)
        if not self.has_frame:
            return []
        return [ast.copy_location(ast.Expr(self._call("left", node, ast.Constant(number))), node)]

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        named = [
            n.id
            for item in node.items
            if item.optional_vars
            for n in ast.walk(item.optional_vars)
            if isinstance(n, ast.Name)
        ]
        bound = [self.again(name, node, "store", None) for name in named]
        self.rewrite(node.body)
        node.body[:0] = bound


def _counter(node: ast.For | ast.AsyncFor | ast.While) -> str:
    """The loop's counter: the name over ``range``, the first one over ``enumerate``."""
    if isinstance(node, ast.While) or not isinstance(node.iter, ast.Call):
        return ""
    called = (variable_name(node.iter.func) or "").rpartition(".")[2]
    if called in ("range", "trange", "prange") and isinstance(node.target, ast.Name):
        return node.target.id
    if called == "enumerate" and isinstance(node.target, ast.Tuple) and isinstance(node.target.elts[0], ast.Name):
        return node.target.elts[0].id
    return ""


def _simple_index(target: ast.expr) -> ast.expr | None:
    """The subscript of an item that is stored, where evaluating it once more does nothing."""
    if not isinstance(target, ast.Subscript):
        return None
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    if not all(isinstance(part, ast.Name | ast.Constant) for part in parts):
        return None
    return ast.parse(ast.unparse(ast.Tuple(list(parts), ast.Load())), mode="eval").body


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement, without those of statements inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.Lambda | ast.ExceptHandler):
            yield child
            yield from _expressions(child)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda)):
            yield child
            yield from _own_nodes(child)
