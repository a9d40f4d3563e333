"""Blind-spot networks: NL2Net, its ablations and its siblings."""

from dataclasses import replace

from model.block_modes import last_third_attends
from model.methods.method import ATTENTION, BLOCKS, BY_PRESET, RECIPE, Method

NL2NET = Method(
    "NL2Net",
    "both branches",
    builder="model.networks.nl2net:NL2Net",
    options=BLOCKS + ATTENTION,
    paper="Wang, Ren, Sun, Gao and Chanussot, IEEE JSTARS 18, 2025, "
    "DOI 10.1109/JSTARS.2025.3542457",
    blind_to="the pixel, by masks of 3×3 pixels",
    trainer=BY_PRESET,
)
APBSN = Method(
    "AP-BSN",
    "asymmetric PD, dilated blocks",
    builder="model.networks.apbsn:APBSN",
    options=(*BLOCKS, "refinement"),
    paper="Lee, Son and Lee, CVPR 2022",
    blind_to="the pixel",
    trainer=BY_PRESET,
    defaults={"epochs": 3000, "factor_train": 5, "nch_ker": 128, "nblk": 9},
)

BLIND_SPOT = {
    "nl2net": NL2NET,
    "lfeb": replace(
        NL2NET,
        title="LFEB",
        about="NL2Net's local branch alone",
        options=BLOCKS,
        arguments={"non_local": False},
    ),
    "nlfeb": replace(
        NL2NET,
        title="NLFEB",
        about="NL2Net's non-local branch alone",
        arguments={"local": False},
    ),
    "pixel_mask": replace(
        NL2NET,
        title="NL2Net-pixel-mask",
        about="NL2Net that hides the centre pixel instead of the centre block",
        arguments={"mask": "pixel"},
        blind_to="the pixel",
    ),
    "no_pd": replace(
        NL2NET, about="NL2Net with --factor 1", variant_of="nl2net", fixed={"factor": 1}
    ),
    "no_attention": replace(
        NL2NET, about="NL2Net with --mode na", variant_of="nl2net", fixed={"mode": ("na",)}
    ),
    "apbsn": APBSN,
    "ssbsn": replace(
        APBSN,
        title="SS-BSN",
        about="AP-BSN with self-similarity attention",
        builder="model.networks.apbsn:SSBSN",
        options=(*BLOCKS, *ATTENTION, "refinement"),
        paper="Han and Yu, IJCAI 2023",
        mode=last_third_attends,
    ),
    "pdbsnet": Method(
        "PDBSNet",
        "PD, dilated blocks",
        builder="model.networks.pdbsnet:PDBSNet",
        options=BLOCKS,
        paper="Wang et al., IEEE TGRS 61, 2023",
        blind_to="the pixel",
        trainer=BY_PRESET,
        defaults={"epochs": 3000, "factor_train": 3, "factor_test": 3},
    ),
    "bocknet": Method(
        "BockNet",
        "U-nets that look past a guard window",
        builder="model.networks.bocknet:BockNet",
        options=(*RECIPE, "nch_ker", "blindspot"),
        paper="Wang et al., IEEE TGRS 61, 2023, DOI 10.1109/TGRS.2023.3335484",
        blind_to="the guard window around the pixel",
        trainer=BY_PRESET,
        defaults={"epochs": 3000},
    ),
    "punnet": Method(
        "PUNNet",
        "PD, U-net on patches",
        builder="model.networks.punnet:PUNNet",
        options=(*BLOCKS, "dilation"),
        paper="PUNNet, IEEE GRSL, 2024",
        blind_to="the pixel",
        trainer=BY_PRESET,
        leak="channel attention averages over the whole image, the pixel itself included",
        defaults={"epochs": 1500, "nch_ker": 128, "nblk": 4},
    ),
}
