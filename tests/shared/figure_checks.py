"""What the tests of the papers' figures share: that something is drawn, the same every time, and what a panel says."""

import matplotlib.image
from pushpull.tables.style import save_figure


def assert_drawn_and_the_same_every_time(draw, folder):
    """Two figures of `draw()` as files: with something on them, and byte for byte the same."""
    for copy in ("a", "b"):
        save_figure(draw(), folder / f"{copy}.pdf", folder / f"{copy}.png")
    image = matplotlib.image.imread(folder / "a.png")[..., :3]
    assert image.shape[1] > 1000
    assert image.std() > 0.05
    assert (folder / "a.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(file.name for file in folder.glob("a.*")) == ["a.pdf", "a.png"]
    for kind in ("pdf", "png"):
        assert (folder / f"a.{kind}").read_bytes() == (folder / f"b.{kind}").read_bytes()


def said(ax):
    """The words in a panel, in one line."""
    return " ".join(" ".join(text.get_text() for text in ax.texts).split())
