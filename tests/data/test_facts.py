"""What is known of each reader's data, and the keys of config.yaml that a reader takes."""

import pytest
from pushpull.data.facts import facts, problems, published, published_size, readers
from pushpull.errors import InputError

OTHER = {
    "semeval2018": {"separator": "|"},
    "mr": {"files": {"train": "a", "test": "b"}},
    "eventdna": {"corpus": "iptc"},
    "csv": {"files": {"train": "a", "test": "b"}, "text": "t", "labels": "l", "keep": ["headers"]},
}


@pytest.mark.parametrize("reader", readers())
def test_the_facts_of_a_reader_are_whole(reader):
    found = facts(reader)
    for size in filter(None, [found.size, *found.corpora.values(), *found.views.values()]):
        assert [len(size["documents"]), len(size["words"])] == [3, 3]
        assert size["labels"] > 1 and min(*size["documents"], *size["words"]) > 0
    assert bool(found.licence) == (not {"files", "folder"} & {*found.needs})
    assert set(found.tokens_per_word) <= {"wordpiece", "bpe", "words"}
    for source in found.sources:
        assert (
            {"url", "mirror"}
            <= source.keys()
            <= {*["url", "mirror", "file", "corpus", "stand_in", "bytes", "sha256", "members"]}
        )


@pytest.mark.parametrize("reader", OTHER)
def test_a_key_of_another_reader_is_refused_and_not_passed_over(reader):
    wrong = list(OTHER[reader])[-1]
    lines = problems({"reader": reader, "title": "T", "task": "multi", **OTHER[reader]})
    assert len(lines) == 1
    assert lines[0].startswith(f"{wrong}: ")


def test_who_may_bring_files_is_told_how():
    assert "bring them in a `mirror:`" in problems({"reader": "trec6", "files": {}})[0]
    assert "name what you have under `files:`" in problems({"reader": "biotech", "folder": "here"})[0]
    assert problems({"reader": "rcv1_v2_xml"}) == ["folder: a rcv1_v2_xml dataset needs this key"]


def test_a_corpus_has_its_own_files_and_size():
    urls = [source["url"] for source in published({"reader": "cachopo", "corpus": "r8"})["sources"]]
    assert [url.rpartition("data/")[2] for url in urls] == ["R8/train.txt", "R8/test.txt"]
    assert published_size({"reader": "cachopo", "corpus": "r52"})["labels"] == 52
    assert published_size({"reader": "eventdna"})["labels"] == 17
    assert published_size({"reader": "eventdna", "labels": "event_types"}) is None
    assert published_size({"reader": "csv"}) is None


def test_an_unknown_reader_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'reuters21578'"):
        facts("reuters")
