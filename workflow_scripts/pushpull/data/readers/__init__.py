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
    "csv": "pushpull.data.readers.tabular",
    "jsonl": "pushpull.data.readers.tabular",
    "generated": "pushpull.data.readers.generated",
}
"""Reader name -> module with `read(entry, raw) -> Documents`. A new format is a module and a line here."""

LABEL_VIEWS = {"eventdna": ("iptc", "event_types")}
"""Readers of corpora with several kinds of labels -> what `labels:` may say; the first is the default."""


def read(entry: dict, raw: Path | None) -> Documents:
    """Read a dataset with the reader that `entry["reader"]` names.

    Args:
        entry: the dataset's entry of `config.yaml`.
        raw: folder of the downloaded files; None for a dataset that downloads nothing.

    Raises:
        InputError: the reader is unknown, or the files are not what the reader expects.
    """
    if entry["reader"] not in READERS:
        raise InputError(unknown("reader", entry["reader"], READERS))
    return import_module(READERS[entry["reader"]]).read(entry, raw)
