"""Control characters, references and escapes that files leave in texts."""

import sys
import unicodedata

import pytest
from own_data import rows_of, user_data
from pushpull.data.dataset import read_card
from pushpull.data.documents import Document, Documents
from pushpull.data.prepare import prepare
from pushpull.data.remains import mended, resolve_line_ends, resolve_references, without_controls
from pushpull.errors import InputError


def test_no_control_character_but_tab_and_line_ends_passes_and_all_else_does():
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kept = without_controls(f"a{character}b") == f"a{character}b"
        hidden = unicodedata.category(character) == "Cc" or character in "\u00ad\ufeff"
        assert kept == (not hidden or character in "\t\n\r"), hex(code)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("I\x92ve a film\x85slow \x96 \x93warm\x94", "I\u2019ve a film\u2026slow \u2013 \u201cwarm\u201d"),
        ("bell\x07rings\x00, \x81 none\x7f", "bell rings ,   none "),  # 0x81 is nothing in windows-1252
        ("\ufefftop\u00adgeneraals", "topgeneraals"),
        ("family \U0001f468\u200d\U0001f469, \u200bspaced\u00a0out\u2028\r\n", None),
    ],
)
def test_what_shows_nothing_goes_and_no_two_words_are_joined(text, clean):
    assert without_controls(text) == (clean or text)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("a &amp; b &lt;3 &gt; &quot;c&quot; &eacute;", 'a & b <3 > "c" \u00e9'),
        ("it&#8217;s &#x2026; &#133;", "it\u2019s \u2026 \u2026"),
        ("HTML: write &amp;lt; for &lt;", "HTML: write &lt; for <"),
        ("AT&T; R&D, ?a=1&copy=2&amp=3 &truthfulness; & ; &; &#; &notit;", None),
    ],
)
def test_references_are_resolved_once_and_nothing_else_is(text, resolved):
    assert resolve_references(text) == (resolved or text)


@pytest.mark.parametrize(
    ("text", "resolved"), [(r"a\nb\n\nc", "a\nb\n\nc"), (r"a\r\nb\rc", "a\nb\nc"), (r"a\b \ n C:/x \t", None)]
)
def test_written_line_ends_become_line_ends(text, resolved):
    assert resolve_line_ends(text) == (resolved or text)


def test_mends_are_counted_over_all_splits_and_a_mend_without_use_is_not_noted():
    splits = {"train": [Document("1", "a-b-c", ("x",)), Document("2", "d", ())], "test": [Document("3", "-", ())]}
    documents = Documents(splits, {"x": "-"}, ["first"])
    mends = {"hyphens": lambda text: text.replace("-", " "), "dots": lambda text: text.replace(".", "")}
    assert mended(documents, mends) is documents
    assert documents.splits == {"train": [("1", "a b c", ("x",)), ("2", "d", ())], "test": [("3", " ", ())]}
    assert documents.notes == ["first", "texts with hyphens, mended: 2"]
    assert documents.label_texts == {"x": "-"}


def test_own_texts_are_prepared_without_control_characters_and_the_card_counts_what_is_left(tmp_path):
    train = [("1", "slow\x85 but\x07warm", ["x"]), ("2", "a &amp; b", ["x"]), ("3", r"one\ntwo &lt;", ["x"])]
    train += [(str(number), f"text {number}", ["x"]) for number in range(4, 10)]
    test = [("t", "\ufeffslow\u2026 but warm", ["x"]), ("s", "nothing", [])]
    entry = user_data(tmp_path / "in", train=train, validation=[("v", "a", ["x"])], test=test)
    prepare("mine", entry, None, tmp_path)
    assert rows_of(tmp_path, "train")[0]["text"] == rows_of(tmp_path, "test")[0]["text"] == "slow\u2026 but warm"
    assert read_card(tmp_path)["notes"] == [
        "texts with control characters, byte order marks or soft hyphens, mended: 2",
        "texts with HTML references such as &amp;, kept: 2",
        "texts with line ends written as \\n, kept: 1",
    ]


@pytest.mark.parametrize(
    ("identifier", "label"), [("a\x00", "x"), ("a", "x\x92s"), ("a", "\ufeffx"), ("a", "soft\u00adly")]
)
def test_an_id_or_a_label_with_a_control_character_is_refused(tmp_path, identifier, label):
    train = [("0", "text", ["x"]), (identifier, "text", [label])]
    entry = user_data(tmp_path / "in", train=train, test=[("t", "text", ["x"])])
    with pytest.raises(InputError, match=r"train document .* holds a control character.* mend its file"):
        prepare("mine", entry, None, tmp_path / "out")
    assert not (tmp_path / "out/card.json").exists()
