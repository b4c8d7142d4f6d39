"""What one machine has to share without a cluster: its GPUs, one for a job, and its memory. Imports nothing heavy."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pushpull.errors import InputError
from pushpull.lease import FOLDER, GPUS, make_folder

MEGABYTE = 10**6  # as Snakemake counts mem_mb; it turns mem_mib into it
CGROUP = Path("/sys/fs/cgroup")
MINE = Path("/proc/self/cgroup")


def share(workflow) -> None:
    """Limit the jobs at one time to the GPUs and the memory of this machine, where Snakemake runs them here itself.

    `--resources gpu=... mem_mb=...` goes before what is found. Jobs learn the GPUs from the environment and lease one
    each (`lease`). Without a GPU the rules that ask for one run on the CPU, so nothing is limited then.

    Args:
        workflow: Snakemake's own object.

    Raises:
        InputError: `--resources gpu=0`, or the folder of the leases cannot be written.
    """
    # While the rules are read the executor is not known yet; only a cluster has to have a number of nodes (`jobs:`).
    if not workflow.is_main_process or workflow.resource_settings.nodes is not None:
        return
    limits = workflow.global_resources  # so far what `--resources` says: mem and mem_mib are mem_mb there
    if limits.get("gpu").value == 0:
        # Snakemake would scale the rules' gpu=1 down to 0 without a word and start as many of them as there are cores.
        raise InputError(
            "--resources gpu=0: rules that train ask for gpu=1, and all would start at once on the same GPU; allowed: "
            "1 or more. Leave it out to share the GPUs that are found, or compute on the CPU by setting "
            "CUDA_VISIBLE_DEVICES= (empty)"
        )
    found = gpus()
    os.environ.pop(GPUS, None)
    if found:
        os.environ[GPUS] = ",".join(found)
        os.environ[FOLDER] = str(make_folder(Path(tempfile.gettempdir(), f"pushpull-gpus-{os.getuid()}")))
        limits.setdefault("gpu", len(found))
    limits.setdefault("mem_mb", memory_mb())


def gpus() -> list[str]:
    """Return what CUDA_VISIBLE_DEVICES calls the GPUs that this process may use, by UUID where that is known.

    They are asked of the driver's library, else of `nvidia-smi`; none without a driver. Of a CUDA_VISIBLE_DEVICES that
    is set, what stands behind an unknown entry counts as absent, as CUDA has it.

    Returns:
        Identifiers in the order of CUDA_VISIBLE_DEVICES, else of the driver, each once.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not visible.strip():
        return []
    there = _by_library() or _by_command()
    if visible is None or not there:
        return there
    return list(dict.fromkeys(_visible(visible, there)))


def memory_mb(mine: Path = MINE, root: Path = CGROUP) -> int:
    """Return the memory that this process may use, in MB of 10^6 bytes: of the machine, or less by its cgroup.

    Args:
        mine: the file that names the cgroups of this process.
        root: the folder where cgroups are mounted.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_cgroup_limits(mine, root)]
    return min(limits) // MEGABYTE


def _visible(visible: str, there: list[str]) -> Iterator[str]:
    for entry in (part.strip() for part in visible.split(",")):
        if entry.startswith("MIG-"):
            yield entry
            continue
        if entry.isdecimal():
            meant = there[int(entry) : int(entry) + 1]
        else:
            meant = [name for name in there if entry.startswith("GPU-") and name.startswith(entry)]
        if len(meant) != 1:
            return
        yield meant[0]


def _by_library() -> list[str]:
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return []
    if library.nvmlInit_v2() != 0:
        return []
    count, found = ctypes.c_uint(), []
    if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0:
        for number in range(count.value):
            handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(96)
            known = library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle)) == 0
            known = known and library.nvmlDeviceGetUUID(handle, name, len(name)) == 0
            found.append(name.value.decode() if known else str(number))
    library.nvmlShutdown()
    return found


def _by_command() -> list[str]:
    if not (command := shutil.which("nvidia-smi")):
        return []
    asked = [command, "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode:
        return []
    lines = [line.split(", ") for line in done.stdout.splitlines() if line[:1].isdecimal()]
    return [uuid.strip() if uuid.startswith("GPU-") else number for number, uuid in lines]


def _cgroup_limits(mine: Path, root: Path) -> Iterator[int]:
    """Yield the limits of this process's cgroup and of those above it, in bytes."""
    if not mine.is_file():
        return
    for line in mine.read_text(encoding="utf-8").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base, name = (root / "memory", "memory.limit_in_bytes") if controllers else (root, "memory.max")
        folder = base / place.lstrip("/")
        for each in (folder, *folder.parents):
            file = each / name
            text = file.read_text(encoding="utf-8").strip() if file.is_file() else "max"
            if text.isdecimal():  # without a limit it says "max", or in version 1 a number near 2^63
                yield int(text)
            if each == base:
                break
