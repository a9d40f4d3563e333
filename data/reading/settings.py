"""What of a scene's file is read, and how: the options of the command line."""

from dataclasses import dataclass, fields
from typing import Any

NO_MAP = "none"


@dataclass(frozen=True)
class Reading:
    """What of a file is read, and how, where the file leaves that open.

    `data_key` and `map_key` name the variables of the cube and the truth; `map` is a file with the
    truth, or "none". `axes` says which axis of the cube is which, as in "bhw"; `bands` selects, as
    in "10-50,60-". With `nan` "mask", pixels with NaN in some bands are left out, with "refuse" the
    scene is. `nodata` is the value for no data, where the file does not tell it.
    """

    data_key: str | None = None
    map_key: str | None = None
    map: str | None = None
    axes: str | None = None
    bands: str | None = None
    nan: str = "refuse"
    nodata: float | None = None

    @property
    def off_default(self) -> dict[str, Any]:
        """What is settled, by the names of the options."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }


AS_IT_IS = Reading()
