"""What is known of each reader's data before any of it is here: `readers/{reader}.yaml`, beside the reader's code.

    licence           terms of use, copied into the dataset card; none where the user brings the data
    needs, takes      keys of an entry of config.yaml beside those that every dataset may have: required, optional;
                      `files` or `folder` among them: the user may bring the files
    corpora           what `corpus:` must be -> size
    views             what `labels:` may be -> size; the first is the default
    size              of a reader of one corpus: documents and words per document of train, validation and test, as the
                      default split cuts them, number of labels, and where the numbers are `from`, unless the published
                      files were counted
    tokens_per_word   per whitespace word of the training texts: MiniLM's WordPiece, GPT-2's byte pairs, which RoBERTa
                      shares, and the word encoders' words and punctuation marks
    published         documents of each split in files whose checksum is not known: others are refused
    sources           what to fetch, or the reader that has the same files
      url             the authors' address
      file            name of the file here and in the mirror; only where the address ends in another
      mirror          folder, inside the folder that the user's `mirror:` names, which holds the file under its own
                      name, plain or with .gz added, or the members of that archive
      corpus          only for datasets with this `corpus:`
      stand_in        mirror, bytes and sha256 of another file, for mirrors without the published one, and a note for
                      the card
      bytes           size of the file at `url`, where it is known
      sha256          of a plain file, where it is known; else the first fetch, over https or from the mirror, records
                      it in results/checksums/, and later ones must agree
      members         of an archive (.tar.*, .zip): path -> sha256 and bytes ({} where not known); only these are
                      unpacked, flat

A new reader is a module and such a file.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pushpull.errors import InputError, unknown
from pushpull.files import read_yaml

_READERS = Path(__file__).with_name("readers")
_EVERY = (
    *("title", "task", "reader", "printed_as", "label_texts", "knn", "confusable"),
    *("validation", "split_seed", "resplit", "min_train_documents"),
)
_OWN = ("files", "folder")  # under these a user brings the data


class Facts(NamedTuple):
    """What `readers/{reader}.yaml` says; its keys are explained there."""

    licence: str = ""
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    corpora: Mapping[str, dict | None] = MappingProxyType({})
    views: Mapping[str, dict | None] = MappingProxyType({})
    size: dict | None = None
    tokens_per_word: Mapping[str, float] = MappingProxyType({})
    published: Mapping[str, int] = MappingProxyType({})
    sources: tuple[dict, ...] = ()


@cache
def readers() -> tuple[str, ...]:
    """Names of the readers, in alphabetical order."""
    return tuple(sorted(path.stem for path in _READERS.glob("*.yaml") if path.with_suffix(".py").is_file()))


@cache
def facts(reader: str) -> Facts:
    """What is known of a reader's data.

    Raises:
        InputError: no such reader.

    Example:
        >>> facts("semeval2018").sources[0]["mirror"]
        'semeval2018_task1_ec'
    """
    if reader not in readers():
        raise InputError(unknown("reader", reader, readers()))
    said = read_yaml(_READERS / f"{reader}.yaml")
    if isinstance(said.get("sources"), str):
        other = facts(said["sources"])
        said |= {"licence": other.licence, "sources": other.sources}
    return Facts(**said)


def published(entry: dict) -> dict:
    """`licence` and `sources` of the published files of an entry of config.yaml, no other corpus' among them."""
    found = facts(entry["reader"])
    corpus = entry.get("corpus")
    sources = [item for item in found.sources if corpus in (None, item.get("corpus", corpus))]
    return {"licence": found.licence, "sources": sources}


def published_size(entry: dict) -> dict | None:
    """`documents`, `words`, `labels` and perhaps `from` of the published dataset of an entry; None if not known."""
    found = facts(entry["reader"])
    if found.corpora:
        return found.corpora.get(entry.get("corpus"))
    return found.views[_view(entry, found)] if found.views else found.size


