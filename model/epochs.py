"""How many epochs a training has."""

AUTO = "auto"  # as many as it finds best by itself
