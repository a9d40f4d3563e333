"""From a table's declaration, a TOML file, to its rows, scenes and seeds."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.published import published_methods
from experiments.layouts import LAYOUTS
from model.methods import METHODS, Method
from options.parse import method_options_of, of_methods, without_shorthands
from utils.errors import InputError, as_input_error

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = Path(__file__).with_name("tables")
KEYS = ("title", "show", "scenes", "seeds", "published", "options", "methods")


@dataclass(frozen=True)
class Row:
    """A method with its options, all but the seed, and what the table calls it."""

    label: str
    method: str
    options: Mapping[str, Any]

    @property
    def has_seed(self) -> bool:
        """Whether the method draws random numbers."""
        return "seed" in METHODS[self.method].options


@dataclass(frozen=True)
class Table:
    """What a table shows. `scenes` None means all there are, `published` None all methods."""

    name: str
    title: str
    show: str
    scenes: list[str] | None
    seeds: list[int]
    published: list[str] | None
    rows: list[Row]
    eval_freq: int


def read_table(name: str, *, given: Mapping[str, Any]) -> Table:
    """Read a table of the project by its name, or one's own by its path.

    `given` are the options of the command line, which go before those of the file: `method` alone
    is shown, `dataset` are the scenes, `seed` is the seed, others reach all rows that have them.
    Raises InputError that names the file and the place for anything that cannot be used.
    """
    path = table_file(name)
    with as_input_error(f"table '{path}'"):
        declared = read_declaration(path)
        return Table(
            name=path.stem,
            title=" ".join(declared.get("title", path.stem).split()),
            show=declared["show"],
            scenes=given.get("dataset") or chosen(declared, "scenes"),
            seeds=[given["seed"]] if "seed" in given else declared.get("seeds", [1]),
            published=known_methods(chosen(declared, "published", default=[])),
            rows=rows_of(declared, given),
            eval_freq=given.get("eval_freq", declared.get("options", {}).get("eval_freq", 0)),
        )


def table_file(name: str) -> Path:
    """Find the file of a table: one's own where it has an ending or a folder."""
    own = Path(name)
    path = own if own.suffix == ".toml" or own.name != name else TABLES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(table.stem for table in TABLES.glob("*.toml")))
        raise InputError(f"--table {name}: there is no file '{path}' (tables here: {known})")
    return path


def read_declaration(path: Path) -> dict[str, Any]:
    """Read the file; raise ValueError unless its keys and their types are those of a table."""
    declared = tomllib.loads(path.read_text(encoding="utf-8"))
    for key in declared:
        if key not in KEYS:
            raise ValueError(f"'{key}' is none of {', '.join(KEYS)}")
    if declared.get("show") not in LAYOUTS:
        raise ValueError(f"show is {declared.get('show')!r}, not one of {', '.join(LAYOUTS)}")
    if not isinstance(declared.get("title", ""), str):
        raise ValueError(f"title is {declared['title']!r}, not a text")
    check_seeds(declared.get("seeds", [1]))
    methods = declared.get("methods")
    if not is_list_of(dict, methods) or not methods:
        raise ValueError("there is no [[methods]] block")
    check_shared(declared.get("options", {}))
    return declared


def check_seeds(seeds: Any) -> None:
    """Raise ValueError unless these are one or more seeds, each of them once."""
    if not is_list_of(int, seeds) or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds is {seeds!r}, not a list of whole numbers, each once")
    for seed in seeds:
        method_options_of({"method": "nl2net", "seed": seed})  # raises for one that is none


def check_shared(options: object) -> None:
    """Raise ValueError unless these are options that some method has, or `eval_freq`."""
    if not isinstance(options, dict):
        raise ValueError("options is no [options] block")
    known = sorted(of_methods() - {"seed"} | {"eval_freq"})
    for option in options:
        if option not in known:
            raise ValueError(f"[options] has '{option}', which is none of {', '.join(known)}")
    frequency = options.get("eval_freq", 0)
    if not isinstance(frequency, int) or frequency < 0:
        raise ValueError(f"eval_freq is {frequency!r}, not a whole number from 0")


