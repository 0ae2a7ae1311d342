"""What each quantity was made from in one run: the chains of stores and reads, call by call, in their order.

Every stored value is an event. Its sources are what the variables that its statement reads held then (those of its own
call first), what called functions returned to it, and what the operations' log says. Only quantities count: an event
that belongs to none passes its sources on. A helper that many call makes no knot, since each of its calls is its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from capture.series import ITEM
from capture.trace import CapturedTrace, Site, Values

Sources = frozenset[int]
OwnerKey = tuple[object, ...]
Owners = Mapping[OwnerKey, Sources]
NOTHING: Sources = frozenset()
DEEPEST = 12  # calls through which a pointer is followed to what it points to, or values that were not kept
MOST_PARTS = 9  # of a record that is read as a whole, as a matrix is
MOST_SITES = 60  # on the way from quantities to a value: beyond that nobody is helped by a list
MOST_VALUES = 5000  # of one variable, that are remembered
PASSES = 2


@dataclass(frozen=True, slots=True)
class Event:
    """One store: where, in which call, and its numbers.

    Attributes:
        part: what the stored part is called: ``.x``, ``[0]``; empty for all of it.
        is_member: it alone was stored, and the variable's other parts stay as they are.
        keys, owned: of its components, the keys and the quantities that they belong to.
    """

    order: int
    site: Site
    part: str
    is_member: bool
    call: int
    keys: tuple[OwnerKey, ...]
    owned: tuple[Sources, ...]
    value: bytes

    @property
    def owners(self) -> Sources:
        return NOTHING.union(*self.owned)


@dataclass(frozen=True, slots=True)
class Content:
    """What a variable, or a part of one, holds: its numbers, and the quantities that they are or were made from."""

    part: str
    sources: Sources
    value: bytes
    event: Event
    origin: Event  # the first variable that held these numbers, where they were only copied since
    is_loose: bool = False  # one of many of a record that was read as a whole: only a copy tells whether it was meant


@dataclass(slots=True)
class Held:
    """A variable: its parts now, and what it held before, by part and value."""

    now: dict[str, Content] = field(default_factory=dict)
    ever: dict[tuple[str, bytes], Content] = field(default_factory=dict)
    site: int = 0

    def below(self, path: str) -> list[Content]:
        """The parts at or under a path; all of it where it has no such part."""
        found = [
            c for part, c in self.now.items() if not path or part == path or part.startswith((path + ".", path + "["))
        ]
        if len(found) > MOST_PARTS:
            return [replace(content, is_loose=True) for content in found]
        return found or ([self.now[""]] if "" in self.now else [])


def owner_key(site: Site, component: int, names: tuple[str, ...]) -> OwnerKey:
    """A column's component, however often its items were stored."""
    return (site.function, ITEM.sub("", site.name), site.file, site.line, site.kind, component, names)


def owners_of(series: Iterable[tuple[int, Sequence[OwnerKey]]]) -> dict[OwnerKey, Sources]:
    """Owners by `owner_key`, from numbers of quantities and the keys of their series (`capture.series.key_of`)."""
    found: dict[OwnerKey, Sources] = {}
    for number, keys in series:
        for function, name, *rest in keys:
            plain = (function, ITEM.sub("", str(name)), *rest[:5])
            found[plain] = found.get(plain, NOTHING) | {number}
    return found


@dataclass(frozen=True, slots=True)
class Chains:
    """For each owner of stored values, in one run.

    Attributes:
        made_from: the owners that they were made from.
        between: numbers of the sites on the way that belong to nobody.
    """

    made_from: Mapping[int, Sources]
    between: Mapping[int, Sources]


def chains(trace: CapturedTrace, owners: Owners) -> Chains:
    """Follow a run. A variable whose numbers an owned one only copies is the same quantity, and its owner's as well."""
    known = dict(owners)
    for _ in range(PASSES):
        run = _Run(trace)
        for event in events(trace, known):
            run.store(event)
        more = {key: sources for key, sources in run.copied.items() if key not in known and len(sources) == 1}
        if not more:
            break
        known |= more
    return Chains(
        {number: frozenset(sources - {number}) for number, sources in run.sources.items()},
        {number: frozenset(sites) for number, sites in run.between.items()},
    )


def events(trace: CapturedTrace, owners: Owners) -> list[Event]:
    """All stores in the order of the run."""
    return sorted((e for column in trace.columns for e in _events(column, owners)), key=lambda event: event.order)


