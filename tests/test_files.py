"""A file of the product is about one noun, and short enough to be read at once."""

from pathlib import Path

APP = Path(__file__).parent.parent / "app"
MOST_LINES = 300


def too_long(folder: Path) -> dict[str, str]:
    """What to do, by file."""
    lengths = {
        path.relative_to(folder).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted(folder.rglob("*.py"))
    }
    return {
        name: f"{lines} lines, {lines - MOST_LINES} too many: find a noun in it that can stand"
        " alone, and move its functions into a file that is called by it"
        for name, lines in lengths.items()
        if lines > MOST_LINES
    }


def test_no_file_is_longer_than_is_read_at_once():
    assert too_long(APP) == {}


def test_one_line_too_many_is_found_and_told(tmp_path: Path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "just.py").write_text("x = 1\n" * MOST_LINES, encoding="utf-8")
    (tmp_path / "room" / "over.py").write_text("x = 1\n" * (MOST_LINES + 1), encoding="utf-8")

    assert {name: what[:23] for name, what in too_long(tmp_path).items()} == {
        "room/over.py": "301 lines, 1 too many: "
    }