def is_list_of(type_: type, value: object) -> bool:
    """Whether this is a list of such elements."""
    return isinstance(value, list) and all(isinstance(element, type_) for element in value)


def chosen(declared: Mapping[str, Any], key: str, *, default: Any = "all") -> list[str] | None:
    """A list of names, or None for all; raise ValueError for anything else."""
    value = declared.get(key, default)
    if value == "all":
        return None
    if not is_list_of(str, value) or (key == "scenes" and not value):
        raise ValueError(f'{key} is {value!r}, neither "all" nor a list of names')
    return value


def rows_of(declared: Mapping[str, Any], given: Mapping[str, Any]) -> list[Row]:
    """The rows that are shown; raise ValueError where two would be the same."""
    blocks = declared["methods"]
    if "method" in given:
        wanted = given["method"]
        blocks = [block for block in blocks if block.get("method") == wanted]
        blocks = blocks or [{"method": wanted}]
    methods = [method_of(block) for block in blocks]
    for option in given:
        if option in of_methods() and not any(method.has(option) for method in methods):
            raise ValueError(f"none of its methods has --{option}")
    rows = [row_of(block, declared.get("options", {}), given) for block in blocks]
    if LAYOUTS[declared["show"]].of_one_method and len(rows) > 1:
        raise ValueError(
            f"show is {declared['show']!r}, a table of one method, not of {len(rows)}: "
            f"name it with --method"
        )
    for row in rows:
        same = [other for other in rows if other.label == row.label]
        if len(same) > 1:
            raise ValueError(f"{len(same)} rows are called '{row.label}'; give them a label each")
        same = [
            other for other in rows if (other.method, other.options) == (row.method, row.options)
        ]
        if len(same) > 1:
            raise ValueError(
                f"the rows '{same[0].label}' and '{same[1].label}' have the same options"
            )
    return rows


def method_of(block: Mapping[str, Any]) -> Method:
    """The method of a row; raise ValueError where there is no such method."""
    name = block.get("method")
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(f"method is {name!r}, not one of {', '.join(METHODS)}")
    return METHODS[name]


def row_of(block: Mapping[str, Any], shared: Mapping[str, Any], given: Mapping[str, Any]) -> Row:
    """Complete a row's options: shared ones, its own, then those of the command line."""
    own = dict(block)
    name = own.pop("method")
    method = METHODS[name]
    label = " ".join(str(own.pop("label", method.title)).split())
    settings = applicable(shared, method)
    for option in own:
        if not method.has(option) or option == "seed":
            raise ValueError(
                f"method {name} has no '{option}' here (it has: label, "
                f"{', '.join(o for o in method.options if o != 'seed')})"
            )
    settings |= without_shorthands(own)
    settings |= applicable(given, method)
    base, options = method_options_of({"method": name, **settings})
    return Row(
        label, base, {option: value for option, value in options.items() if option != "seed"}
    )


def applicable(settings: Mapping[str, Any], method: Method) -> dict[str, Any]:
    """Those of the settings that the method leaves open."""
    meant = without_shorthands({o: value for o, value in settings.items() if method.has(o)})
    fixed = without_shorthands(method.fixed)
    return {option: value for option, value in meant.items() if option not in fixed}


def known_methods(names: list[str] | None) -> list[str] | None:
    """The names; raise ValueError for one of which nothing is printed elsewhere."""
    for name in names or []:
        if name not in published_methods():
            raise ValueError(f"published: nothing of '{name}' ({', '.join(published_methods())})")
    return names


def seeds_of(table: Table, row: Row) -> Sequence[int | None]:
    """The seeds that a row is computed with; None for a method that draws nothing."""
    return table.seeds if row.has_seed else [None]
