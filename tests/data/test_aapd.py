"""AAPD in each of its forms, on texts of our own in exactly that form."""

import csv
import gzip
import io
import json

import pytest
from pushpull.data.documents import Document
from pushpull.data.readers import aapd, read
from pushpull.errors import InputError

# Also what other forms or ways of reading would take for a line end, a quotation, a cell or a list.
DOCUMENTS = [
    ("a short code for noisy lines [ see below ]", ("cs.it", "math.it")),
    ('rules that "learn" ,\r and one that forgets', ("cs.lg", "math.nt")),
    ("2 planners , \x85 one map", ("cs.ai",)),
]
BITS = ["11" + 52 * "0", "001" + 50 * "0" + "1", "0001" + 50 * "0"]


COLUMNS = """
cs.it math.it cs.lg cs.ai stat.ml cs.ds cs.si cs.dm physics.soc-ph cs.lo math.co cs.cc math.oc cs.ni cs.cv cs.cl cs.cr
cs.sy cs.dc cs.ne cs.ir quant-ph cs.gt cs.cy cs.pl cs.se math.pr cs.db cs.cg cs.na cs.hc math.na cs.ce cs.ma cs.ro cs.fl
math.st stat.th cs.dl cmp-lg cs.mm cond-mat.stat-mech cs.pf math.lo stat.ap cs.ms stat.me cs.sc cond-mat.dis-nn q-bio.nc
physics.data-an nlin.ao q-bio.qm math.nt
"""


@pytest.fixture
def categories() -> list[str]:
    """The 54 columns in the order of the published CSV."""
    return COLUMNS.split()


def tsv() -> str:
    return "".join(f"{bits}\t{text}\n" for bits, (text, _) in zip(BITS, DOCUMENTS, strict=True))


def as_json() -> str:
    # Labels in another order than the frequency's: documents must come out the same.
    return json.dumps([{"text": text, "label": list(reversed(labels))} for text, labels in DOCUMENTS])


def as_csv(categories: list[str]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["abstract", *categories])
    writer.writerows([text, *bits] for bits, (text, _) in zip(BITS, DOCUMENTS, strict=True))
    return buffer.getvalue()


def alternating() -> str:
    return "".join(f"{text}\n{' '.join(labels)}\n" for text, labels in DOCUMENTS)


def texts() -> str:
    return "".join(f"{text}\n" for text, _ in DOCUMENTS)


def labels() -> str:
    return "".join(f"{' '.join(names)}\n" for _, names in DOCUMENTS)


def put(path, content: str, packed: bool = False) -> str:
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    return str(path)


def read_test(path: str) -> list[Document]:
    return aapd.read({"files": {"train": path, "test": path}}, None).splits["test"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["tsv", "json", "csv", "pair", "lines"])
def test_every_form_gives_the_same_documents(tmp_path, categories, form, packed):
    content = {"tsv": tsv(), "json": as_json(), "csv": as_csv(categories), "lines": alternating(), "pair": texts()}
    ending = ".gz" if packed else ""
    path = put(tmp_path / f"{'text_test' if form == 'pair' else 'any'}{ending}", content[form], packed)
    if form == "pair":
        put(tmp_path / f"label_test{ending}", labels(), packed)
    expected = [Document(f"test-{number}", *row) for number, row in enumerate(DOCUMENTS, start=1)]
    assert read_test(path) == expected


def test_the_downloaded_files_are_read_and_every_category_has_a_text_of_its_own(tmp_path, categories):
    for name in ("train", "dev", "test"):
        put(tmp_path / f"{name}.tsv", tsv())
    documents = read({"reader": "aapd"}, tmp_path)
    assert {split: len(rows) for split, rows in documents.splits.items()} == {"train": 3, "validation": 3, "test": 3}
    assert documents.splits["validation"][2] == Document("validation-3", *DOCUMENTS[2])
    assert list(documents.label_texts) == categories
    assert documents.label_texts["cs.cl"] == "computation and language"
    assert len(set(documents.label_texts.values())) == 54


def test_every_bit_and_column_stands_for_its_category(tmp_path, categories):
    rows = [f"{'0' * place}1{'0' * (53 - place)}" for place in range(54)]
    path = put(tmp_path / "all", "".join(f"{bits}\ttext {place}\n" for place, bits in enumerate(rows)))
    assert [document.labels for document in read_test(path)] == [(name,) for name in categories]
    table = [["abstract", *categories], *(["text", *bits] for bits in rows)]
    path = put(tmp_path / "all.csv", "".join(",".join(row) + "\n" for row in table))
    assert [document.labels for document in read_test(path)] == [(name,) for name in categories]


