"""From a TOML file to a table, and what is said where it cannot be used."""

from pathlib import Path
from typing import Any

import pytest

from experiments.declaration import TABLES, read_table
from experiments.layouts import LAYOUTS
from experiments.plan import plan_table
from experiments.table import CellKey, Table, seeds_of
from model.methods import METHODS
from options.parse import parse
from utils.errors import InputError

SHIPPED = sorted(path.stem for path in TABLES.glob("*.toml"))


@pytest.fixture(autouse=True)
def folder(workplace: Path) -> Path:
    """A working directory with a data folder."""
    return workplace


def table(text: str, *words: str) -> Table:
    """Read a table that is written so, with these words on the command line."""
    Path("own.toml").write_text(text, encoding="utf-8")
    _, given = parse(["--command", "reproduce", *words])
    return read_table("own.toml", given=given)


def complaint(text: str, *words: str) -> str:
    """What is said about a table that is written so: one line that names the file."""
    with pytest.raises(InputError) as error:
        table(text, *words)
    message = str(error.value)
    assert message.startswith("table 'own.toml': ") and "\n" not in message
    return message


def with_methods(*blocks: str, top: str = 'show = "auc"') -> str:
    """A table with these blocks of methods."""
    return "\n".join([top, *[f"[[methods]]\n{block}" for block in blocks]])


RX = 'method = "rx"'
NL2NET = 'method = "nl2net"'
SCORED = {"score": "paper", "largest_object": 0}


def test_a_table_needs_little(folder: Path) -> None:
    read = table(with_methods(RX))
    (row,) = read.rows
    assert (read.name, read.title, read.show, read.seeds) == ("own", "own", "auc", [1])
    assert read.scenes is None and read.published == [] and read.eval_freq == 0
    assert (row.label, row.method, row.options) == ("RX", "rx", {"ridge": 1e-6, **SCORED})
    assert not row.has_seed and seeds_of(read, row) == [None]


def test_title_and_labels_are_one_line_of_letters() -> None:
    escape = '"a \\u001b[2J\\n\\u202eb"'
    read = table(with_methods(f"{RX}\nlabel = {escape}", top=f'show = "auc"\ntitle = {escape}'))
    assert (read.title, read.rows[0].label) == ("a �[2J �b",) * 2
    assert "the label of a row of method rx is empty" in complaint(
        with_methods(f'{RX}\nlabel = " "')
    )


def test_all_that_a_table_may_say() -> None:
    text = """
        title = "A – B"
        show = "auc"
        scenes = ["b", "some/a.mat"]
        seeds = [3, 1]
        published = "all"
        [options]
        epochs = 7
        eval_freq = 2
        [[methods]]
        method = "nl2net"
        label = "wide"
        mode = ["na", "ss"]
        nblk = 2
        nch_ker = 8
        [[methods]]
        method = "rx"
    """
    read = table(text)
    assert (read.title, read.scenes, read.seeds) == ("A – B", ["b", "some/a.mat"], [3, 1])
    assert read.published is None and read.eval_freq == 2
    wide, rx = read.rows
    assert wide.label == "wide" and wide.has_seed and seeds_of(read, wide) == [3, 1]
    assert wide.options == {
        **{"epochs": 7, "learning_rate": 1e-4, "weight_decay": 1e-5, "lossm": "l1"},
        **{"average_every": 0, **SCORED},
        **{"factor_train": 2, "factor_test": 2},
        **{"nch_ker": 8, "nblk": 2, "mode": ("na", "ss"), "f_scale": 2, "ss_exp_factor": 1.0},
        **{"precision": "fp32", "preset": "paper", "tile": 0},
    }
    assert rx.options == {"ridge": 1e-6, **SCORED}  # it has no epochs


