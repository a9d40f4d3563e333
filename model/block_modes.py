"""Which kind of block stands where in a branch with attention."""

BLOCK_KINDS = ("na", "ss")  # no attention, self-similarity attention


def default_mode(depth: int) -> tuple[str, ...]:
    """The block kinds of NL2Net's non-local branch of `depth` blocks: the last two are `ss`."""
    return ("na",) * (depth - 2) + ("ss",) * min(depth, 2)


def last_third_attends(depth: int) -> tuple[str, ...]:
    """The block kinds of SS-BSN: the last third, rounded down but at least one, is `ss`."""
    attending = max(1, depth // 3)
    return ("na",) * (depth - attending) + ("ss",) * attending
