"""Texts of foreign origin become one harmless line."""

import json
from pathlib import Path

import pytest

from utils.errors import InputError, error_message
from utils.files import write_text
from utils.text import counted, did_you_mean, in_csv, printable, printable_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x\nAUC: 1.0", "x�AUC: 1.0"),
        ("\x1b]0;owned\x07\x1b[2J", "�]0;owned��[2J"),
        ("a\r\x0b\x0c\x85\u2028\u2029b\tc", "a������b�c"),
        ("\u202egnp.exe\u2066\u200f\ufeff", "�gnp.exe���"),  # reversed
        ("\x9b31mred", "�31mred"),  # the escape sequence as one character
        ("no\u00a0break\u3000wide", "no break wide"),
        ("\udcff.mat", "�.mat"),  # a name that is no UTF-8
        ("µm, 100×100, 日本", "µm, 100×100, 日本"),
    ],
)
def test_only_letters_are_left(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable_line(text) == shown
    assert str(InputError(text)) == error_message(InputError(text)) == shown
    assert error_message(OSError(2, "No such file", text)) == f"No such file: '{shown}'"


def test_one_thing_is_no_plural() -> None:
    assert counted(1, "band") == "1 band"
    assert (counted(0, "band"), counted(1200, "pixel")) == ("0 bands", "1,200 pixels")


def test_the_middle_of_a_long_text_is_left_out() -> None:
    text = "a" * 300 + "z" * 300
    assert printable(text) == "a" * 133 + "…" + "z" * 66
    assert printable(text, longest=600) == text
    assert printable(5) == "5" and printable("") == ""
    assert len(str(InputError("x" * 10_000_000))) == 2000


def test_a_name_that_is_no_utf_8_is_written_as_json_reads_it(tmp_path: Path) -> None:
    text = json.dumps({"file": "µ\udcff.mat"}, ensure_ascii=False)
    path = write_text(tmp_path / "a.json", text)
    assert path.read_bytes() == '{"file": "µ\\udcff.mat"}'.encode()
    assert json.loads(path.read_text(encoding="utf-8")) == {"file": "µ\udcff.mat"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r1", " =1", "＝1"])
def test_what_a_spreadsheet_would_compute_is_marked(text: str) -> None:
    assert in_csv(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "RX", "1=1", "–", "0.5", "'=1"])
def test_other_texts_of_a_csv_stay(text: str) -> None:
    assert in_csv(text) == text


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("GT-HAD", "did you mean gthad?"),  # case and signs count for nothing
        ("gthda", "did you mean gthad?"),
        ("thad", "did you mean gthad?"),
        ("rx", ""),
        ("--", ""),
    ],
)
def test_a_wrong_word_is_answered_by_those_like_it(word: str, asked: str) -> None:
    assert did_you_mean(word, ["gthad", "smhad", "nl2net"]) == asked
