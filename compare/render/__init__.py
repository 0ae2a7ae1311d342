"""Renderers of one result object; each module has ``render(result) -> str``."""
