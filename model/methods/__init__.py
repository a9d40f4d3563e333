"""Registry of methods: one record per method, in the file of its group.

Imports no torch, so that the command line can list the methods quickly.
"""

from model.methods.blind_spot import BLIND_SPOT
from model.methods.decomposition import DECOMPOSITION
from model.methods.networks import NETWORKS
from model.methods.statistical import STATISTICAL

GROUPS = {
    "Statistical and representation": STATISTICAL,
    "Decomposition": DECOMPOSITION,
    "Networks": {**BLIND_SPOT, **NETWORKS},
}
METHODS = {**BLIND_SPOT, **NETWORKS, **STATISTICAL, **DECOMPOSITION}


def group_of(method: str) -> str:
    """Return the title of the group of a method."""
    return next(title for title, methods in GROUPS.items() if method in methods)
