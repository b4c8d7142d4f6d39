"""GPU hours before anything is run: what the command prints, and the mistakes that it refuses."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml
from estimate_study import PUSH_PULL, config_of
from pushpull.errors import InputError
from pushpull.estimate.printout import by_artefact, estimate, jobs, load_config, main, report
from pushpull.estimate.throughput import printed_rates
from pushpull.estimate.workload import printed_sizes
from pushpull.papers import papers
from pushpull.planning.config import check
from pushpull.planning.plan import Plan
from workflow_runs import ROOT, SHIPPED


def numbers(text: str, line: str) -> tuple[int, float, float]:
    """Runs, 10^9 tokens and GPU hours of a line."""
    found = re.search(rf"^{line} +([\d,]+) +([\d,.]+) +([\d,.]+) ", text, re.MULTILINE)
    count, tokens, spent = (group.replace(",", "") for group in found.groups())
    return int(count), float(tokens), float(spent)


def test_a_run_that_tables_share_counts_once_in_the_total(empty):
    config = config_of({"methods": {"base": {"queue_size": 512}, "bce": {"epochs": 10}}})
    text = report(config)
    assert numbers(text, "abalone_table2")[0] == 2
    assert numbers(text, "abalone_table3")[0] == 4
    runs, tokens, spent = numbers(text, "abalone, a shared run once")
    assert runs == 4
    # 181.3 tokens. base: 80 x (2 x 42,500 + 4,800), 3 x 47,300 + 55,800; bce: 10 x 47,300 + 55,800; two seeds.
    counted = 80 * 89_800 + 3 * 47_300 + 55_800 + 10 * 47_300 + 55_800
    assert tokens == pytest.approx(2 * 181.3 * counted / 1e9, abs=0.005)
    # As printed, 25 h and 1.5 h, and what follows training at the same rates.
    after = 25 * (3 * 47_300 + 55_800) / (80 * 174_800) + 1.5 * 55_800 / (10 * 132_300)
    assert spent == pytest.approx(2 * (25 + 1.5 + after), abs=0.05)


def test_every_line_names_where_its_throughput_is_from(empty):
    text = report(config_of({"methods": {"base": None, "bce": None}}))
    assert re.search(r"^aapd  roberta  base .*\[1\]$", text, re.MULTILINE)
    assert re.search(r"^aapd  roberta  bce .*\[2\]$", text, re.MULTILINE)
    assert re.search(r"^abalone_table3 .*\[1\] \[2\]$", text, re.MULTILINE)
    assert re.search(r"^  \[1\] .* Tflop/s: ABALONE prints 25 h .*A6000$", text, re.MULTILINE)
    assert re.search(r"^  \[2\] .* Tflop/s: ABALONE prints 1\.5 h .*A6000$", text, re.MULTILINE)
    assert "about 5,000 h" in text
    assert re.search(
        r"^  aapd: 42,500 / 4,800 / 8,500 documents, 163 words .* 1\.1 tokens a word .*measured", text, re.M
    )


def test_hours_of_clld_by_hand(empty):
    methods = {"cross_entropy": {"epochs": 50}, "clld": {"epochs": 50}}
    entry = {"papers": ["clld"], "datasets": ["newsgroups20"], "encoders": ["bert"], "settings": {"max_tokens": 128}}
    text = report(config_of(entry | {"methods": methods}))
    # 287.5 words are cut at 128 tokens. 11,314 - 1,132 training documents once or twice, 1,132 in validation, all
    # 18,846 embedded; RoBERTa-base, as large, passes 10 x (3 x 42,500 + 4,800) documents of 181.3 tokens in 1.5 h.
    for method, views in (("cross_entropy", 1), ("clld", 2)):
        runs, tokens, spent = numbers(text, f"newsgroups20  bert  {method}")
        assert runs == 2
        assert tokens == pytest.approx(2 * 128 * (50 * (views * 10_182 + 1_132) + 18_846) / 1e9, abs=0.005)
        passes = 128 * (50 * (3 * views * 10_182 + 1_132) + 18_846)
        assert spent == pytest.approx(2 * 1.5 * passes / (181.3 * 1_323_000), abs=0.05)


def test_the_shipped_study_of_the_papers_is_reckoned_without_any_data(empty):
    text = report(load_config("papers", ROOT / "config.yaml"))
    totals = {paper: numbers(text, f"{paper}, a shared run once") for paper in papers()}
    assert totals["abalone"][2] == pytest.approx(4571, abs=0.5)  # as in the README
    runs, tokens, spent = numbers(text, "all papers, each run once")
    assert runs == sum(total[0] for total in totals.values())
    assert tokens == pytest.approx(sum(total[1] for total in totals.values()), abs=0.02)
    assert spent == pytest.approx(sum(total[2] for total in totals.values()), abs=0.2)
    assert min(total[2] for total in totals.values()) > 0


def test_hours_of_all_runs_are_the_sum_of_those_of_the_methods(empty):
    config = config_of({"methods": {"pretrained": None, "base": None, "bce": {"epochs": [10, 40]}, "base_ft": None}})
    plan = Plan(config)
    frame = estimate(plan, {"aapd": printed_sizes("abalone", "AAPD", "aapd")}, printed_rates())
    assert list(frame.index) == [run.path for run in plan.runs()]
    total = numbers(by_artefact(plan, "abalone", frame), "abalone, a shared run once")
    assert total[2] == pytest.approx(frame.groupby("method").hours.sum().sum(), abs=0.05)


def test_zero_shot_is_one_job():
    assert jobs(Plan(config_of(*PUSH_PULL))) == {
        "train": 1 + 4,
        "train_classifier": 2 + 2,
        "evaluate": 1 + 4,
        "evaluate_classified": 4,
        "zero_shot": 1,
    }


def test_hours_of_zero_shot_by_hand(empty):
    text = report(config_of({**PUSH_PULL[1], "datasets": ["reuters21578"], "settings": {"max_tokens": 100}}))
    runs, tokens, spent = numbers(text, "reuters21578  deberta_nli  zero_shot")
    # 90 labels x (786 + 3,019) documents of 100 + 10 tokens; for RoBERTa-base, as large, see the hours of CLLD.
    assert runs == 1
    assert tokens == pytest.approx(90 * 3_805 * 110 / 1e9, abs=0.005)
    assert spent == pytest.approx(1.5 * 90 * 3_805 * 110 / (181.3 * 1_323_000), abs=0.05)


def test_an_unknown_study_is_refused_as_by_snakemake(empty, capsys):
    (empty / "config.yaml").write_bytes((ROOT / "config.yaml").read_bytes())
    shutil.copytree(ROOT / "studies", empty / "studies")
    with pytest.raises(InputError) as caught:
        check(SHIPPED | {"study": "paper"})
    assert main(["paper"]) == 1
    assert capsys.readouterr().err == f"error: {caught.value}\n"
    assert "did you mean 'papers'" in str(caught.value)


def test_a_missing_or_broken_configuration_is_refused(empty):
    with pytest.raises(InputError, match=r"no config\.yaml here"):
        load_config("papers")
    (empty / "config.yaml").write_text("study: [")
    with pytest.raises(InputError, match=r"config\.yaml is no YAML"):
        load_config("papers")


def test_without_a_study_the_one_of_the_configuration_is_estimated(empty, capsys):
    (empty / "config.yaml").write_text(yaml.safe_dump(config_of({"methods": {"base": None}})))
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Study own: ")


def test_the_command_needs_no_torch_and_writes_nothing(empty):
    (empty / "config.yaml").write_text(yaml.safe_dump(config_of({"methods": {"base": None}})))
    folder = str(ROOT / "workflow_scripts")
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); from pushpull.estimate.printout import main; main(['own']); "
        "print({'torch', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
    assert [path.name for path in empty.iterdir()] == ["config.yaml"]


def test_the_script_leaves_with_an_error(empty):
    done = subprocess.run(
        [sys.executable, ROOT / "workflow_scripts/estimate.py", "papers"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no config.yaml here")
