"""What an encoder reads for each label: from the card, from a user's file, and the files that come with the project."""

import csv
from pathlib import Path

import pytest
import yaml
from pushpull.data.label_texts import FORMS, label_texts
from pushpull.data.readers import aapd, biotech, generated, litcovid
from pushpull.errors import InputError

ROOT = Path(__file__).parents[2]
CARD = {
    "dataset": "ponds",
    "labels": [{"name": "swim", "text": "swimming"}, {"name": "fish", "text": "fishing"}],
}
FILE = (
    "name,readable,description\n"
    'fish,catching fish,"Rods, nets and patience."\n'
    "swim,going for a swim, Arms and legs in water. \n"
    "row,,\n"
)
EMOTIONS = "anger anticipation disgust fear joy love optimism pessimism sadness surprise trust"
REUTERS = """
acq alum barley bop carcass castor-oil cocoa coconut coconut-oil coffee copper copra-cake corn cotton
cotton-oil cpi cpu crude dfl dlr dmk earn fuel gas gnp gold grain groundnut groundnut-oil heat hog housing
income instal-debt interest ipi iron-steel jet jobs l-cattle lead lei lin-oil livestock lumber meal-feed
money-fx money-supply naphtha nat-gas nickel nkr nzdlr oat oilseed orange palladium palm-oil palmkernel
pet-chem platinum potato propane rand rape-oil rapeseed reserves retail rice rubber rye ship silver sorghum
soy-meal soy-oil soybean strategic-metal sugar sun-meal sun-oil sunseed tea tin trade veg-oil wheat wpi yen
zinc
"""
IPTC = [
    "arts, culture, entertainment and media",
    "conflict, war and peace",
    "crime, law and justice",
    "disaster, accident and emergency incident",
    "economy, business and finance",
    "education",
    "environment",
    "health",
    "human interest",
    "labour",
    "lifestyle and leisure",
    "politics",
    "religion and belief",
    "science and technology",
    "society",
    "sport",
    "weather",
]
EVENT_TYPES = (
    "Business Conflict Contact Journalism Justice Life Manufacture Movement Personnel Politics Transaction Unknown"
)
KNOWN = {
    "semeval2018": (11, EMOTIONS.split()),
    "reuters21578": (90, REUTERS.split()),
    "eventdna": (17 + 12, [*IPTC, *EVENT_TYPES.split()]),
    "aapd": (54, yaml.safe_load(aapd._LABELS.read_text(encoding="utf-8"))),
    "biotech": (29, biotech.EVENTS),
    "litcovid": (7, litcovid.TOPICS),
    "quick_multilabel": (24, generated.read({"corpus": "multilabel", "documents": {"train": 1}}).label_texts),
}


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "ponds.csv"
    file.write_text(FILE)
    return file


def test_texts_of_a_file_are_in_the_order_of_the_card_and_other_rows_do_no_harm(path):
    assert label_texts(CARD, path, "name") == ["swim", "fish"]
    assert label_texts(CARD, path, "readable") == ["going for a swim", "catching fish"]
    assert label_texts(CARD, str(path), "description") == ["Arms and legs in water.", "Rods, nets and patience."]


def test_without_a_file_the_texts_are_those_of_the_card():
    assert label_texts(CARD, None, "name") == ["swim", "fish"]
    assert label_texts(CARD, None, "readable") == ["swimming", "fishing"]
    with pytest.raises(InputError, match=r"ponds has no descriptions.*`label_texts: labels/ponds\.csv`.*name, read"):
        label_texts(CARD, None, "description")


def test_an_unknown_form_gets_the_nearest_one(path):
    with pytest.raises(InputError, match="label_text: unknown form 'readible': did you mean 'readable'"):
        label_texts(CARD, path, "readible")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("readable,", "readible,", "line 1: no column 'readable' (is it 'readible'?); there are: 'name', 'readible'"),
        ("name,", "", "line 1: no column 'name'; there are: 'readable', 'description'"),
        (FILE, "", "line 1: no column 'name'; there are: none"),
        ("fish,catching fish", "fish, ", "an empty cell in column 'readable' for 'fish'; every label"),
        (FILE, "name,readable\n", "no row for 'swim', 'fish'; every label"),
        ("fish,catching fish", "pike,", "no row for 'fish'; every label"),
        ("row,,", "swim,again,", "line 4: the label 'swim' has a row already"),
        ("row,,", "row,", "line 4: not as many fields as the header has (3)"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(path, old, new, says):
    assert FILE.count(old) == 1
    path.write_text(FILE.replace(old, new))
    with pytest.raises(InputError) as error:
        label_texts(CARD, path, "readable")
    assert str(error.value).startswith(str(path))
    assert says in str(error.value)


def test_missing_rows_and_empty_cells_are_named_together(path):
    path.write_text("name,readable\nswim,\n")
    with pytest.raises(InputError, match="no row for 'fish'; an empty cell in column 'readable' for 'swim'"):
        label_texts(CARD, path, "readable")


def test_a_missing_file_is_named(tmp_path):
    for missing in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(InputError, match=f"{missing} is not there"):
            label_texts(CARD, missing, "readable")


def test_labels_with_the_same_text_are_named_in_a_warning(path, capsys):
    label_texts(CARD, path, "readable")
    assert capsys.readouterr().out == ""
    path.write_text("name,readable\nfish,in the water\nswim,in the water\n")
    assert label_texts(CARD, path, "readable") == ["in the water"] * 2
    assert "'swim', 'fish' have the same text, 'in the water'" in capsys.readouterr().out


@pytest.mark.parametrize("dataset", KNOWN)
def test_the_files_of_the_project_cover_their_labels(dataset, capsys):
    count, names = KNOWN[dataset]
    assert len(set(names)) == count
    path = ROOT / "labels" / f"{dataset}.csv"
    card = {"dataset": dataset, "labels": [{"name": name, "text": name} for name in names]}
    texts = {form: label_texts(card, path, form) for form in FORMS}
    assert capsys.readouterr().out == ""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["name"] for row in rows) == sorted(names)
    assert all(row[form] == row[form].strip() != "" for row in rows for form in FORMS)
    assert all(text.endswith(".") and len(text) < 130 for text in texts["description"])


def test_every_file_belongs_to_a_dataset_of_the_configuration():
    entries = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["datasets"].values()
    named = {entry["label_texts"] for entry in entries if "label_texts" in entry}
    assert (
        named == {f"labels/{path.name}" for path in (ROOT / "labels").iterdir()} == {f"labels/{d}.csv" for d in KNOWN}
    )
