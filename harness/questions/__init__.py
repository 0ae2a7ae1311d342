"""What a person asks of a pair: is it the same, where does it differ, why, on which device, how small."""
