"""Rating vectors of every provider, worked out by hand, and the rules that they show."""
