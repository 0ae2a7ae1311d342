"""From two logs to a verdict: what is measured, allowed, waived, found and explained."""
