"""How this workflow runs, whatever profile it is started with, or none."""

import os
import shlex
import sys
from pathlib import Path

from snakemake.settings.types import RerunTrigger

from pushpull.errors import InputError
from pushpull.files import read_yaml
from pushpull.job import GPU_IS_THERE, HUB_OFFLINE, print_anything
from pushpull.lease import GPUS
from pushpull.planning.config import check
from pushpull.planning.inputs import Inputs
from pushpull.planning.machine import share
from pushpull.planning.paths import check_paths
from pushpull.planning.plan import Plan
from pushpull.planning.studies import SHIPPED, with_studies


def read_config_files(workflow) -> None:
    """Read the files of the configuration before Snakemake does, which names no line and takes a key's last value.

    Raises:
        InputError: as `read_yaml`.
    """
    for path in map(Path, (*workflow.configfiles, "config.yaml")):
        if path.suffix in (".yaml", ".yml") and path.is_file():
            read_yaml(path)


def start(workflow, config: dict) -> Inputs:
    """Read the studies, check the configuration and plan its study; return what the rules ask.

    Args:
        workflow: Snakemake's own object; what makes a job run again and how one machine is shared is set in it.
        config: Snakemake's configuration, which the studies are added to.

    Raises:
        InputError: something in the configuration or in a study is wrong.
    """
    print_anything()
    _refuse_braces(Path.cwd(), SHIPPED.parent)
    config.update(with_studies(config))
    plan = Plan(check(config))
    # Jobs read the rules again, on machines that need not have what others read.
    if workflow.is_main_process and not plan.partial:
        check_paths(config)
    inputs = Inputs(plan)
    _name_python_plainly()
    _leave_out_code(workflow)
    share(workflow)
    _tell_of_gpus(workflow, config)
    _keep_offline()
    return inputs


def _tell_of_gpus(workflow, config: dict) -> None:
    """Tell jobs whether one that asks for a GPU is given one: by the cluster that it runs on, or of this machine's."""
    if not workflow.subprocess_exec:  # that one has been told
        given = workflow.remote_exec or bool(os.environ.get(GPUS))
        os.environ[GPU_IS_THERE] = "1" if given and config.get("allow_cpu") not in (True, "true") else ""


def _keep_offline() -> None:
    """Have jobs read encoders from the hub's cache alone; on a node without a network a load would ask for minutes."""
    os.environ.setdefault(HUB_OFFLINE, os.environ.get("HF_HUB_OFFLINE", "0"))
    os.environ["HF_HUB_OFFLINE"] = "1"


def _leave_out_code(workflow) -> None:
    """Leave out Snakemake's trigger of code, unless triggers are chosen on the command line.

    That one goes by the time of a script, which a checkout or a copy sets anew. What a script says is in the params of
    its rule, by `fingerprint`. Settings reach Snakemake's object only after the rules are read, so its class is mended;
    a profile would not do, since another one may be read, or none.
    """
    every = frozenset(RerunTrigger.all())

    def triggers(self) -> frozenset:
        chosen = frozenset(self.dag_settings.rerun_triggers)
        return chosen - {RerunTrigger.CODE} if chosen == every else chosen

    type(workflow).rerun_triggers = property(triggers)


def _name_python_plainly() -> None:
    """Name Python from this folder where its whole path has a space: Snakemake writes that unquoted into commands.

    (Its issue 2645.)
    """
    if shlex.quote(sys.executable) != sys.executable:
        sys.executable = os.path.relpath(sys.executable)


def _refuse_braces(*folders: Path) -> None:
    for folder in folders:
        if "{" in str(folder) or "}" in str(folder):
            raise InputError(f"{folder}: Snakemake cannot work where a path has a brace; give the folder another name")
