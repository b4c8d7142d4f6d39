"""Which runs each table and figure shows."""

from estimate_study import PUSH_PULL, config_of
from pushpull.papers import artefacts, papers, part
from pushpull.planning.plan import Plan


def test_it_is_said_of_every_table_and_figure_what_it_shows():
    for paper in papers():
        assert set(part(paper, "rows").SHOWN) == set(artefacts(paper))


def shown_counts(plan: Plan) -> dict[str, int]:
    names = ("table1", "table2", "table3", "table4", "figure2")
    return {name: len(plan.shown(f"abalone_{name}")) for name in names}


def test_a_table_has_its_methods_and_its_temperatures():
    grid = {"temperature": [0.07, 0.1, 0.2]}
    methods = {"pretrained": None, "bce": None, "focal": None, "base": grid, "base_queue": grid, "base_ft": None}
    config = config_of({"datasets": ["mine"], "methods": methods})
    # Two seeds: pretrained 1, bce 2, focal 2, base 6 (2 at 0.1), base_queue 6, base_ft 2.
    assert shown_counts(Plan(config)) == {
        "table1": 0,
        "table2": 1 + 6 + 6,
        "table3": 2 + 2 + 2 + 2,
        "table4": 1 + 2 + 2 + 2,
        "figure2": 1 + 2 + 2 + 2,
    }


def test_where_no_run_has_the_tables_temperature_all_are_shown():
    config = config_of({"datasets": ["mine"], "methods": {"base": {"temperature": [0.07, 0.2]}}})
    assert shown_counts(Plan(config))["table3"] == 4


def test_a_further_method_is_in_every_table_that_it_fits():
    config = config_of({"datasets": ["mine"], "methods": {"jscl": None, "mulcon": None}})
    assert shown_counts(Plan(config)) == {"table1": 0, "table2": 4, "table3": 4, "table4": 4, "figure2": 4}


def test_a_dataset_counts_for_the_tables_that_print_it():
    config = config_of({"datasets": ["aapd", "uk_lex"], "methods": {"base": None}}, seeds=(1,))
    plan = Plan(config)
    found = {name: {run.dataset for run in plan.shown(f"abalone_{name}")} for name in ("table2", "table3", "table4")}
    # Table 2: AAPD and RCV1-v2; Table 3: all three; Table 4: RCV1-v2.
    assert found == {"table2": {"aapd"}, "table3": {"aapd", "uk_lex"}, "table4": set()}


def test_what_each_artefact_of_knn_mltc_shows():
    """Two seeds, two weights: bce 2 runs, joint 4, joint_binary 2, and a further supervised method with 2."""
    methods = {"bce": None, "joint": {"contrastive_weight": [0.01, 0.1]}, "joint_binary": None, "focal": None}
    common = {"papers": ["knn_mltc"], "encoders": ["cnn"], "methods": methods}
    plan = Plan(config_of(common | {"datasets": ["aapd_usual"]}))
    found = {name: plan.shown(f"knn_mltc_{name}") for name in artefacts("knn_mltc")}
    assert {name: len(runs) for name, runs in found.items()} == {
        "table2": 0,
        "table3": 2 + 4,
        "table4": 2 + 4 + 2,
        "table5": 2 + 4,
        "table6": 2 + 4,
        "table7": 1,
        "table8": 1,
        "table_ladder": 2 + 4 + 2,
        "figure2": 4,
        "figure3": 2,
        "figure4": 2 + 4,
    }
    assert {run.method for run in found["table4"]} == {"bce", "joint", "focal"}
    # One run of each dataset and encoder is timed, and a pair of them drawn among neighbours.
    assert found["table7"] == found["table8"] == plan.timed()
    assert found["figure3"] == [next(run for run in plan.runs() if run.method == name) for name in ("bce", "joint")]


def test_what_each_artefact_of_clld_shows():
    """Two seeds; on 20 Newsgroups also three further variants with BERT, and a method of another paper."""
    both = {"datasets": ["trec6", "newsgroups20"], "methods": {"cross_entropy": None, "clld": None}}
    further = {"clld_constant": None, "clld_everywhere": None, "clld_adaptive": None, "focal": None}
    config = config_of(
        {"papers": ["clld"], "encoders": ["bert", "text_cnn"], **both},
        {"papers": ["clld"], "encoders": ["bert"], "datasets": ["newsgroups20"], "methods": further},
    )
    plan = Plan(config)
    found = {name: plan.shown(f"clld_{name}") for name in artefacts("clld")}
    assert {name: len(runs) for name, runs in found.items()} == {
        "table2": 2 * 2 * 2 * 2,
        "table3": 2 * 2 * 2 + 2 * 4,  # 20 Newsgroups only
        "table_ladder": 16 + 2 * 3,
        "figure2": 1,
    }
    assert {run.dataset for run in found["table3"]} == {"newsgroups20"}
    assert {run.method for run in found["table_ladder"]} == {*both["methods"], *further} - {"focal"}
    assert found["figure2"] == [run for run in plan.runs() if run.method == "clld_adaptive"][:1]


def test_what_each_artefact_of_push_and_pull_shows():
    """Two seeds: pretrained 1 run, two losses 4, bce 2, a further classifier 2, zero_shot 1."""
    plan = Plan(config_of(*PUSH_PULL))
    found = {name: len(plan.shown(f"push_pull_{name}")) for name in artefacts("push_pull")}
    assert found == {"table1": 1 + 4 + 2 + 2 + 1, "table_rules": 1 + 4 + 1, "table_ladder": 1 + 4, "figure1": 1 + 4}


def test_label_texts_and_zero_shot_are_in_no_table_of_another_paper_but_for_their_clusters():
    others = [paper for paper in papers() if paper != "push_pull"]
    methods = {"text_to_label": None, "margin": None}
    zero_shot = PUSH_PULL[1] | {"papers": others, "datasets": ["mine"]}
    plan = Plan(config_of({"papers": others, "datasets": ["mine"], "methods": methods}, zero_shot))
    assert len(plan.papers["abalone"]) == 2 * 2 + 1
    shown = {(paper, name): plan.shown(f"{paper}_{name}") for paper in others for name in artefacts(paper)}
    # But clustering quality is measured of every kind.
    assert {place for place, runs in shown.items() if runs} == {("abalone", "table4"), ("abalone", "figure2")}
