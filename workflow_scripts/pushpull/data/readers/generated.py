"""Small corpora of made-up English reports, so that everything can be run without a network.

`multilabel`: 24 topics with a long tail, one to five a document; topics of a family and of related families
come together. `single`: eight classes, of which each shares most words with one other. Both are hard on
purpose: words that stand for several topics, sentences that say nothing, topics mentioned in passing and
topics that are not mentioned. Only `random.Random` is used: an entry gives the same corpus everywhere.
"""

from itertools import accumulate
from pathlib import Path
from random import Random

import yaml

from pushpull.data.documents import Document, Documents

DOCUMENTS = {"train": 900, "validation": 300, "test": 600}

_WORDS = Path(__file__).with_name("generated_words.yaml")
_ZIPF = 0.95  # frequency of the k-th topic is proportional to k ** -_ZIPF
_RAREST = 8  # documents that have the rarest topic as their first one, where the split is large enough
_MORE = (0.42, 0.30, 0.17, 0.08, 0.03)  # shares of documents with one to five topics
_OWN = {"multilabel": 0.64, "single": 0.22}  # chance that a word is of the topic itself
_SHARED = {"multilabel": 0.26, "single": 0.68}  # ... of its family; else of any topic
_UNMENTIONED = 0.14  # chance that a further topic of a document has no sentence
_ASIDE = 0.4  # chance that a document mentions a topic that it does not have


def read(entry: dict, raw: None = None) -> Documents:
    """Generate the corpus `entry["corpus"]`, `entry["documents"]` a split, with the seed `entry["seed"]`.

    Example:
        >>> corpus = read({"corpus": "single", "documents": {"train": 8, "test": 8}})
        >>> len(corpus.splits["train"]), len(corpus.label_texts)
        (8, 8)
    """
    words = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    topics = {topic["name"]: topic for topic in words[entry["corpus"]]["topics"]}
    seed = entry.get("seed", 0)
    splits = {}
    for split, count in (entry.get("documents") or DOCUMENTS).items():
        random = Random(f"{entry['corpus']} {seed} {split}")
        label_sets = _label_sets(entry["corpus"], words, count, random)
        splits[split] = [
            Document(f"{split}-{number}", _report(names, entry["corpus"], words, topics, random), names)
            for number, names in enumerate(label_sets, start=1)
        ]
    return Documents(
        splits,
        label_texts={name: topic["text"] for name, topic in topics.items()},
        notes=[f"generated text, seed {seed}: for trying things out, not for comparing with published values"],
    )


def _label_sets(corpus: str, words: dict, count: int, random: Random) -> list[tuple[str, ...]]:
    names = [topic["name"] for topic in words[corpus]["topics"]]
    if corpus == "single":
        sets = [(names[index % len(names)],) for index in range(count)]
    else:
        related = _related(words[corpus])
        sets = [_with_more(first, names, related, random) for first in _first_topics(names, count)]
    random.shuffle(sets)
    return sets


def _first_topics(names: list[str], count: int) -> list[str]:
    """Quotas, not draws: the rarest topic has its documents whatever the seed."""
    weights = [rank**-_ZIPF for rank in range(1, len(names) + 1)]
    least = min(_RAREST, count // len(names))
    free = count - least * len(names)
    ends = [round(free * end / sum(weights)) for end in accumulate(weights)]
    starts = [0, *ends[:-1]]
    quotas = [least + end - start for start, end in zip(starts, ends, strict=True)]
    return [name for name, quota in zip(names, quotas, strict=True) for _ in range(quota)]


def _related(corpus: dict) -> dict[str, list[str]]:
    """Topic -> topics of its family, twice as likely, and of the families that share a theme with it."""
    members = {
        family: [topic["name"] for topic in corpus["topics"] if topic["family"] == family]
        for family in corpus["families"]
    }
    partners = {family: [pair for pair in corpus["themes"] if family in pair] for family in members}
    return {
        topic["name"]: 2 * members[topic["family"]]
        + [
            name
            for pair in partners[topic["family"]]
            for family in pair
            if family != topic["family"]
            for name in members[family]
        ]
        for topic in corpus["topics"]
    }


def _with_more(first: str, names: list[str], related: dict, random: Random) -> tuple[str, ...]:
    size = random.choices(range(1, len(_MORE) + 1), _MORE)[0]
    chosen = [first]
    # A frequent topic is also the likelier companion, so that the tail stays a tail.
    while len(chosen) < size:
        candidates = related[first]
        weights = [0 if name in chosen else (names.index(name) + 1) ** -_ZIPF for name in candidates]
        chosen += random.choices(candidates, weights)
    return tuple(chosen)


def _report(names: tuple[str, ...], corpus: str, words: dict, topics: dict, random: Random) -> str:
    """Two to six sentences: on the topics, nothing, and in passing another topic."""
    mentioned = [name for index, name in enumerate(names) if index == 0 or random.random() >= _UNMENTIONED]
    told = 2 * mentioned if len(mentioned) < 2 else mentioned
    parts = [_sentence("sentences", name, corpus, words, topics, random) for name in told]
    if len(told) < 4:
        parts.append(_sentence("fillers", names[0], corpus, words, topics, random))
    if random.random() < _ASIDE:
        other = random.choice([name for name in topics if name not in names])
        parts.append(_sentence("asides", other, corpus, words, topics, random))
    random.shuffle(parts)
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _sentence(kind: str, name: str, corpus: str, words: dict, topics: dict, random: Random) -> str:
    slots = dict(zip("abc", _distinct_words(name, corpus, words, topics, random), strict=True))
    return random.choice(words[kind]).format(
        **slots,
        place=random.choice(words["places"]),
        who=random.choice(words["people"]),
        when=random.choice(words["times"]),
    )


def _distinct_words(name: str, corpus: str, words: dict, topics: dict, random: Random) -> list[str]:
    chosen: list[str] = []
    while len(chosen) < 3:
        draw = random.random()
        if draw < _OWN[corpus]:
            word = random.choice(topics[name]["words"])
        elif draw < _OWN[corpus] + _SHARED[corpus]:
            word = random.choice(words[corpus]["families"][topics[name]["family"]])
        else:
            word = random.choice(topics[random.choice(list(topics))]["words"])
        if word not in chosen:
            chosen.append(word)
    return chosen
