"""Read the rows of a table's declaration."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from data.known_scenes.catalogue import canonical_name
from experiments.layouts import LAYOUTS
from experiments.sweep import methods_of, swept_options, variant_label, variants
from experiments.table import Row
from model.methods import METHODS
from model.methods.method import Method
from options.applicable import method_option_names
from options.parse import expand_shorthands, resolve
from options.several import several
from utils.text import did_you_mean, printable


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


def is_list_of(type_: type, value: object) -> bool:
    """Check that a value is a list of elements of a type."""
    return isinstance(value, list) and all(isinstance(element, type_) for element in value)
