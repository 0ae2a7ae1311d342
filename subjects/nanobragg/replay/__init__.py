"""Replays: the port's own steps evaluated on the inputs that a trace states, with what rounding may do there."""