def test_what_is_typed_goes_before_the_row_before_all_rows_before_the_method() -> None:
    text = with_methods(
        f"{NL2NET}\nepochs = 20",
        'method = "lfeb"',
        'method = "autoad"\nlearning_rate = 0.5',
        top='show = "auc"\n[options]\nepochs = 10\nlearning_rate = 0.1',
    )
    options = [row.options for row in table(text).rows]
    assert [row["epochs"] for row in options] == [20, 10, 10]
    assert [row["learning_rate"] for row in options] == [0.1, 0.1, 0.5]
    assert [row["nch_ker"] for row in options] == [64, 64, 128]  # Auto-AD's own
    options = [row.options for row in table(text, "--epochs", "5", "--factor", "3").rows]
    assert [row["epochs"] for row in options] == [5, 5, 5]
    assert [row.get("factor_test") for row in options] == [3, 3, None]  # Auto-AD has none
    assert [row["learning_rate"] for row in options] == [0.1, 0.1, 0.5]


def test_scenes_seed_and_evaluations_can_be_typed() -> None:
    text = with_methods(NL2NET, top='show = "auc"\nscenes = ["a"]\nseeds = [1, 2]')
    read = table(text, "--dataset", "b", "c", "--seed", "7", "--eval_freq", "3")
    assert (read.scenes, read.seeds, read.eval_freq) == (["b", "c"], [7], 3)
    assert "seed" not in read.rows[0].options


def test_one_method_of_a_table_or_another_in_its_place() -> None:
    text = with_methods(RX, f"{NL2NET}\nepochs = 9", f'{NL2NET}\nlabel = "wide"\nnch_ker = 128')
    assert [row.label for row in table(text, "--method", "rx").rows] == ["RX"]
    first, second = table(text, "--method", "nl2net").rows
    assert (first.options["epochs"], second.label) == (9, "wide")
    (other,) = table(text, "--method", "lrx").rows
    assert other.options == {"inner_window": 7, "outer_window": 21, "ridge": 1e-6, **SCORED}


def test_methods_that_are_another_with_an_option_fixed() -> None:
    text = with_methods(
        'method = "no_pd"\nlabel = "no PD"',
        'method = "no_attention"\nlabel = "no attention"',
        NL2NET,
    )
    no_pd, no_attention, full = table(text, "--factor", "4", "--nblk", "3").rows
    assert {row.method for row in (no_pd, no_attention, full)} == {"nl2net"}
    assert [row.options["factor_train"] for row in (no_pd, no_attention, full)] == [1, 4, 4]
    assert no_attention.options["mode"] == ("na",) * 3
    assert no_pd.options["mode"] == full.options["mode"] == ("na", "ss", "ss")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_tables_of_the_project_can_be_read(name: str) -> None:
    read = read_table(name, given={})
    assert read.name == name and read.title != name
    assert (read.scenes is None) == (name != "printed")
    for row in read.rows:
        assert {*row.options, *(["seed"] if row.has_seed else [])} == {*METHODS[row.method].options}


def test_the_tables_for_papers_are_bundled() -> None:
    assert {"ablation", "comparison", "factor", "family", "measures", "runtime"} <= {*SHIPPED}
    comparison, everything = (
        {row.method for row in read_table(name, given={}).rows} for name in ("comparison", "all")
    )
    assert {"rx", "median", "lrx", "crd", "autoad", "nl2net"} < comparison < everything
    ablations = {"lfeb", "nlfeb", "pixel_mask", "no_pd", "no_attention"}
    assert everything == METHODS.keys() - ablations
    assert [row.options["factor_train"] for row in read_table("factor", given={}).rows] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_the_family_is_trained_for_its_own_epochs() -> None:
    read = read_table("family", given={})
    epochs = {row.method: row.options.get("epochs") for row in read.rows}
    others = {"apbsn": 3000, "ssbsn": 3000, "pdbsnet": 3000, "bocknet": 3000, "punnet": 1500}
    assert epochs == {"rx": None, "median": None, "nl2net": 5000, **others}
    assert read.published == ["RX", "PDBSNet", "PUNNet", "NL2Net"]
    assert set(read.published) <= {row.label for row in read.rows}


