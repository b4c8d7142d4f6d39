"""Posts of our own words in an archive like that of 20 Newsgroups."""

import pytest
from published_files import tar_of
from pushpull.data.readers import read
from pushpull.errors import InputError
from sklearn.datasets import _twenty_newsgroups as theirs

POST = """From: duck@pond.test
Subject: Re: ponds

In article <1@pond.test> goose@pond.test writes:
> Is the pond deep?
| Very?

It is \xe9\x85 not.

That was all.
--
A Duck, The Pond
"""
ODD = [
    "",
    "\n",
    "no header at all",
    "Subject: only a header\n\n",
    "Subject: x\n\nOne paragraph, no signature",
    "Subject: x\n\nhe said: quack\n----\n\n\n",
    "Subject: x\n\n\n\n  \nbody\n ---  \nlast\n",
    "Subject: x\n\n--\nonly a signature",
    "Subject: x\r\n\r\nDOS line ends\r\n\r\nname\r\n",
]
MEMBERS = [
    ("20news-bydate-test/sci.space/9", b"Subject: b\n\nlater"),
    ("20news-bydate-train/sci.space/101", b"Subject: c\n\nhundred and one"),
    ("20news-bydate-train/sci.space/20", POST.encode("latin-1")),
    ("20news-bydate-train/comp.graphics/7", b"Subject: a\n\nseven"),
]


def put(folder, members=MEMBERS, **kind):
    (folder / "20news-bydate.tar.gz").write_bytes(tar_of(members, **kind))
    return folder


def posts(folder, posts: list[str], **entry) -> list[str]:
    members = [(f"20news-bydate-train/sci.med/{n}", post.encode("latin-1")) for n, post in enumerate(posts)]
    documents = read({"reader": "newsgroups20"} | entry, put(folder, [*MEMBERS[:1], *members]))
    return [row.text for row in documents.splits["train"]]


@pytest.mark.parametrize("prefix", ["", "./"])
def test_groups_are_labels_and_splits_are_sorted_by_group_and_number(tmp_path, prefix):
    others = [("README", b"x"), ("20news-bydate-train/sci.space/deep/7", b"x"), ("other/sci.space/7", b"x")]
    members = [(prefix + name, data) for name, data in [*others, *MEMBERS]]
    documents = read({"reader": "newsgroups20"}, put(tmp_path, members))
    assert {split: [(row.id, row.labels) for row in rows] for split, rows in documents.splits.items()} == {
        "train": [
            ("comp.graphics/7", ("comp.graphics",)),
            ("sci.space/20", ("sci.space",)),
            ("sci.space/101", ("sci.space",)),
        ],
        "test": [("sci.space/9", ("sci.space",))],
    }
    assert documents.splits["train"][1].text == POST.replace("\x85", " ")
    assert len(documents.label_texts) == 20
    assert documents.label_texts["comp.graphics"] == "computer graphics"
    assert documents.notes == ["kept of each post: body, headers, footers, quotes"]


@pytest.mark.parametrize(
    ("keep", "text"),
    [
        ([], "\nIt is \xe9  not.\n\nThat was all."),
        (["footers"], "\nIt is \xe9  not.\n\nThat was all.\n--\nA Duck, The Pond\n"),
        (["headers", "quotes"], POST[: POST.index("\n--")].replace("\x85", " ")),
    ],
)
def test_what_is_not_kept_is_stripped(tmp_path, keep, text):
    assert posts(tmp_path, [POST], keep=keep) == [text]
    documents = read({"reader": "newsgroups20", "keep": keep}, tmp_path)
    assert documents.notes == [f"kept of each post: {', '.join(['body', *keep])}"]


@pytest.mark.parametrize("part", ["headers", "footers", "quotes"])
def test_stripping_is_that_of_scikit_learn_on_odd_posts_too(tmp_path, part):
    strip = {
        "headers": theirs.strip_newsgroup_header,
        "footers": theirs.strip_newsgroup_footer,
        "quotes": theirs.strip_newsgroup_quoting,
    }[part]
    others = [name for name in ("headers", "footers", "quotes") if name != part]
    expected = [strip(post).replace("\x85", " ") for post in (POST, *ODD)]  # a byte of another code page
    assert posts(tmp_path, [POST, *ODD], keep=others) == expected


@pytest.mark.parametrize(
    ("members", "says"),
    [
        (
            [*MEMBERS, ("20news-bydate-test/sci.spice/1", b"x")],
            "test/sci.spice/1: .*did you mean 'sci.space'",
        ),
        (MEMBERS[:1], "no post in 20news-bydate-train/"),
        (MEMBERS[1:], "no post in 20news-bydate-test/"),
        ([*MEMBERS, ("../evil", b"x")], "points outside"),
        ([], "no post in 20news-bydate-train/"),
    ],
)
def test_a_wrong_archive_is_named(tmp_path, members, says):
    with pytest.raises(InputError, match=rf"20news-bydate\.tar\.gz: .*{says}"):
        read({"reader": "newsgroups20"}, put(tmp_path, members))


def test_links_large_posts_and_broken_archives_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="is a link"):
        read({"reader": "newsgroups20"}, put(tmp_path, MEMBERS, type=b"2", linkname="/etc/passwd"))
    archive = put(tmp_path) / "20news-bydate.tar.gz"
    monkeypatch.setattr("pushpull.data.archives.LARGEST", 100)
    with pytest.raises(InputError, match=r"train/sci\.space/20: more than 100 bytes"):
        read({"reader": "newsgroups20"}, tmp_path)
    archive.write_bytes(archive.read_bytes()[:120])
    with pytest.raises(InputError, match="not an archive that can be read"):
        read({"reader": "newsgroups20"}, tmp_path)


def test_an_unknown_part_gets_the_nearest_name(tmp_path):
    with pytest.raises(InputError, match="keep: unknown part of a post 'header': did you mean 'headers'"):
        read({"reader": "newsgroups20", "keep": ["header"]}, put(tmp_path))
