"""The progress of a long detector: a function that is called with the share done."""


def no_progress(share: float) -> None:
    """Report nothing."""