@pytest.mark.parametrize("name", ["nothing", "nothing.toml", "some/nothing", "../nothing.toml"])
def test_a_table_that_is_not_there(name: str) -> None:
    with pytest.raises(InputError) as error:
        read_table(name, given={})
    assert f"--table {name}: there is no file " in str(error.value)
    assert f"(tables here: {', '.join(SHIPPED)})" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("show = ", "Invalid value"),
        ('show = "auc"\nshow = "auc"', "Cannot overwrite a value"),
        ("", f"show is None, not one of {', '.join(LAYOUTS)}"),
        (with_methods(RX, top='show = "roc"'), "show is 'roc', not one of auc"),
        (with_methods(RX, top="show = 1"), "show is 1, not one of auc"),
        (with_methods(RX, top='show = "auc"\nscene = "all"'), "'scene' is none of title, show"),
        (with_methods(RX, top='show = "auc"\nscenes = "one"'), "scenes is 'one', neither \"all\""),
        (with_methods(RX, top='show = "auc"\nscenes = [1]'), "scenes is [1], neither"),
        (with_methods(RX, top='show = "auc"\nseeds = 3'), "seeds is 3, not a list of whole"),
        (with_methods(RX, top='show = "auc"\nseeds = []'), "seeds is [], not a list"),
        (with_methods(RX, top='show = "auc"\nseeds = [1.5]'), "seeds is [1.5], not a list"),
        (with_methods(RX, top='show = "auc"\npublished = "none"'), "published is 'none', neither"),
        ('show = "auc"', "there is no [[methods]] block"),
        ('show = "auc"\nmethods = []', "there is no [[methods]] block"),
        ('show = "auc"\nmethods = ["rx"]', "there is no [[methods]] block"),
        ('show = "auc"\n[methods]\nmethod = "rx"', "there is no [[methods]] block"),
        (
            with_methods(RX, top='show = "auc"\n[options]\nepoch = 5'),
            "[options] has 'epoch', which",
        ),
        (
            with_methods(NL2NET, top='show = "auc"\n[options]\neval_freq = "x"'),
            "eval_freq is 'x', not a whole number from 0",
        ),
        (
            with_methods(RX, NL2NET, top='show = "measures"'),
            "show is 'measures', a table of one method, not of 2: name it with --method",
        ),
        (with_methods('label = "x"'), "method is None, not one of nl2net, lfeb"),
        (with_methods('method = "knn"'), "method is 'knn', not one of nl2net, lfeb"),
        (
            with_methods(f"{RX}\nepochs = 5"),
            "method rx has no 'epochs' here (it has: label, scenes, ridge, ",
        ),
        (with_methods(f"{NL2NET}\nseed = 5"), "method nl2net has no 'seed' here (it has: label,"),
        (with_methods(f"{RX}\nridge = -1"), "--ridge: '-1' is not a number above 1e-14"),
        (with_methods(f"{NL2NET}\nepochs = 0"), "--epochs: 0 is not a whole number from 1"),
        (with_methods(f"{NL2NET}\nepochs = 2.5"), "--epochs: '2.5' is not a whole number"),
        (with_methods(f"{NL2NET}\nepochs = true"), "--epochs: 'True' is not a whole number"),
        (with_methods(f'{NL2NET}\nlossm = "huber"'), "--lossm: invalid choice: 'huber'"),
        (with_methods(f'{NL2NET}\nmode = ["na", "sa"]'), "--mode: 'sa' is not one of na, ss"),
        (with_methods(f'{NL2NET}\nmode = ["na", "na"]'), "--mode names 2 blocks, but --nblk is 6"),
        (with_methods('method = "no_pd"\nfactor = 2'), "--method no_pd has --factor 1 and no"),
        (with_methods(RX, f"{RX}\nridge = 1"), "2 rows are called 'RX'; give them a label each"),
        (
            with_methods(RX, f'{RX}\nlabel = "mine"\nridge = 1e-6'),
            "the rows 'RX' and 'mine' have the same options",
        ),
    ],
)
def test_what_cannot_be_used_is_named(text: str, message: str) -> None:
    assert message in complaint(text)


def test_options_that_no_row_has_are_refused() -> None:
    assert "none of its methods has --epochs" in complaint(with_methods(RX), "--epochs", "5")
    assert "none of its methods has --seed" in complaint(with_methods(RX), "--seed", "5")
    assert "none of its methods has --ridge" in complaint(with_methods(NL2NET), "--ridge", "1")


def test_rows_that_the_command_line_makes_the_same_are_refused() -> None:
    text = with_methods(NL2NET, f'{NL2NET}\nlabel = "three"\nfactor = 3')
    assert len(table(text).rows) == 2
    assert "'NL2Net' and 'three' have the same options" in complaint(text, "--factor", "2")


