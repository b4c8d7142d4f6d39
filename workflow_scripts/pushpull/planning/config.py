"""Checks config.yaml before anything runs: every mistake in one line, with the nearest valid name."""

from math import isfinite
from pathlib import Path

from jsonschema import Draft202012Validator, ValidationError, validators

from pushpull.data import facts
from pushpull.encoders.registry import CARD_KEYS
from pushpull.errors import InputError, unknown
from pushpull.files import read_yaml
from pushpull.kinds import KINDS, NULLABLE, SETTINGS
from pushpull.losses.registry import LOSSES
from pushpull.papers import papers
from pushpull.planning.studies import with_studies

SCHEMA = Path(__file__).with_name("config.schema.yaml")
# JSON Schema counts 4.0 as an integer and NaN as a number; a path `ep4.0` and a learning rate NaN help nobody.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda _, value: isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value),
    }
)
_Validator = validators.extend(Draft202012Validator, type_checker=_TYPES)


def check(config: dict) -> dict:
    """Check a whole configuration and return it.

    Raises:
        InputError: one line per mistake, each with the key, the value, and what is allowed.
    """
    problems = [_say(error) for error in _Validator(_schema()).iter_errors(config)]
    if not problems:
        problems = [*_datasets(config), *_encoders(config), *_methods(config), *_studies(config)]
    if problems:
        raise InputError("config.yaml is not valid:\n" + "\n".join(f"  {problem}" for problem in sorted(problems)))
    return config


def load_config(study: str | None, path: Path = Path("config.yaml")) -> dict:
    """Read and check the configuration; `study` goes before the one that it names, as `--config study=` does.

    Raises:
        InputError: there is no such file, it is no YAML, or it is not valid (an unknown study among that).
    """
    try:
        config = read_yaml(path) or {}
    except FileNotFoundError:
        raise InputError(f"there is no {path} here; run this in the folder of the Snakefile") from None
    if study is not None:
        config["study"] = study
    return check(with_studies(config, path.parent / "studies"))


def _schema() -> dict:
    schema = read_yaml(SCHEMA)
    single = {key: _setting_schema(key) for key in SETTINGS}
    schema["$defs"]["method"]["properties"] |= single
    schema["$defs"]["grid"]["properties"] = {
        key: {"anyOf": [value, {"type": "array", "minItems": 1, "uniqueItems": True, "items": value}]}
        for key, value in single.items()
        if key not in ("loss", "parent")  # what a method is, is said under methods
    }
    return schema


def _setting_schema(key: str) -> dict:
    setting = SETTINGS[key]
    if not setting.allowed:
        return {"type": "string"}
    if not isinstance(setting.allowed[0], (int, float)) or isinstance(setting.default, bool):
        return {"enum": list(setting.allowed)}
    kind = "number" if isinstance(setting.default, float) else "integer"
    return {
        "type": [kind, "null"] if key in NULLABLE else kind,
        "minimum": setting.allowed[0],
        "maximum": setting.allowed[1],
    }


def _say(error: ValidationError) -> str:
    """One line for a schema error: where, what was found, what is allowed."""
    if error.validator == "anyOf":  # one value or a grid, nothing or settings: speak of what was meant
        return _say(max(error.context, key=lambda branch: (_fits_shape(branch), len(branch.absolute_path))))
    where = ".".join(str(part) for part in error.absolute_path) or "top level"
    if "propertyNames" in error.absolute_schema_path:
        return (
            f"{where}: {error.instance!r} is no name; allowed: small letters, digits and _, a letter first, 100 in all"
        )
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = error.schema.get("properties", {})
        extra = [key for key in error.instance if key not in allowed]
        return "; ".join(f"{where}: {unknown('key', key, allowed)}" for key in extra)
    if error.validator == "enum":
        return f"{where}: {unknown('value', error.instance, error.validator_value)}"
    if error.validator == "oneOf":
        ways = (
            "pooling with package + sha256, hub + revision or package + random; hub + revision + nli; or architecture"
        )
        return f"{where}: an encoder needs {ways}; it has {', '.join(error.instance)}"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{where}: {error.instance!r}; allowed: {error.schema['description']}"
    hint = ""
    if error.validator == "type" and isinstance(error.instance, str) and error.instance.lower().count("e") == 1:
        hint = f"; YAML reads {error.instance} as text, write it with a dot: 5.0e-5"
    return f"{where}: {error.message}{hint}"


def _fits_shape(error: ValidationError) -> bool:
    """Whether the branch of an `anyOf` that failed was at least for a value of this shape (list, mapping, other)."""
    if error.validator != "type" or error.relative_path:
        return True
    shapes = {"array": list, "object": dict}
    wanted = error.validator_value if isinstance(error.validator_value, str) else error.validator_value[0]
    return wanted != "null" and isinstance(error.instance, shapes.get(wanted, (str, int, float)))


