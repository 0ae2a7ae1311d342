"""The comparison of traces as other packages call it."""

from compare.engine import compare_traces as compare_logs

__all__ = ["compare_logs"]
