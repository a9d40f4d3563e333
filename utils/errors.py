"""The one error that is the user's to put right."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: the culprit, its value, the way out. The command line prints it and
    exits with 2.
    """