def _datasets(config: dict) -> list[str]:
    lines = [f"datasets.{name}.{line}" for name, entry in config["datasets"].items() for line in facts.problems(entry)]
    return lines + [
        f"{part}.{name}.printed_as: {unknown('paper', paper, papers())}"
        for part in ("datasets", "encoders")
        for name, entry in config[part].items()
        for paper in entry.get("printed_as", {})
        if paper not in papers()
    ]


def _encoders(config: dict) -> list[str]:
    problems = []
    everywhere = ("title", "printed_as", "architecture")
    only_built = {key for keys in CARD_KEYS.values() for key in keys} - {"dropout"}
    for name, card in config["encoders"].items():
        where, architecture = f"encoders.{name}", card.get("architecture")
        if architecture:
            allowed = (*everywhere, *CARD_KEYS[architecture])
            problems += [
                f"{where}: {unknown(f'key of {architecture}', key, allowed)}" for key in card if key not in allowed
            ]
        else:
            problems += [f"{where}: {key} goes with architecture only" for key in card if key in only_built]
            if "remote_code" in card and "hub" not in card:
                problems.append(f"{where}.remote_code: goes with hub only, whose revision pins the code")
            if "pickled" in card and ("hub" not in card or card["pooling"] == "published"):
                problems.append(f"{where}.pickled: goes with hub and with pooling cls or mean only")
            if card.get("random") and card.get("pooling") == "published":
                problems.append(f"{where}.pooling: a random encoder has nothing published; allowed: cls, mean")
    return problems


def _methods(config: dict) -> list[str]:
    problems = []
    for name, entry in config["methods"].items():
        where, kind = f"methods.{name}", entry["kind"]
        if kind not in KINDS:
            problems.append(f"{where}.kind: {unknown('kind', kind, KINDS)}")
            continue
        used = [key for key, setting in SETTINGS.items() if kind in setting.kinds]
        problems += [
            f"{where}: {unknown(f'setting of a {kind} method', key, used)}"
            for key in entry
            if key in SETTINGS and key not in used
        ]
        losses = LOSSES[KINDS[kind].losses]
        if losses and entry.get("loss") not in losses:
            problems.append(f"{where}.loss: {unknown('loss', entry.get('loss'), losses)}")
        parents = [key for key, other in config["methods"].items() if other["kind"] == "contrastive"]
        if kind == "finetune" and entry.get("parent") not in parents:
            problems.append(f"{where}.parent: {unknown('contrastive method', entry.get('parent'), parents)}")
    return problems


def _studies(config: dict) -> list[str]:
    problems = []
    if config["study"] not in config["studies"]:
        problems.append(f"study: {unknown('study', config['study'], config['studies'])}")
    for name, study in config["studies"].items():
        strange = [paper for paper in study.get("notes", {}) if paper not in papers()]
        problems += [f"studies.{name}.notes: {unknown('paper', paper, papers())}" for paper in strange]
        for index, experiment in enumerate(study["experiments"]):
            where = f"studies.{name}.experiments.{index}"
            known = {
                "papers": papers(),
                **{part: config[part] for part in ("datasets", "encoders", "methods")},
            }
            for part, allowed in known.items():
                wrong = [value for value in experiment[part] if value not in allowed]
                problems += [f"{where}.{part}: {unknown(part[:-1], value, allowed)}" for value in wrong]
            problems += _too_long(config, experiment, where)
            kinds = {config["methods"].get(method, {}).get("kind") for method in experiment["methods"]}
            used = [key for key, setting in SETTINGS.items() if kinds & set(setting.kinds)]
            idle = [key for key in experiment.get("settings", {}) if key not in used]
            problems += [f"{where}.settings: {unknown('setting of these methods', key, used)}" for key in idle]
            for method, given in experiment["methods"].items():
                kind = config["methods"].get(method, {}).get("kind")
                used = [key for key, setting in SETTINGS.items() if kind in setting.kinds]
                unused = [key for key in given or {} if kind in KINDS and key not in used]
                wrong = f"setting of a {kind} method"
                problems += [f"{where}.methods.{method}: {unknown(wrong, key, used)}" for key in unused]
                parent = config["methods"].get(method, {}).get("parent")
                if parent and parent not in experiment["methods"]:
                    problems.append(f"{where}.methods: {method} starts from {parent}, which is not among the methods")
    return problems


def _too_long(config: dict, experiment: dict, where: str) -> list[str]:
    """Texts cut at more tokens than an encoder's `max_length`."""
    cut = set()
    for method, given in experiment["methods"].items():
        default = {"max_tokens": SETTINGS["max_tokens"].default} | config["methods"].get(method, {})
        value = (default | experiment.get("settings", {}) | (given or {}))["max_tokens"]
        cut |= set(value if isinstance(value, list) else [value])
    limits = {name: config["encoders"].get(name, {}).get("max_length") for name in experiment["encoders"]}
    return [
        f"{where}: max_tokens {value} is more than encoders.{name}.max_length, {limit}"
        for name, limit in limits.items()
        for value in sorted(cut)
        if limit and value > limit
    ]
