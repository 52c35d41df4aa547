"""A SLURM cluster of one node on this machine: loopback only, without systemd, ended by the ids of its processes."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
CONFIG = Path("/etc/slurm/slurm.conf")
"""Where SLURM's commands look; $SLURM_CONF won't do, because the executor drops every SLURM variable."""

SETTINGS = """
ClusterName=hiermeta
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
MinJobAge=600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not():
    """What keeps this machine from being a SLURM node; empty if nothing does."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"SLURM isn't installed ({', '.join(missing)}); on Debian: apt-get install slurm-wlm munge"
    if os.geteuid() != 0:
        return "starting SLURM's daemons needs root"
    if os.path.lexists(CONFIG):
        return f"{CONFIG} exists: this machine has a SLURM of its own, which stays untouched"
    return ""


def _settings(folder, host):
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) // 1024
    return SETTINGS.format(folder=folder, host=host, cpus=os.cpu_count(), memory=memory - 1024)


def _munge(folder):
    """The command of an authentication daemon with a key and a socket of its own."""
    place = folder / "munge"
    place.mkdir(mode=0o700)
    key = place / "key"
    key.touch(mode=0o400)
    key.write_bytes(secrets.token_bytes(1024))
    for path in (place, key):
        shutil.chown(path, "munge", "munge")
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return ["munged", "--foreground", "--force", *(f"--{option}={place / name}" for option, name in files.items())]


def _ended(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


class Job(NamedTuple):
    """A job as SLURM remembers it: its state and the memory it asked for."""

    state: str
    memory: str


def jobs():
    """Every job that SLURM remembers, by id."""
    command = ["squeue", "--noheader", "--states=all", "--format=%i %T %m"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {int(number): Job(state, memory) for number, state, memory in map(str.split, listing.splitlines())}


@contextmanager
def slurm_node():
    """Run munged, slurmctld and slurmd; yields the folder of their logs.

    Raises
    ------
    TimeoutError
        The node isn't ready within a minute.
    """
    host = socket.gethostname().split(".")[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "slurm.conf").write_text(_settings(folder, host))
        CONFIG.symlink_to(folder / "slurm.conf")
        stack.callback(CONFIG.unlink)

        def start(command, **options):
            log = stack.enter_context(open(folder / f"{command[0]}.log", "wb"))
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **options)
            stack.callback(_ended, process)

        start(_munge(folder), user="munge", group="munge", extra_groups=[])
        _until((folder / "munge" / "socket").exists, "munged has no socket")
        start(["slurmctld", "-D"])
        start(["slurmd", "-D", "-N", host])
        idle = ["sinfo", "--noheader", "--format=%t"]
        _until(lambda: subprocess.run(idle, capture_output=True).stdout.strip() == b"idle", "the node isn't idle")
        yield folder
