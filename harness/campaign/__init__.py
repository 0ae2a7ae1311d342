"""Campaigns: many cases x modes x devices x dtypes x seeds, on one machine or many, and where they diverge."""
