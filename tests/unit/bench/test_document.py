"""Measured parts of a page."""

from pathlib import Path

import pytest
from document import markdown_table, put_into

PAGE = "Before.\n<!-- a:begin -->\nold\n<!-- a:end -->\n<!-- b:begin -->\n<!-- b:end -->\nAfter.\n"


def test_a_part_is_replaced_between_its_marks_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    put_into(page, "a", ["new", "lines"])
    assert page.read_text() == PAGE.replace("old\n", "new\nlines\n")


def test_a_part_replaced_by_the_same_leaves_the_page_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    put_into(page, "a", ["old"])
    put_into(page, "b", ["new"])
    put_into(page, "b", ["new"])
    assert page.read_text().count("new\n") == 1


@pytest.mark.parametrize("text", ["", "<!-- a:begin -->\n", PAGE + PAGE])
def test_a_page_without_both_marks_once_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(ValueError):
        put_into(page, "a", ["new"])
    assert page.read_text() == text


def test_a_table_has_a_line_for_headings_their_rule_and_each_row() -> None:
    lines = markdown_table(("a", "b"), [("1", "2"), ("3", "4")])
    assert lines == ["| a | b |", "|---|---|", "| 1 | 2 |", "| 3 | 4 |"]
