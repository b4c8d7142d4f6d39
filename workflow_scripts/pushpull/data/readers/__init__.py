"""Readers by name. The names are known without importing a reader, so that planning stays cheap."""

from importlib import import_module
from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.errors import InputError, unknown

READERS = {
    "reuters21578": "pushpull.data.readers.reuters21578",
    "semeval2018": "pushpull.data.readers.semeval2018",
    "aapd": "pushpull.data.readers.aapd",
    "rcv1_v2": "pushpull.data.readers.rcv1_v2",
    "rcv1_v2_xml": "pushpull.data.readers.rcv1_v2_xml",
    "rcv1_v2_json": "pushpull.data.readers.rcv1_v2_json",
    "uk_lex": "pushpull.data.readers.uk_lex",
    "eventdna": "pushpull.data.readers.eventdna",
    "biotech": "pushpull.data.readers.biotech",
    "litcovid": "pushpull.data.readers.litcovid",
    "cachopo": "pushpull.data.readers.cachopo",
    "reuters_single": "pushpull.data.readers.reuters_single",
    "trec6": "pushpull.data.readers.trec6",
    "mr": "pushpull.data.readers.mr",
    "newsgroups20": "pushpull.data.readers.newsgroups20",
    "csv": "pushpull.data.readers.tabular",
    "jsonl": "pushpull.data.readers.tabular",
    "generated": "pushpull.data.readers.generated",
}
"""Reader name -> module with `read(entry, raw) -> Documents`. A new format is a module and a line here."""

LABEL_VIEWS = {"eventdna": ("iptc", "event_types")}
"""Readers of corpora with several kinds of labels -> what `labels:` may say; the first is the default."""

CORPORA = {
    "cachopo": ("r8", "r52"),
    "reuters_single": ("r8", "r52"),
    "generated": ("multilabel", "single"),
}
"""Readers of several corpora -> what `corpus:` must be."""

_PUBLISHED_ONLY = ("reuters21578", "semeval2018", "rcv1_v2", "reuters_single", "trec6", "mr", "newsgroups20")


def read(entry: dict, raw: Path | None) -> Documents:
    """Read a dataset with the reader that `entry["reader"]` names.

    Args:
        entry: the dataset's entry of `config.yaml`.
        raw: folder of the downloaded files; None for a dataset that downloads nothing.

    Raises:
        InputError: the reader or its corpus is unknown, the entry names files or a folder for a reader of published
            files only, or the files are not what the reader expects.
    """
    reader, corpora = entry["reader"], CORPORA.get(entry["reader"])
    if reader not in READERS:
        raise InputError(unknown("reader", reader, READERS))
    if corpora and entry.get("corpus") not in corpora:
        raise InputError(f"corpus: {unknown('corpus', entry.get('corpus'), corpora)}")
    if raw is None and reader in _PUBLISHED_ONLY:
        raise InputError(f"a {reader} dataset has no `files:` or `folder:`; leave it out, or bring them in a `mirror:`")
    return import_module(READERS[reader]).read(entry, raw)
