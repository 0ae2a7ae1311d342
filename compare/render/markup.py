"""HTML and SVG elements that escape whatever is put into them."""

from __future__ import annotations

import html

from compare.render.text import clean

VOID = frozenset({"br", "hr", "img", "link", "meta"})


class Markup(str):
    """Text that is markup already. Made by :func:`element` only; plain strings are escaped."""

    __slots__ = ()


def element(tag: str, *children: str | None, **attributes: str | float | bool | None) -> Markup:
    """``<tag attributes>children</tag>``.

    Plain strings among the children are escaped, None is left out. A trailing underscore of an attribute is
    dropped (``class_``) and others become hyphens; True gives the bare attribute, None and False none.
    """
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if value is not None and value is not False:
            name = name.rstrip("_").replace("_", "-")
            parts.append(f" {name}" if value is True else f' {name}="{html.escape(clean(_text(value)))}"')
    if tag in VOID:
        return Markup("".join(parts) + ">")
    return Markup("".join(parts) + ">" + join(*children) + f"</{tag}>")


def join(*children: str | None, between: str = "") -> Markup:
    """Children one after the other, plain strings escaped."""
    return Markup(between.join(escape(child) for child in children if child is not None))


def escape(text: str) -> Markup:
    """Markup as it is; text with everything escaped that means something to a browser."""
    return text if isinstance(text, Markup) else Markup(html.escape(clean(text)))


def _text(value: str | float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