def _events(column: Values, owners: Owners) -> Iterator[Event]:
    site = column.site
    keys = tuple(owner_key(site, n, column.names) for n in range(len(site.components)))
    mine = tuple(owners.get(key, NOTHING) for key in keys)
    bound, node = site.name[len(column.variable) :], site.target.rpartition(":")[2]
    member = "" if site.variable or not site.name.startswith(node + ".") else site.name[len(node) :]
    edges = np.flatnonzero(np.diff(column.order, prepend=-1, append=-1)).tolist()
    for start, end in itertools.pairwise(edges):
        value = column.values[start:end].tobytes()
        order, call = int(column.order[start]), int(column.calls[start])
        yield Event(order, site, bound or member, bool(member), call, keys, mine, value)


class _Run:
    """The state of the run after each store.

    Attributes:
        held: variables by call (0 for those of no function) and node.
        returned: by call, what its callees returned to it for the statement that it is at.
        callees: by call and function, the latest call of it from there: what it wrote through a pointer.
        passed: by order, what reaches through a value.
        copied: owners of variables that an owned value is a copy of.
        via: by order, the sites that nobody owns from the last owned values to this one.
        sources, between: see `Chains`.
    """

    def __init__(self, trace: CapturedTrace) -> None:
        self.calls = trace.calls
        self.flows: dict[str, list[tuple[str, ...]]] = {}
        for node, reads in trace.flows:
            self.flows.setdefault(node, []).append(reads)
        self.logged: dict[int, list[int]] = {}
        for order, source in trace.made.tolist():
            self.logged.setdefault(order, []).append(source)
        self.in_log = frozenset(trace.made.reshape(-1).tolist())
        self.held: dict[tuple[int, str], Held] = {}
        self.returned: dict[int, dict[str, list[Content]]] = {}
        self.is_read: set[int] = set()
        self.passed: dict[int, Sources] = {}
        self.copied: dict[OwnerKey, Sources] = {}
        self.callees: dict[tuple[int, str], int] = {}
        self.via: dict[int, Sources] = {}
        self.sources: dict[int, set[int]] = {}
        self.between: dict[int, set[int]] = {}

    def store(self, event: Event) -> None:
        """Note what an event was made from; afterwards its variable holds it."""
        before = self.logged.get(event.order, [])
        logged = [self._through(source, 0) for source in before]
        read = self._of_parameter(event) if event.site.kind == "parameter" else self._of_reads(event)
        copied = same(event, read)
        if logged:
            kept = [] if event.part else [c for c in read if c.event.order not in self.in_log and not c.is_loose]
        else:
            kept = copied or [c for c in read if not c.is_loose]
        sources = NOTHING.union(*logged, *(c.sources for c in kept))
        via = NOTHING.union(*(self.via.get(order, NOTHING) for order in (*before, *(c.event.order for c in kept))))
        for number in event.owners:
            self.sources.setdefault(number, set()).update(sources)
            self.between.setdefault(number, set()).update(via)
        self.via[event.order] = NOTHING if event.owners or len(via) > MOST_SITES else via | {event.site.number}
        self.passed[event.order] = event.owners or sources
        self._hold(event, event.owners or sources, copied[-1].origin if copied else event)

    # ---- what an event is made from ----

    def _through(self, order: int, depth: int) -> Sources:
        """What reaches through an earlier value; through one that was not kept, from what that was computed."""
        if order not in self.passed and depth < DEEPEST:
            found = (self._through(source, depth + 1) for source in self.logged.get(order, ()))
            self.passed[order] = NOTHING.union(*found)
        return self.passed.get(order, NOTHING)

    def _of_reads(self, event: Event) -> list[Content]:
        return [found for node in event.site.reads for found in self._of_node(event.call, node, 0)]

    def _of_parameter(self, event: Event) -> list[Content]:
        """The arguments that its caller may have passed to it; the one with its value where there is one."""
        function, caller = self.calls[event.call]
        name = event.site.target.partition(":")[2].partition(".")[0]
        nodes = [n for reads in self._arguments(function, name) for n in reads if self._belongs(n, caller)]
        for node in dict.fromkeys(nodes):
            where, base, path = self._variable(caller, node)
            if base and (before := self.held[where, base].ever.get((path + event.part, event.value))) is not None:
                return [before]
        return [found for node in dict.fromkeys(nodes) for found in self._of_node(caller, node, 0)]

    def _arguments(self, function: str, name: str) -> Iterator[tuple[str, ...]]:
        """What call sites pass to a parameter, which some pass by its place."""
        for reads in self.flows.get(f"{function}:{name}", ()):
            places = [node for node in reads if node.startswith(f"{function}:") and node.rpartition(":")[2].isdigit()]
            if not places:
                yield reads
            for place in places:
                yield from self.flows.get(place, ())

    def _belongs(self, node: str, call: int) -> bool:
        """Whether a node is a variable of the call's function, or of no function."""
        owner, colon, _ = node.partition(":")
        return not colon or owner in ("return", "call", "<module>", self.calls[call][0])

    def _of_node(self, call: int, node: str, depth: int) -> list[Content]:
        """What a read variable holds; what a called function returned; what a pointer points to."""
        if depth > DEEPEST:
            return []
        if node.startswith("return:"):
            return self.returned.get(call, {}).get(node, [])
        if node.startswith("call:"):
            reads = next(iter(self.flows.get(node, ())), ())
            returned = self._of_node(call, reads[0], depth + 1) if reads else []
            return returned or [found for read in reads[1:] for found in self._of_node(call, read, depth + 1)]
        where, base, path = self._variable(call, node)
        if base:
            return self.held[where, base].below(path)
        owner, _, name = node.partition(":")
        function, caller = self.calls[call]
        if not name or owner != function or caller < 0:
            return []
        reads_of = self._arguments(function, name.partition(".")[0])
        nodes = dict.fromkeys(n for reads in reads_of for n in reads if self._belongs(n, caller))
        return [found for n in nodes for found in self._of_node(caller, n, depth + 1)]

    def _variable(self, call: int, node: str) -> tuple[int, str, str]:
        """The call whose variable a node is, the longest of its heads that was stored, and the rest of its path."""
        for where in self._scopes(call, node):
            base = node
            while base:
                if (where, base) in self.held:
                    return where, base, node[len(base) :]
                base = base.rpartition(".")[0] if "." in base.partition(":")[2] or ":" not in base else ""
        return 0, "", ""

    def _scopes(self, call: int, node: str) -> Iterator[int]:
        owner, colon, _ = node.partition(":")
        at = call if colon else 0
        while at > 0:
            if self.calls[at][0] == owner:
                yield at
                break
            at = self.calls[at][1]
        if colon and (call, owner) in self.callees:
            yield self.callees[call, owner]
        yield 0

    # ---- what holds it then ----

    def _hold(self, event: Event, reached: Sources, origin: Event) -> None:
        content = Content(event.part, reached, event.value, event, origin)
        if origin is not event and origin.site.kind in ("store", "initial") and is_telling(event):
            for key, owned in zip(origin.keys, event.owned, strict=False):
                if owned:
                    self.copied[key] = self.copied.get(key, NOTHING) | owned
        target, call = event.site.target, event.call
        function, caller = self.calls[call]
        self.callees[caller, function] = call
        if target.startswith("return:"):
            if caller in self.is_read:  # for a statement after the one that read the earlier ones
                self.returned.pop(caller, None)
                self.is_read.discard(caller)
            self.returned.setdefault(caller, {}).setdefault(target, []).append(content)
            self.returned.pop(call, None)
            return
        self.is_read.add(call)
        owner, colon, _ = target.partition(":")
        base = target.removesuffix(event.part) if event.part else target
        held = self.held.setdefault((call if colon and owner == function else 0, base), Held())
        is_element = event.site.elements > 0 and event.site.kind != "parameter"
        if held.site != event.site.number and not is_element and not event.is_member:
            held.now.clear()
        held.site = event.site.number
        if len(held.ever) < MOST_VALUES:
            held.ever[event.part, event.value] = content
        if is_element and event.part in held.now:
            content = Content(event.part, reached | held.now[event.part].sources, event.value, event, origin)
        held.now[event.part] = content


def same(event: Event, read: Sequence[Content]) -> list[Content]:
    """Of what was read that which the event is a copy of: equal numbers under its name, or telling ones."""
    equal = [content for content in read if content.value == event.value]
    tail = event.site.name.rpartition(".")[2]
    named = [c for c in equal if c.event.site.name.rpartition(".")[2] == tail]
    if named:
        return named
    if event.part or "." in event.site.target.partition(":")[2] or event.site.kind in ("parameter", "returned"):
        return equal if is_telling(event) or len({c.sources for c in equal}) == 1 else []
    return equal if len(read) == 1 else []


def is_telling(event: Event) -> bool:
    """Whether the numbers are none that chance makes equal: not all 0 or 1."""
    kind = np.int64 if event.site.type in ("int", "unsigned") else np.float64
    values = np.frombuffer(event.value, dtype=kind)
    return bool((np.abs(values) > 1).any() or (values != np.round(values)).any())
