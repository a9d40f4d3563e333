"""Find the weights of a network in the checkpoints of other programs.

They may be an entry of a dict, next to the epoch and the optimiser, and their names may begin with
those of modules around the network, such as `module.` of nn.DataParallel.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from training.checkpoints.pickle_values import Unbuilt
from utils.text import printable

LONGEST = 80  # letters of a name in a note
DEPTH = 2  # of the entries in which weights are looked for
# modules that run another one: of nn.DataParallel and DistributedDataParallel, torch.compile, FSDP,
# activation checkpoints, Lightning Fabric and DeepSpeed
AROUND = {
    *("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"),
    "_forward_module",
}
# the inner network of AP-BSN and SS-BSN: without it, another method's weights would fit
OWN = "bsn"


@dataclass(frozen=True)
class Found:
    """A state dict in a checkpoint, its place there, and the prefixes that its names had."""

    weights: Mapping[Any, Any]
    place: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    omitted: int = 0  # entries of other modules

    @property
    def note(self) -> str:
        """A description of what is taken from a checkpoint; empty for a plain state dict."""
        parts = [f"of '{shown('.'.join(self.place))}'"] if self.place else []
        if self.prefixes:
            listed = " and ".join(f"'{shown(prefix)}'" for prefix in self.prefixes)
            parts.append(f"without the prefix {listed}")
        if self.omitted:
            parts.append(f"other entries omitted: {self.omitted}")
        return ", ".join(parts)


def shown(name: str) -> str:
    """Return a name of a checkpoint for a note."""
    return printable(name[:LONGEST])


def unwrap(checkpoint: Any, names: Collection[str]) -> Found:
    """Find the state dict of a network whose parameters have these names.

    Where there is none, a checkpoint is returned as it is. Raises ValueError where there are
    several.
    """
    first = next(iter(names))
    found = [
        inner
        for place, weights in state_dicts(checkpoint)
        for inner in without_prefixes(without_wrappers(Found(weights, place)), first)
    ]
    fitting = [one for one in found if first in one.weights]
    exact = [one for one in fitting if one.weights.keys() == set(names)]
    chosen = exact or fitting or found
    if len(chosen) > 1:
        notes = "; ".join(one.note for one in chosen[:3])
        raise ValueError(
            f"it holds {len(chosen)} state dicts ({notes}): save the one to use alone, "
            f"with torch.save(network.state_dict(), file)"
        )
    return chosen[0] if chosen else Found(checkpoint)


def state_dicts(
    checkpoint: Any, place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the dicts of tensors in a checkpoint, each with its place."""
    if not isinstance(checkpoint, dict):
        return
    if is_state_dict(checkpoint):
        yield place, checkpoint
    elif len(place) < DEPTH:
        entries = {id(value): (key, value) for key, value in checkpoint.items()}  # each once
        for key, value in entries.values():
            if isinstance(key, str):
                yield from state_dicts(value, (*place, key))


def is_state_dict(values: Mapping[Any, Any]) -> bool:
    """Return whether a dict has names and tensors only, some of them perhaps of unusual kinds."""
    return (
        all(isinstance(name, str) for name in values)
        and all(isinstance(value, (Tensor, Unbuilt)) for value in values.values())
        and any(isinstance(value, Tensor) for value in values.values())
    )


def without_wrappers(found: Found) -> Found:
    """Remove the names of modules that run another one from all names.

    Where the whole network is in such a module, entries outside it are omitted, such as the counter
    of AveragedModel.
    """
    whole = [name for name in found.weights if name.partition(".")[0] in AROUND]
    inner, removed = {}, dict[str, None]()
    for name in whole or found.weights:
        parts = name.split(".")
        removed |= {f"{part}.": None for part in parts if part in AROUND}
        inner[".".join(part for part in parts if part not in AROUND)] = found.weights[name]
    if len(inner) < len(whole or found.weights):  # two names became one
        return found
    omitted = len(found.weights) - len(inner)
    return replace(found, weights=inner, prefixes=tuple(removed), omitted=omitted)


def without_prefixes(found: Found, first: str) -> list[Found]:
    """Find the modules with a parameter of the name `first`; the dict itself if it has it."""
    prefixes = [
        name.removesuffix(first)
        for name in found.weights
        if name.endswith(f".{first}") and OWN not in name.removesuffix(first).split(".")
    ]
    if first in found.weights or not prefixes:
        return [found]
    return [within(found, prefix) for prefix in prefixes]


def within(found: Found, prefix: str) -> Found:
    """Return the parameters of the module whose names begin with a prefix."""
    inner = {
        name.removeprefix(prefix): value
        for name, value in found.weights.items()
        if name.startswith(prefix)
    }
    omitted = len(found.weights) - len(inner)
    return replace(
        found, weights=inner, prefixes=(*found.prefixes, prefix), omitted=found.omitted + omitted
    )
