"""Sort the names of single bands, of files or variables, as people number them: B2 before B10."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.metadata import UNITS

FEWEST = 3  # names that differ in a number only, and so are bands
# 10, 450.5, and 8A, which comes after 8
NUMBER = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z](?![A-Za-z]))?")
UNIT = re.compile(r"[\s_\-]*([A-Za-zµμ]+)")
# the last word before a number that is a wavelength, in nm unless there is a unit
WAVELENGTH_WORDS = (
    *("wavelength", "wl", "wvl", "lambda", "rho", "rhos", "rhot", "rrs", "refl"),
    *("reflectance", "radiance", "rad", "w", "r", "l"),
)
SHORTEST = 300  # nm, of wavelengths that are declared by such a word only

Number = tuple[float, str]


@dataclass(frozen=True, kw_only=True)
class Bands:
    """The sorted names of bands, and their numbers.

    `pattern` is the part that the names share, with * for numbers. `units` are those of the numbers
    where these are wavelengths; empty where they only count.
    """

    pattern: str
    names: tuple[str, ...]
    numbers: tuple[Number, ...]
    units: str

    @property
    def missing(self) -> list[int]:
        """The whole numbers that are left out between the first and the last."""
        whole = {int(number) for number, _ in self.numbers}
        if self.units or len(whole) < 2:
            return []
        return [number for number in range(min(whole), max(whole)) if number not in whole]


def find_bands(names: Sequence[str]) -> list[Bands]:
    """Find groups of names that differ in one number only, or in several that sort them alike."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(NUMBER.sub("*", name).lower(), []).append(name)
    found = (sorted_bands(members) for pattern, members in groups.items() if len(members) >= FEWEST)
    return [bands for bands in found if bands is not None]


def sorted_bands(names: Sequence[str]) -> Bands | None:
    """Sort names of one pattern; None where their numbers do not determine one order."""
    numbers = {name: numbers_in(name) for name in names}
    columns = zip(*numbers.values(), strict=True)  # the numbers at one place of all names
    varying = [place for place, column in enumerate(columns) if len(set(column)) > 1]
    orders = [order_at(numbers, place) for place in varying]
    order = orders[0] if orders else None
    if order is None or any(other not in (order, order[::-1]) for other in orders):
        return None
    units = [units_at(names[0], place) for place in varying]
    place, unit = next(
        ((place, unit) for place, unit in zip(varying, units, strict=True) if unit),
        (varying[0], ""),
    )
    values = tuple(numbers[name][place] for name in order)
    if unit == "nm?":
        unit = "nm" if min(values)[0] >= SHORTEST and not is_counting(values) else ""
    return Bands(
        pattern=pattern_of(names[0], varying), names=tuple(order), numbers=values, units=unit
    )


def order_at(numbers: Mapping[str, Sequence[Number]], place: int) -> list[str] | None:
    """Sort names by their numbers at a place; None where two have the same."""
    if len({found[place] for found in numbers.values()}) < len(numbers):
        return None
    return sorted(numbers, key=lambda name: numbers[name][place])


def numbers_in(name: str) -> list[Number]:
    """List the numbers in a name, each with the letter that may follow it."""
    return [(float(number), letter.upper()) for number, letter in NUMBER.findall(name)]


def pattern_of(name: str, varying: Sequence[int]) -> str:
    """Return a name with * for the numbers that vary."""
    parts, end = [], 0
    for place, match in enumerate(NUMBER.finditer(name)):
        parts += [name[end : match.start()], "*" if place in varying else match[0]]
        end = match.end()
    return "".join([*parts, name[end:]])


def units_at(name: str, place: int) -> str:
    """Return the unit after a number; "nm?" after a word for wavelengths; empty for neither."""
    match = list(NUMBER.finditer(name))[place]
    after = UNIT.match(name, match.end())
    if after and after[1].lower() in UNITS:
        return after[1].lower()
    words = re.findall(r"[a-z]+", name[: match.start()].lower())
    return "nm?" if words and words[-1] in WAVELENGTH_WORDS else ""


def is_counting(numbers: Sequence[Number]) -> bool:
    """Return True for numbers of which each is the one before plus one."""
    values = [number for number, _ in numbers]
    return all(after == before + 1 for before, after in zip(values, values[1:], strict=False))
