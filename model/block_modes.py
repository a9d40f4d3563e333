"""Default kinds of the blocks of a branch with attention."""

BLOCK_KINDS = ("na", "ss")  # no attention, self-similarity attention


def default_mode(depth: int) -> tuple[str, ...]:
    """Return the block kinds of NL2Net's non-local branch: the last two are `ss`."""
    return ("na",) * (depth - 2) + ("ss",) * min(depth, 2)


def last_third_attends(depth: int) -> tuple[str, ...]:
    """Return the block kinds of SS-BSN: the last third, rounded down, at least one, is `ss`."""
    attending = max(1, depth // 3)
    return ("na",) * (depth - attending) + ("ss",) * attending