def test_a_pretty_printed_list_and_windows_line_ends_and_blank_last_lines_are_read(tmp_path, categories):
    pretty = json.dumps(json.loads(as_json()), indent=2)
    expected = [row for _, row in DOCUMENTS]
    for content in (pretty, as_csv(categories) + "\n", tsv().replace("\n", "\r\n"), alternating() + "\n\n"):
        assert [document.labels for document in read_test(put(tmp_path / "any", content))] == expected


def test_the_tokenisers_backslashes_go_and_are_counted(tmp_path):
    lines = tsv() + "11" + 52 * "0" + "\twhy \\? the set \\( e g \\alpha \\) \\ (\n"
    files = dict.fromkeys(("train", "test"), str(put(tmp_path / "any", lines)))
    documents = aapd.read({"files": files}, None)
    assert documents.splits["test"][-1].text == "why ? the set ( e g \\alpha ) \\ ("
    assert documents.notes[-1] == "texts with a backslash before ( ) ?, mended: 2"


LINE = "11" + 52 * "0" + "\ta text\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LINE + "11" + 51 * "0" + "\tone bit short\n", r"any, line 2: expected 54 times 0 or 1.*got 53"),
        (LINE + "12" + 52 * "0" + "\ta two\n", r"any, line 2: expected 54 times 0 or 1"),
        ("1" * 55 + "\ttoo many\n", r"any, line 1: expected 54.*got 55"),
        (LINE + "no tab\n", r"any, line 2: expected 54 bits, a tab"),
        ('[{"text": "a", "label": ["cs.it"]}, {"text": "a"}]', r"any, document 2 of the list: expected"),
        ('[{"text": "a", "label": "cs.it"}]', r"any, document 1 of the list: expected"),
        ('[{"text": "a", "label": ["cs.zz"]}]', r"document 1 of the list: unknown category 'cs.zz'"),
        ('[{"text": "a",\n "label": ["cs.it"]},\n {', r"any, line 3: not JSON"),
        ("a text\ncs.it\nanother\ncs.it cs.iz\n", r"in turn\), line 4: unknown category 'cs.iz': did you mean"),
        ("a text\ncs.it\nanother\n", r"in turn\), line 4: no categories here"),
        ("", r"no categories here"),
        ("abstract,cs.it\na,1\n", r"any, line 1: expected `abstract` and 54 categories, got 2 columns"),
        ("abstract,cs.it,topic\n", r"any, line 1: unknown category 'topic'"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_test(put(tmp_path / "any", content))


def test_mistakes_in_a_table_are_named_with_file_and_line(tmp_path, categories):
    table = as_csv(categories)
    for content, message in (
        (table + "a text,1,0\n", r"any.csv, line 5: expected 54 times 0 or 1.*got 2"),
        (table + "a text" + ",yes" + ",0" * 53 + "\n", r"any.csv, line 5: expected 54 times 0 or 1"),
        (table + '"never closed,0\n', r"any.csv, near line 5: unexpected end"),
        # A copy in circulation: header sorted, cells not.
        (as_csv(sorted(categories)), r"line 1: the columns are not in the published order"),
    ):
        with pytest.raises(InputError, match=message):
            read_test(put(tmp_path / "any.csv", content))


def test_a_pair_needs_both_files_with_as_many_lines(tmp_path):
    path = put(tmp_path / "text_test", texts())
    with pytest.raises(InputError, match="label_test, which is not there"):
        read_test(path)
    partner = put(tmp_path / "label_test", labels() + "cs.it\n")
    with pytest.raises(InputError, match=r"text_test has 3 lines, .*label_test 4: line 4 has no partner"):
        read_test(path)
    put(tmp_path / "label_test", "cs.it\n\ncs.ai\n")
    with pytest.raises(InputError, match="label_test, line 2: no categories"):
        read_test(path)
    with pytest.raises(InputError, match="name its sibling text_test instead"):
        read_test(partner)


def test_damaged_and_missing_files_are_named(tmp_path):
    packed = gzip.compress(tsv().encode())
    (tmp_path / "cut.gz").write_bytes(packed[:-12])
    (tmp_path / "latin").write_bytes(LINE.encode() + LINE.replace("a text", "à texte").encode("latin-1"))
    for name, message in (("cut.gz", "damaged gzip"), ("latin", "not UTF-8"), ("none", "train: .*none is not there")):
        with pytest.raises(InputError, match=message):
            read_test(str(tmp_path / name))