def problems(entry: dict) -> list[str]:
    """What is wrong with the keys that an entry of config.yaml has for its reader: one line each, key first.

    Example:
        >>> problems({"reader": "cachopo", "corpus": "r9"})
        ["corpus: unknown corpus 'r9': did you mean 'r8'? Allowed: r8, r52"]
    """
    reader = entry["reader"]
    if reader not in readers():
        return [f"reader: {unknown('reader', reader, readers())}"]
    found = facts(reader)
    allowed = (*_EVERY, *found.needs, *found.takes)
    lines = [_not_taken(reader, key, allowed) for key in entry if key not in allowed]
    choices = {"corpus": f"; allowed: {', '.join(found.corpora)}"}
    missing = [key for key in found.needs if key not in entry]
    lines += [f"{key}: a {reader} dataset needs this key{choices.get(key, '')}" for key in missing]
    if found.corpora and "corpus" in entry and entry["corpus"] not in found.corpora:
        lines.append(f"corpus: {unknown('corpus', entry['corpus'], found.corpora)}")
    if found.views and _view(entry, found) not in found.views:
        lines.append(f"labels: {unknown('view', entry['labels'], found.views)}")
    return lines + _one_file(entry, "split" in allowed) + _idle(entry)


def _idle(entry: dict) -> list[str]:
    """Keys beside another one that leaves them without effect, and a column that is text and label at once."""
    several = "validation" in (entry["files"] if isinstance(entry.get("files"), dict) else ())
    both = set(columns_of(entry, "text")) & set(columns_of(entry, "labels"))
    idle = {
        "validation: is cut from train where no validation split is given; `resplit:` gives one": (
            "validation" in entry and "resplit" in entry
        ),
        "validation: is cut from train where no validation split is given; `files:` names one": (
            "validation" in entry and several and "resplit" not in entry
        ),
        "separator: goes with one column of labels, not with a column for each": (
            "separator" in entry and not isinstance(entry.get("labels", ""), str)
        ),
        f"text: the column {', '.join(sorted(both))} is among the labels, too": bool(both),
    }
    return [line for line, is_so in idle.items() if is_so]


def columns_of(entry: dict, key: str) -> list[str]:
    """The columns that a key of an entry names: none, one or several."""
    named = entry.get(key, [])
    return [named] if isinstance(named, str) else list(named)


def _one_file(entry: dict, may: bool) -> list[str]:
    """What is wrong with one file, or with several, where the other was meant."""
    files = entry.get("files")
    if isinstance(files, str) and not may:
        return [f"files: a {entry['reader']} dataset needs a file for each split: {{train: ..., test: ...}}"]
    if isinstance(files, str) and not {"split", "resplit"} & entry.keys():
        return [
            "files: one file needs `split:`, the column that says train, validation or test, or `resplit:`, how many "
            "documents of validation and test are drawn from it"
        ]
    if isinstance(files, dict) and "split" in entry:
        return ["split: goes with one file under `files:`, not with one for each split"]
    paths = list(files.values()) if isinstance(files, dict) else []
    twice = [path for path in dict.fromkeys(paths) if paths.count(path) > 1]
    return [f"files: {path} is named for more than one split" for path in twice]


def own_files(entry: dict) -> dict[str, str]:
    """{split: path} of the files that the user brings; one file for all splits stands under "train"."""
    files = entry.get("files", {})
    return {"train": files} if isinstance(files, str) else files


def own_paths(entry: dict) -> list[str]:
    """Every file and folder of the user that the documents of an entry are read from."""
    return [*own_files(entry).values(), *([entry["folder"]] if "folder" in entry else [])]


def _not_taken(reader: str, key: str, allowed: tuple[str, ...]) -> str:
    if key not in _OWN:
        return f"{key}: {unknown(f'key of a {reader} dataset', key, allowed)}"
    way = next((f"name what you have under `{own}:`" for own in _OWN if own in allowed), "bring them in a `mirror:`")
    return f"{key}: a {reader} dataset has no `{key}:`; {way}"


def _view(entry: dict, found: Facts) -> str:
    return entry.get("labels", next(iter(found.views)))
