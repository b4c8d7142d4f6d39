"""The studies: one YAML file each in `studies/`, called like the study."""

from pathlib import Path

from pushpull.errors import InputError
from pushpull.files import read_yaml

FOLDER = Path("studies")
SHIPPED = Path(__file__).parents[3] / FOLDER
"""Of the workflow's checkout, which need not be the folder that it runs in: another workflow may import it."""


def with_studies(config: dict, folder: Path = FOLDER) -> dict:
    """Return the configuration with the studies of a folder, beside those that it brings itself (`--configfile`).

    Where there is no such folder, they are those that come with the workflow, less those of the same name.

    Raises:
        InputError: a file is no YAML, empty or no mapping, or two studies have the same name.
    """
    found = dict(config.get("studies") or {})
    if not folder.is_dir():
        return config | {"studies": {path.stem: _read(path) for path in sorted(SHIPPED.glob("*.yaml"))} | found}
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        if path.stem in found:
            raise InputError(f"{path}: there is another study called {path.stem}; call the file something else")
        found[path.stem] = _read(path)
    return config | {"studies": found}


def _read(path: Path) -> dict:
    study = read_yaml(path)
    if not isinstance(study, dict) or not study:
        what = "is empty" if not study else f"holds a {type(study).__name__}"
        raise InputError(
            f"{path} {what}; allowed: a mapping with title, seeds and experiments, as in studies/quick.yaml"
        )
    return study
