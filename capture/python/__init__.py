"""Python programs: an import hook that hands each bound value to a recorder, in a process of its own.

Only `capture.python.child` and what it loads runs inside the captured program; nothing here imports torch before the
program does.
"""
