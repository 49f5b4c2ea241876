"""One folder a network, the words they share (base) and the list of them (registry)."""
