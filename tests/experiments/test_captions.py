"""Captions of figures."""

from experiments.captions import CAPTIONS, Drawn, file_stem, latex_figures
from experiments.plan import Plan
from experiments.table import Row, Table


def test_every_kind_of_figure_has_a_caption_and_a_label() -> None:
    rows = [Row("RX", "rx", {}), Row("LFEB", "lfeb", {})]
    plan = Plan(Table("own_1", "A title", "auc", None, [3, 4], [], rows, 0), {}, {}, {})
    drawn = [Drawn(f"a_b_{kind}", kind, "a_b", width=3.5) for kind in CAPTIONS]
    drawn.append(Drawn("maps", "maps", None, width=7.16))
    text = latex_figures(drawn, plan, stretch_note="colours of 100 %")
    assert text.count(r"\begin{figure}") == text.count(r"\end{figure}") == len(CAPTIONS)
    assert text.count(r"\begin{figure*}") == text.count(r"\end{figure*}") == 1
    assert r"Detection maps of a\_b: colours of 100 \%. Methods that draw random numbers" in text
    assert r"have seed 3.}" in text and "4" not in text.split("begin", 1)[1].split("maps}")[0]
    assert r"\includegraphics{a_b_roc.pdf}" in text and r"\label{fig:own-1:a-b-roc}" in text
    assert "of an option. Bars: sample standard deviation over 2 seeds.}" in text
    assert "Box: percentiles 10 to 90" in text and r"Detection maps of all scenes" in text


def test_names_of_figures_have_no_signs_of_latex() -> None:
    assert file_stem("abu-beach-4 (crop)") == "abu-beach-4 (crop)"
    names = ("a#1", "a%1", "a-1", "50 %_#{x}", "#" * 300)
    stems = [file_stem(name) for name in names]
    assert len({*stems}) == len(stems) and not any({*stem} & {*"#%{}"} for stem in stems)
    assert stems[0].startswith("a-1_") and all(len(stem) <= 200 for stem in stems)
