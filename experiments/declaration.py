"""Read a table's declaration, a TOML file: its rows, scenes and seeds."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from data.known_scenes.catalogue import canonical_name
from data.published import published_methods
from experiments.layouts import LAYOUTS
from experiments.sweep import (
    methods_of,
    sweep_name,
    sweep_title,
    swept_options,
    variant_label,
    variants,
)
from model.methods import METHODS
from model.methods.method import Method
from options.applicable import method_option_names
from options.flags import DEFAULTS
from options.parse import expand_shorthands, resolve
from options.several import several
from utils.errors import InputError, as_input_error
from utils.text import did_you_mean, printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = Path(__file__).with_name("tables")
SWEEP = "auc"  # the layout of a sweep
KEYS = ("title", "show", "grouped", "scenes", "seeds", "published", "options", "methods")


@dataclass(frozen=True)
class Row:
    """A row: a method with its options except the seed, and its label.

    A row with settings `per_scene`, by the canonical names of scenes, is computed on these only;
    they may name a `seed` each, which replaces those of the table. `swept` are the options whose
    several values make the rows of one method, called `name`.
    """

    label: str
    method: str
    options: Mapping[str, Any]
    seed: int | None = None
    per_scene: Mapping[str, "Row"] = field(default_factory=dict)
    name: str = ""
    swept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_seed(self) -> bool:
        """True for a method that draws random numbers."""
        return "seed" in METHODS[self.method].options

    def on(self, scene: str) -> "Row | None":
        """Return the row as it is on a scene; None where it has settings of other scenes only."""
        return self.per_scene.get(canonical_name(scene)) if self.per_scene else self


@dataclass(frozen=True)
class Table:
    """A declared table. `scenes` None stands for all available, `published` None for all methods.

    `show` is the name of its layout; in a `grouped` one, rows stand below the titles of the groups
    of their methods.
    """

    name: str
    title: str
    show: str
    scenes: list[str] | None
    seeds: list[int]
    published: list[str] | None
    rows: list[Row]
    eval_freq: int
    grouped: bool = False


def read_table(name: str, *, given: Mapping[str, Any]) -> Table:
    """Read a bundled table by its name, or any other by its path.

    `given` are the options of the command line, which take precedence over those of the file:
    `method` selects rows, `dataset` the scenes, `seed` the seeds, others apply to all rows that
    have them; each row stands once for each of several values. Raises InputError that names the
    file and the key for anything that cannot be used.
    """
    path = table_file(name)
    with as_input_error(f"table '{path}'"):
        declared = read_declaration(path)
        return Table(
            name=sweep_name(path.stem, swept_options(given)),
            title=one_line(declared.get("title", path.stem)),
            show=declared["show"],
            scenes=given.get("dataset") or names_or_all(declared, "scenes"),
            seeds=seeds_given(given) or declared.get("seeds", [1]),
            published=check_published(names_or_all(declared, "published", default=[])),
            rows=read_rows(declared, given),
            eval_freq=given.get("eval_freq", declared.get("options", {}).get("eval_freq", 0)),
            grouped=declared.get("grouped", False),
        )


def sweep_table(given: Mapping[str, Any]) -> Table:
    """Make the table of the methods and options that the command line gives several values of.

    Published AUCs are listed below a mere comparison of methods.
    """
    methods = methods_of(given, default=DEFAULTS["method"])
    with as_input_error("the table of these options"):
        rows = read_rows({"show": SWEEP, "methods": [{"method": name} for name in methods]}, given)
    titles = [METHODS[name].title for name in methods]
    return Table(
        name=sweep_name(f"sweep_{'-'.join(methods)}", given),
        title=sweep_title(methods, given),
        show=SWEEP,
        scenes=given.get("dataset"),
        seeds=seeds_given(given) or [1],
        published=[] if swept_options(given) else [t for t in titles if t in published_methods()],
        rows=rows,
        eval_freq=given.get("eval_freq", 0),
    )


def seeds_given(given: Mapping[str, Any]) -> list[int]:
    """List the seeds of the command line; empty for none."""
    seed = given.get("seed", [])
    return seed if isinstance(seed, list) else [seed]


def table_file(name: str) -> Path:
    """Find the file of a table: a path if it has an ending or a folder, or a name."""
    given = Path(name)
    path = given if given.suffix == ".toml" or given.name != name else TABLES / f"{name}.toml"
    if not path.is_file():
        known = sorted(table.stem for table in TABLES.glob("*.toml"))
        hint = did_you_mean(path.stem, known, before="; ")
        raise InputError(
            f"--table {name}: there is no file '{path}' (tables here: {', '.join(known)}){hint}"
        )
    return path


def read_declaration(path: Path) -> dict[str, Any]:
    """Read the file; raise ValueError for keys and types that a table does not have."""
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("its lists are nested too deeply") from error
    for key in declared:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS, before="; ")
            raise ValueError(f"'{key}' is none of {', '.join(KEYS)}{hint}")
    if declared.get("show") not in LAYOUTS:
        raise ValueError(f"show is {declared.get('show')!r}, not one of {', '.join(LAYOUTS)}")
    if not isinstance(declared.get("title", ""), str):
        raise ValueError(f"title is {declared['title']!r}, not a text")
    if not isinstance(declared.get("grouped", False), bool):
        raise ValueError(f"grouped is {declared['grouped']!r}, neither true nor false")
    check_seeds(declared.get("seeds", [1]))
    methods = declared.get("methods")
    if not is_list_of(dict, methods) or not methods:
        raise ValueError("there is no [[methods]] block")
    check_shared(declared.get("options", {}))
    return declared


def check_seeds(seeds: Any) -> None:
    """Raise ValueError unless these are one or more different seeds."""
    if not is_list_of(int, seeds) or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds is {seeds!r}, not a list of whole numbers, each once")
    for seed in seeds:
        resolve({"method": "nl2net", "seed": seed})  # raises for an invalid one


def check_shared(options: object) -> None:
    """Raise ValueError unless these are options of a method, or `eval_freq`."""
    if not isinstance(options, dict):
        raise ValueError("options is no [options] block")
    known = sorted(method_option_names() - {"seed"} | {"eval_freq"})
    for option in options:
        if option not in known:
            hint = did_you_mean(option, known, before="; ")
            raise ValueError(f"[options] has '{option}', which is none of {', '.join(known)}{hint}")
    frequency = options.get("eval_freq", 0)
    if not isinstance(frequency, int) or frequency < 0:
        raise ValueError(f"eval_freq is {frequency!r}, not a whole number from 0")


def is_list_of(type_: type, value: object) -> bool:
    """Check that a value is a list of elements of a type."""
    return isinstance(value, list) and all(isinstance(element, type_) for element in value)


def names_or_all(
    declared: Mapping[str, Any], key: str, *, default: Any = "all"
) -> list[str] | None:
    """Read a list of names, or None for all; raise ValueError for anything else."""
    value = declared.get(key, default)
    if value == "all":
        return None
    if not is_list_of(str, value) or (key == "scenes" and not value):
        raise ValueError(f'{key} is {value!r}, neither "all" nor a list of names')
    return value


def read_rows(declared: Mapping[str, Any], given: Mapping[str, Any]) -> list[Row]:
    """Read the selected rows; raise ValueError where two are the same."""
    blocks = declared["methods"]
    if "method" in given:
        wanted = methods_of(given, default="")
        selected = [block for block in blocks if block.get("method") in wanted]
        missing = {*wanted} - {block["method"] for block in selected}
        blocks = [*selected, *({"method": name} for name in wanted if name in missing)]
    methods = [find_method(block) for block in blocks]
    for option in given:
        if option in method_option_names() and not any(method.has(option) for method in methods):
            raise ValueError(f"none of its methods has --{option}")
    for option in swept_options(given):
        if not any(option in variants(method, given)[0] for method in methods):
            raise ValueError(f"none of its methods has --{option} to be changed")
    rows = [
        row
        for block in blocks
        for row in read_variants(block, declared.get("options", {}), given, alone=len(blocks) == 1)
    ]
    if LAYOUTS[declared["show"]].of_one_method and len(rows) > 1:
        raise ValueError(
            f"show is {declared['show']!r}, a table of one method, not of {len(rows)}: "
            f"name it with --method"
        )
    check_distinct(rows)
    return rows


def check_distinct(rows: Sequence[Row]) -> None:
    """Raise ValueError for rows of the same label, or of the same method and options."""
    for label, count in Counter(row.label for row in rows).items():
        if count > 1:
            raise ValueError(f"{count} rows are called '{label}'; give them a label each")
    for one, other in combinations(rows, 2):
        if replace(one, label=other.label, name=other.name, swept=other.swept) == other:
            raise ValueError(f"the rows '{one.label}' and '{other.label}' have the same options")


def find_method(block: Mapping[str, Any]) -> Method:
    """Look up the method of a row; raise ValueError where there is none."""
    name = block.get("method")
    if not isinstance(name, str) or name not in METHODS:
        hint = did_you_mean(str(name), METHODS, before="; ")
        raise ValueError(f"method is {name!r}, not one of {', '.join(METHODS)}{hint}")
    return METHODS[name]


def read_variants(
    block: Mapping[str, Any], shared: Mapping[str, Any], given: Mapping[str, Any], *, alone: bool
) -> list[Row]:
    """Read the rows of a block, one for each combination of several values of its options.

    Those of a method `alone` are labelled by the values only.
    """
    first = {name: values[0] for name, values in several(given).items()}
    rows = []
    for variant in variants(METHODS[block["method"]], given):
        row = read_row(block, shared, {**given, **first, **variant})
        label = variant_label(row.label, variant, alone=alone)
        rows.append(replace(row, label=label, name=row.label, swept=variant))
    return rows


def read_row(block: Mapping[str, Any], shared: Mapping[str, Any], given: Mapping[str, Any]) -> Row:
    """Read a row; its settings per scene are on top of its own."""
    own = dict(block)
    scenes = own.pop("scenes", {})
    if not isinstance(scenes, dict) or not is_list_of(dict, list(scenes.values())):
        raise ValueError(f"scenes of method {own['method']} is {scenes!r}, not a block per scene")
    per_scene = {}
    for scene, there in scenes.items():
        settings = dict(there)
        seed = settings.pop("seed", None)
        for key in {"method", "label"} & settings.keys():
            raise ValueError(f"scenes.{scene} of method {own['method']} has '{key}', no option")
        per_scene[canonical_name(scene)] = read_settings(own | settings, shared, given, seed=seed)
    return replace(read_settings(own, shared, given), per_scene=per_scene)


def read_settings(
    block: Mapping[str, Any],
    shared: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    seed: object = None,
) -> Row:
    """Complete the options of a row: shared, own, then those of the command line.

    A `seed` of its own gives way to one of the command line.
    """
    own = dict(block)
    name = own.pop("method")
    method = METHODS[name]
    label = one_line(own.pop("label", method.title))
    if not label:
        raise ValueError(f"the label of a row of method {name} is empty")
    settings = {} if seed is None else {"seed": seed}
    settings |= applicable(shared, method)
    for option in own:
        if not method.has(option) or option == "seed":
            known = ["label", "scenes", *(one for one in method.options if one != "seed")]
            hint = did_you_mean(option, known, before="; ")
            raise ValueError(
                f"method {name} has no '{option}' here (it has: {', '.join(known)}){hint}"
            )
    settings |= expand_shorthands(own)
    settings |= applicable(given, method)
    base, options = resolve({"method": name, **settings})
    drawn = options.pop("seed", None)
    return Row(label, base, options, drawn if seed is not None and "seed" not in given else None)


def one_line(text: object) -> str:
    """Return the text of a title or a label in one line, with single spaces."""
    return printable(" ".join(str(text).split()))


def applicable(settings: Mapping[str, Any], method: Method) -> dict[str, Any]:
    """Select the settings that the method has and does not fix."""
    meant = expand_shorthands({o: value for o, value in settings.items() if method.has(o)})
    fixed = expand_shorthands(method.fixed)
    return {option: value for option, value in meant.items() if option not in fixed}


def check_published(names: list[str] | None) -> list[str] | None:
    """Return the names; raise ValueError for one without published AUCs."""
    for name in names or []:
        if name not in published_methods():
            raise ValueError(
                f"published: no AUC of '{name}' (available: {', '.join(published_methods())})"
            )
    return names


def seeds_of(table: Table, row: Row) -> Sequence[int | None]:
    """Return the seeds of a row; None for a method that draws no random numbers."""
    if row.seed is not None:
        return [row.seed]
    return table.seeds if row.has_seed else [None]
