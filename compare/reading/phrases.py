"""The body of a trace line: names and the numbers or words that belong to them.

    line     = [title ":"] item { [","|";"|"|"|":"] item }
    item     = name ("="|":"|"->"|":=") { expression "=" } value     also  name value  without a sign between
             | name ("="|":"|blank) label ":" value { label ":" value }
    value    = number { [","] number } [unit] | list { list } [unit] | maker list | word
    list     = "[" element { [","|";"] element } "]"        also ( ) and { }; an element may be  key "="|":" value
    maker    = a word glued to its bracket: tensor(...), np.float64(...), Detector(distance=...)

A list of lists is written out flat. Keys become sub-items, ``name.key``. What a printer says of an array and is no
value of it (``dtype=...``) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compare.reading.numbers import is_number
from compare.reading.tokens import OPEN, UNIT, Piece, Token, Unreadable, is_numeric, partners_of, pieces_of

DEEPEST = 40
ASSIGN = {"=", ":", ":=", "->", "=>"}
SEPARATORS = {",", ";", "|", ":"}
OPERATORS = set(".x*/+-^·×")
ABOUT = {  # what printers say of an array beside its values
    "dtype", "device", "grad_fn", "requires_grad", "shape", "size", "layout", "names", "weak_type", "mask",
    "fill_value",
}  # fmt: skip


@dataclass
class Value:
    """What one name is given: pieces in order, and sub-items with keys of their own."""

    pieces: list[Piece] = field(default_factory=list)
    parts: list[tuple[str, Value]] = field(default_factory=list)

    def items(self, name: str) -> Iterator[tuple[str, list[Piece]]]:
        """(name, pieces) of this value and of its sub-items, those with dotted names."""
        if self.pieces or not self.parts:
            yield name, self.pieces
        for key, part in self.parts:
            yield from part.items(f"{name}.{key}" if name else key)


class PartlyPrinted(Exception):
    """A text whose printer has left values out."""


Items = list[tuple[str, list[Piece]]]


class Reader:
    """Reads the tokens of one line. ``units``: a unit may stand behind a blank."""

    def __init__(self, line: str, tokens: Sequence[Token], *, units: bool) -> None:
        self.line, self.tokens, self.units = line, tokens, units
        self.depths = partners_of(tokens)
        if any(token.text in ("...", "…") for token in tokens) and any(t.kind == "number" for t in tokens):
            raise PartlyPrinted("the printer has left values out (...)")

    @property
    def closed(self) -> bool:
        """Whether the first bracket has its partner."""
        return 0 in self.depths or not self._is(0, set(OPEN))

    # ------------------------------------------------------------------------------------------ the line

    def items(self) -> Items:
        """All items of the line. Raises Unreadable where it is not made of items."""
        found: Items = []
        title, at = "", 0
        while at < len(self.tokens):
            if found and self._is(at, SEPARATORS):
                at += 1
                if at == len(self.tokens) and self._is(at - 1, {";"}):
                    break
            sign = self._assignment(at)
            if sign is None or sign == at:
                if found or title:
                    raise Unreadable
                return self._pairs()
            try:
                more, end = self._item(at, sign, first=not found)
            except Unreadable:
                if found or title or self.tokens[sign].text != ":" or not self._is_name(at, sign):
                    raise
                title, at = self._slice(at, sign) + ": ", sign + 1
                continue
            found += [(title + name, pieces) for name, pieces in more]
            at = end
        if not found or len({name for name, _ in found}) < len(found):
            raise Unreadable
        return found

    def value_alone(self) -> list[Piece]:
        """Numbers without a name. Raises Unreadable where there is anything else."""
        value, end = self._value(0, 0)
        if end < len(self.tokens) or value.parts or not all(is_number(piece.text) for piece in value.pieces):
            raise Unreadable
        return value.pieces

    # ------------------------------------------------------------------------------------------ items

    def _item(self, at: int, sign: int, *, first: bool) -> tuple[Items, int]:
        name = self._slice(at, sign)
        if not self._is_name(at, sign) or not (first or self._is_short(at, sign)):
            raise Unreadable
        if self.tokens[sign].text == ":" and sign - at == 2 and self._label_at(sign - 1):
            return self._labelled(self.tokens[at].text, sign - 1)
        if self._label_at(sign + 1):
            return self._labelled(name, sign + 1)
        if self.tokens[at].kind == "text" and sign - at == 1:
            name = name[1:-1]
        value, end = self._value(sign + 1, 0) if sign + 1 < len(self.tokens) else (Value(), sign)
        if (value.pieces or value.parts) and self._ends(end):
            return list(value.items(name)), end
        return self._derived(name, sign)

    def _derived(self, name: str, sign: int) -> tuple[Items, int]:
        """``name = expression = value``; numbers in the expression are kept under ``name.from``."""
        following = self._assignment(sign + 1)
        if following is None or {self.tokens[sign].text, self.tokens[following].text} != {"="}:
            raise Unreadable
        expression = self.tokens[sign + 1 : following]
        if len(expression) > 1 and not any(set(token.text) <= OPERATORS for token in expression):
            raise Unreadable
        value, end = self._value(following + 1, 0)
        if not self._ends(end):
            raise Unreadable
        numbers = [piece for token in expression if is_numeric(token) for piece in pieces_of(token)]
        made_from = [(f"{name}.from", numbers)] if numbers else []
        return [*made_from, *value.items(name)], end

    def _label_at(self, at: int) -> bool:
        """``label:value`` without a blank."""
        return (
            at + 2 < len(self.tokens)
            and self.tokens[at].kind == "word"
            and self.tokens[at + 1].text == ":"
            and self._glued(at, at + 3)
        )

    def _labelled(self, name: str, at: int) -> tuple[Items, int]:
        found: Items = []
        while self._label_at(at):
            value, end = self._value(at + 2, 0, single=True)
            found += value.items(f"{name}.{self.tokens[at].text}")
            at = end + 1 if self._is(end, SEPARATORS) else end
        if at < len(self.tokens) and not self._ends(at):
            raise Unreadable
        return found, at

    def _pairs(self) -> Items:
        """``name value name value``, or a single ``name value``."""
        found: Items = []
        at = 0
        while at < len(self.tokens):
            if found and self._is(at, {",", ";", "|"}):
                at += 1
            end = self._name_end(at)
            value, after = self._value(end, 0)
            if not value.pieces and not value.parts:
                raise Unreadable
            if not all(is_number(p.text) for p in value.pieces) and (found or after < len(self.tokens)):
                raise Unreadable
            found += value.items(self._slice(at, end))
            at = after
        if len({name for name, _ in found}) < len(found):
            raise Unreadable
        return found

    def _name_end(self, at: int) -> int:
        """The end of a name of one word, with what is glued to it."""
        if at >= len(self.tokens) or self.tokens[at].kind != "word":
            raise Unreadable
        end = at + 1
        while end in self.depths and self._glued(end - 1, end + 1) and self.depths[end] < len(self.tokens) - 1:
            end = self.depths[end] + 1
        return end

    def _is_name(self, at: int, end: int) -> bool:
        """Whether tokens are words, perhaps with something in brackets, and no numbers."""
        while at < end:
            token = self.tokens[at]
            if token.kind == "number" or token.text == ";":
                return False
            at = self.depths.get(at, at) + 1
        return True

    def _is_short(self, at: int, end: int) -> bool:
        """Whether a name is one word; only the first of a line may be several."""
        return self._glued(at, end) and not any(token.text == "," for token in self.tokens[at:end])

    # ------------------------------------------------------------------------------------------ values

    def _value(self, at: int, depth: int, *, single: bool = False) -> tuple[Value, int]:
        if at >= len(self.tokens) or depth > DEEPEST:
            raise Unreadable
        value = Value()
        token = self.tokens[at]
        if is_numeric(token):
            at = self._numbers(at, value, single=single, listed=depth > 0)
        elif token.text in OPEN and token.kind == "sign":
            at = self._lists(at, value, depth)
        elif self._maker(at):
            at = self._list(at + 1, value, depth, of_maker=True)
        elif token.kind == "text":
            value.pieces.append(Piece(token.text[1:-1], (token.start, token.end)))
            at += 1
        elif token.kind == "word":
            end = at + 1
            while end < len(self.tokens) and self._glued(end - 1, end + 1) and self.tokens[end].text not in ",;)]}":
                end = self.depths.get(end, end) + 1
            value.pieces.append(Piece(self._slice(at, end), (token.start, self.tokens[end - 1].end)))
            return value, end
        else:
            raise Unreadable
        return value, self._after_unit(at, depth)

    def _numbers(self, at: int, value: Value, *, single: bool, listed: bool) -> int:
        while True:
            value.pieces += pieces_of(self.tokens[at])
            at += 1
            if single:
                return at
            comma = not listed and self._is(at, {","})
            following = at + comma
            if following >= len(self.tokens) or not is_numeric(self.tokens[following]):
                return at
            if self._is(following + 1, ASSIGN - {":"}):
                return at
            at = following

    def _lists(self, at: int, value: Value, depth: int) -> int:
        while at < len(self.tokens) and self.tokens[at].text in OPEN and self.tokens[at].kind == "sign":
            at = self._list(at, value, depth, of_maker=False)
            if self._is(at, {","}) and at + 1 < len(self.tokens) and self.tokens[at + 1].text in OPEN:
                at += 1
        return at

    def _list(self, at: int, value: Value, depth: int, *, of_maker: bool) -> int:
        """From an opening bracket to behind its partner."""
        end = self.depths.get(at)
        if end is None:
            raise Unreadable
        at += 1
        awaited = False  # an element must follow a comma, except at the end
        while at < end:
            if self._is(at, {",", ";"}):
                if awaited:
                    raise Unreadable
                awaited, at = True, at + 1
                continue
            awaited = False
            at = self._element(at, end, value, depth + 1, of_maker=of_maker)
        return end + 1

    def _element(self, at: int, end: int, value: Value, depth: int, *, of_maker: bool) -> int:
        keyed = at + 2 < end and self.tokens[at].kind in ("word", "text") and self._is(at + 1, {"=", ":"})
        if not keyed:
            part, after = self._value(at, depth)
            value.pieces += part.pieces
            value.parts += part.parts
            return after
        key = self.tokens[at].text.strip("'\"")
        if of_maker and key in ABOUT:
            at += 2
            while at < end and not self._is(at, {","}):
                at = self.depths[at] + 1 if at in self.depths else at + 1
            return at
        part, after = self._value(at + 2, depth)
        value.parts.append((key, part))
        return after

    def _maker(self, at: int) -> bool:
        """A word glued to the bracket behind it: ``tensor(``."""
        return (
            at + 1 < len(self.tokens)
            and self.tokens[at].kind == "word"
            and self.tokens[at + 1].text == "("
            and self._glued(at, at + 2)
            and self.tokens[at].text.replace(".", "").replace("_", "").isalnum()
        )

    def _after_unit(self, at: int, depth: int) -> int:
        """Behind a unit, if one stands here."""
        if depth or at >= len(self.tokens):
            return at
        token = self.tokens[at]
        if token.text in ("[", "(") and at in self.depths:
            end = self.depths[at]
            inside = "".join(t.text for t in self.tokens[at + 1 : end])
            return end + 1 if UNIT.match(inside) else at
        glued = self._glued(at - 1, at + 1)
        while at < len(self.tokens) and (self.units or glued) and self.tokens[at].kind != "sign":
            if not UNIT.match(self.tokens[at].text) or self._is(at + 1, ASSIGN) or self._begins_value(at + 1):
                break
            at += 1
        return at

    def _begins_value(self, at: int) -> bool:
        return at < len(self.tokens) and (is_numeric(self.tokens[at]) or self._is(at, set(OPEN)))

    # ------------------------------------------------------------------------------------------ places

    def _ends(self, at: int) -> bool:
        """Whether an item can end here: at the end of the line, or where another begins."""
        if at == len(self.tokens):
            return True
        if self._is(at, {";"}) and at == len(self.tokens) - 1:
            return True
        if self._is(at, SEPARATORS):
            at += 1
        sign = self._assignment(at)
        return sign is not None and sign > at and self._is_short(at, sign)

    def _assignment(self, at: int) -> int | None:
        """The next sign between a name and its value that stands outside of brackets."""
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind == "sign":
                if token.text in ASSIGN:
                    return at
                at = self.depths.get(at, at)
            at += 1
        return None

    def _is(self, at: int, signs: set[str]) -> bool:
        return at < len(self.tokens) and self.tokens[at].kind == "sign" and self.tokens[at].text in signs

    def _glued(self, start: int, end: int) -> bool:
        """Whether no blank stands between these tokens."""
        return all(self.tokens[i].end == self.tokens[i + 1].start for i in range(start, end - 1))

    def _slice(self, start: int, end: int) -> str:
        return " ".join(self.line[self.tokens[start].start : self.tokens[end - 1].end].split())
