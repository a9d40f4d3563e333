"""Tables of methods, scenes and seeds, and what a prediction leaves behind."""
