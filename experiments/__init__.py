"""Tables of methods, scenes and seeds, and receptive fields of networks."""
