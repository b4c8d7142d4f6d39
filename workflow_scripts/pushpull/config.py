"""Checks config.yaml before anything runs: every mistake in one line, with the nearest valid name."""

from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError

from pushpull.data.readers import READERS
from pushpull.errors import InputError, unknown
from pushpull.losses.registry import CONTRASTIVE, SUPERVISED
from pushpull.paper.names import ARTEFACTS
from pushpull.settings import KINDS, NULLABLE, SETTINGS

SCHEMA = Path(__file__).with_name("config.schema.yaml")


def check(config: dict) -> None:
    """Check a whole configuration.

    Raises:
        InputError: one line per mistake, each with the key, the value, and what is allowed.
    """
    problems = [_say(error) for error in Draft202012Validator(_schema()).iter_errors(config)]
    if not problems:
        problems = [*_datasets(config), *_methods(config), *_studies(config)]
    if problems:
        raise InputError("config.yaml is not valid:\n" + "\n".join(f"  {problem}" for problem in sorted(problems)))


def _schema() -> dict:
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    single = {key: _setting_schema(key) for key in SETTINGS}
    schema["$defs"]["method"]["properties"] |= single
    schema["$defs"]["grid"]["properties"] = {
        key: {"anyOf": [value, {"type": "array", "minItems": 1, "uniqueItems": True, "items": value}]}
        for key, value in single.items()
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
    if error.validator == "anyOf":  # a setting that may be one value or a grid: speak of the likelier of the two
        wanted = "array" if isinstance(error.instance, list) else "value"
        branch = [e for e in error.context if ("items" in e.schema_path or e.validator != "type") or wanted == "value"]
        return _say((branch or error.context)[0])
    where = ".".join(str(part) for part in error.absolute_path) or "top level"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = error.schema.get("properties", {})
        extra = [key for key in error.instance if key not in allowed]
        return "; ".join(f"{where}: {unknown('key', key, allowed)}" for key in extra)
    if error.validator == "enum":
        return f"{where}: {unknown('value', error.instance, error.validator_value)}"
    if error.validator == "oneOf":
        ways = "package + sha256, hub + revision, or package + random"
        return f"{where}: an encoder needs {ways}; it has {', '.join(error.instance)}"
    return f"{where}: {error.message}"


def _datasets(config: dict) -> list[str]:
    problems = []
    for name, entry in config["datasets"].items():
        where = f"datasets.{name}"
        if entry["reader"] not in READERS:
            problems.append(f"{where}.reader: {unknown('reader', entry['reader'], READERS)}")
        elif entry["reader"] in ("csv", "jsonl"):
            missing = [key for key in ("files", "text", "labels") if key not in entry]
            problems += [f"{where}: a {entry['reader']} dataset needs the key {key!r}" for key in missing]
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
        losses = CONTRASTIVE if kind == "contrastive" else SUPERVISED
        if kind != "pretrained" and entry.get("loss") not in losses:
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
        for index, experiment in enumerate(study["experiments"]):
            where = f"studies.{name}.experiments.{index}"
            known = {
                "papers": ARTEFACTS,
                **{part: config[part] for part in ("datasets", "encoders", "methods")},
            }
            for part, allowed in known.items():
                wrong = [value for value in experiment[part] if value not in allowed]
                problems += [f"{where}.{part}: {unknown(part[:-1], value, allowed)}" for value in wrong]
            for method in experiment["methods"]:
                parent = config["methods"].get(method, {}).get("parent")
                if parent and parent not in experiment["methods"]:
                    problems.append(f"{where}.methods: {method} starts from {parent}, which is not among the methods")
    return problems
