"""Every Python block of the documentation runs, and what it shows is what it gives."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(ROOT.glob("docs/*.md"))
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The Python blocks of a page: the line each one begins on, and its text."""
    text = page.read_text(encoding="utf-8")
    return [(text[: m.start(1)].count("\n"), m[1]) for m in BLOCK.finditer(text)]


def run(text, name, line, names):
    """Run a block in `names`, as a session if it has prompts, and return what went wrong."""
    if not re.match(r"\s*>>> ", text):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile("\n" * line + text, name, "exec"), names)
        return ""
    session = doctest.DocTestParser().get_doctest(text, names, name, name, line)
    told = io.StringIO()
    doctest.DocTestRunner(optionflags=FLAGS).run(session, out=told.write, clear_globs=False)
    names.update(session.globs)
    return told.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    for line, text in blocks(page):
        assert not (told := run(text, page.name, line, names)), told


def test_a_wrong_block_is_told():
    assert "Got:\n    2" in run(">>> 1 + 1\n3\n", "page.md", 7, {})
    with pytest.raises(NameError):
        run("missing\n", "page.md", 7, {})


def test_there_are_blocks():
    assert sum(len(blocks(page)) for page in PAGES) > 40


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"