def test_a_file_that_is_no_text() -> None:
    Path("own.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"^table 'own\.toml': "):
        read_table("own.toml", given={})


def test_lists_without_end() -> None:
    assert "its lists are nested too deeply" in complaint("seeds = " + "[" * 100_000)


def test_the_cells_of_a_table(small_scene: str) -> None:
    read = table(with_methods(RX, NL2NET, top='show = "auc"\nseeds = [4, 2]'))
    plan = plan_table(read, data_dir=Path("data"))
    assert list(plan.cells) == [
        ("RX", "small", None),
        ("NL2Net", "small", 4),
        ("NL2Net", "small", 2),
    ]
    assert plan.open[0] == ("RX", "small", None) and not plan.complete
    cell = plan.cells[CellKey("NL2Net", "small", 4)]
    assert cell.options == {**read.rows[1].options, "seed": 4}
    assert len({cell.key for cell in plan.cells.values()}) == 3


PER_SCENE = """
method = "kifd"
trees = 9
[methods.scenes.HSI-II]
components = 4
[methods.scenes.small]
seed = 7
"""


def test_settings_per_scene(small_scene: str) -> None:
    """On top of those of the row, for these scenes only, by any of their names."""
    read = table(with_methods(RX, PER_SCENE, top='show = "auc"\nseeds = [4, 2]'))
    rx, kifd = read.rows
    assert rx.on("any") is rx and kifd.on("any") is None
    there = kifd.on("abu-beach-4")
    assert there is not None and (there.options["trees"], there.options["components"]) == (9, 4)
    assert seeds_of(read, there) == [4, 2]
    plan = plan_table(read, data_dir=Path("data"))
    assert list(plan.cells) == [("RX", "small", None), ("KIFD", "small", 7)]
    cell = plan.cells[CellKey("KIFD", "small", 7)]
    assert cell.options == {**kifd.options, "seed": 7} and cell.options["components"] == 300
    typed = table(with_methods(RX, PER_SCENE), "--seed", "3", "--components", "5")
    here = typed.rows[1].on("small")
    assert here is not None and seeds_of(typed, here) == [3] and here.options["components"] == 5


def test_settings_per_scene_that_cannot_be_read() -> None:
    assert "no 'ridge' here" in complaint(with_methods("method = 'kifd'\nscenes.a.ridge = 1"))
    assert "no 'seed' here" in complaint(with_methods("method = 'kifd'\nseed = 1"))
    assert "--seed does not apply to --method rx" in complaint(
        with_methods(f"{RX}\nscenes.a.seed = 1")
    )
    assert "scenes of method rx is 1, not a block" in complaint(with_methods(f"{RX}\nscenes = 1"))
    assert "trees: -1" in complaint(with_methods("method = 'kifd'\nscenes.a.trees = -1"))


def test_two_files_of_one_name_are_refused(small_scene: str) -> None:
    Path("elsewhere").mkdir()
    Path("elsewhere/small.mat").write_bytes(Path("data/small.mat").read_bytes())
    words = ("--dataset", "small", "elsewhere/small.mat")
    with pytest.raises(InputError, match="two scenes are called 'small'"):
        plan_table(table(with_methods(RX), *words), data_dir=Path("data"))


def records_of(plan: Any) -> list[str]:
    """The commands of a plan's cells."""
    return [cell.command() for cell in plan.cells.values()]


def test_evaluations_are_for_what_is_trained(small_scene: str) -> None:
    read = table(with_methods(RX, NL2NET), "--eval_freq", "5")
    rx, nl2net = records_of(plan_table(read, data_dir=Path("data")))
    assert "--eval_freq" not in rx and nl2net.endswith(" --eval_freq 5")


def test_a_row_may_name_its_score() -> None:
    """With and without the emphasis on small objects in one table."""
    text = with_methods(RX, f'{RX}\nlabel = "small"\nlargest_object = 30\nscore = "combined"')
    plain, small = table(text).rows
    assert (plain.options["score"], plain.options["largest_object"]) == ("paper", 0)
    assert (small.options["score"], small.options["largest_object"]) == ("combined", 30)
