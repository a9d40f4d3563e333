"""The error of a scene that cannot be used."""

from utils.errors import InputError


class SceneError(InputError):
    """A scene cannot be found, read or used."""
