import pytest
from pushpull.errors import InputError
from pushpull.tables.printed import no_printed_values, printed_values, suspect_values


def test_every_printed_value_of_abalone_is_there():
    assert [len(printed_values("abalone", f"table{n}")) for n in range(1, 5)] == [18, 30, 63, 12]


def test_every_printed_value_of_knn_mltc_is_there():
    assert [len(printed_values("knn_mltc", f"table{n}")) for n in range(2, 9)] == [8, 24, 24, 12, 12, 6, 12]


def test_every_printed_value_of_clld_is_there_but_the_misprint():
    assert [len(printed_values("clld", f"table{n}")) for n in (2, 3)] == [29, 4]


def test_values_are_numbers_in_the_units_of_the_paper():
    values = printed_values("abalone", "table3").set_index(["row", "dataset", "metric"]).value
    assert values["L_MSC-FT", "AAPD", "micro_f1"] == 74.0
    assert values["L_ASY", "UK-LEX", "hamming_loss_x1e3"] == 14.43


def test_the_split_in_a_dataset_name_is_cut_off():
    assert set(printed_values("abalone", "table4").dataset) == {"RCV1-v2"}


def test_suspect_values_are_left_out(tmp_path):
    (tmp_path / "clld" / "printed").mkdir(parents=True)
    (tmp_path / "clld" / "printed" / "table2_main.csv").write_text(
        "paper,table,row,dataset,metric,value,unit,notes\n"
        "CLLD,Table II,ALBERT,MR,accuracy,86.6,percent,\n"
        'CLLD,Table II,ALBERT+CLLD,MR,accuracy,97.0,percent,"SUSPECT: likely 87.0"\n'
    )
    assert list(printed_values("clld", "table2", tmp_path).row) == ["ALBERT"]
    suspect = suspect_values("clld", "table2", tmp_path)
    assert (suspect.row.item(), suspect.value.item(), suspect.notes.item()) == ("ALBERT+CLLD", 97.0, "likely 87.0")


def test_a_table_without_printed_values_is_an_error_that_names_the_file():
    with pytest.raises(InputError, match=r"abalone/printed/table9_\*\.csv"):
        printed_values("abalone", "table9")


def test_no_printed_values_has_the_same_columns():
    assert list(no_printed_values().columns) == list(printed_values("abalone", "table1").columns)
