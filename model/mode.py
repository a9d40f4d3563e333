"""Which kind of block stands where in the non-local branch."""

BLOCK_KINDS = ("na", "ss")  # no attention, self-similarity attention


def default_mode(depth: int) -> tuple[str, ...]:
    """The block kinds of a branch of `depth` blocks: the last two are `ss`."""
    return ("na",) * (depth - 2) + ("ss",) * min(depth, 2)
