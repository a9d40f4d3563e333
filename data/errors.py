"""The error of a scene that cannot be used."""

from utils.errors import InputError
from utils.text import printable


class SceneError(InputError):
    """A scene cannot be found, read or used."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
