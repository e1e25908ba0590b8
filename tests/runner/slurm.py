"""A real SLURM on this machine: munged, slurmctld and several slurmd, all in one folder, ended again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
CONFIG = """\
ClusterName=test
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmctldPort={port}
SlurmdSpoolDir={folder}/%n
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
SlurmdParameters=config_overrides
SlurmdTimeout=20
SlurmctldTimeout=60
ReturnToService=2
KillWait=5
MinJobAge=300
SchedulerParameters=sched_interval=2
RebootProgram=/bin/false
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why SLURM cannot be started here, or an empty string."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    lacking = [name for name in NEEDED if not shutil.which(name, path=path)]
    if lacking:
        return f"{', '.join(lacking)} not here (Debian: apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "SLURM's test needs root"


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    """SLURM with nodes n1, n2, ...; its commands find it by ``environment``."""

    def __init__(self, folder: Path, nodes: int = 3):
        self.folder = folder
        folder.chmod(0o755)
        ports = _free_ports(nodes + 1)
        names = [f"n{i + 1}" for i in range(nodes)]
        lines = [
            f"NodeName={name} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={port} CPUs=2"
            " RealMemory=100000 State=UNKNOWN"
            for name, port in zip(names, ports[1:], strict=True)
        ]
        text = CONFIG.format(folder=folder, port=ports[0], nodes="\n".join(lines))
        (folder / "slurm.conf").write_text(text.replace("SlurmctldHost=localhost", self._host()))
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o400)
        (folder / "state").mkdir()
        path = f"{self._srun()}:{os.environ['PATH']}:/usr/sbin:/sbin"
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}
        self.servers: dict[str, subprocess.Popen] = {}
        try:
            self._start("munged", "munged", "--foreground", "--force", *self._munge())
            self._wait("munge's socket", lambda: (folder / "munge.socket").exists())
            self._start("slurmctld", "slurmctld", "-D", "-c")
            for name in names:
                self._start(name, "slurmd", "-D", "-N", name)
            ready = ["idle", str(nodes)]
            self._wait("idle nodes", lambda: self("sinfo", "-h", "-o", "%t %D").split() == ready)
        except BaseException:
            self.stop()
            raise

    def _srun(self) -> Path:
        """A folder with an srun that knows our configuration: inside a job Snakemake takes SLURM_* away."""
        script = self.folder / "bin" / "srun"
        script.parent.mkdir()
        script.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n'
        )
        script.chmod(0o755)
        return script.parent

    def _munge(self) -> list[str]:
        files = {"key-file": "munge.key", "pid-file": "munge.pid", "seed-file": "munge.seed"}
        files |= {"log-file": "munge.log", "socket": "munge.socket"}
        return [f"--{option}={self.folder / name}" for option, name in files.items()]

    @staticmethod
    def _host() -> str:
        return f"SlurmctldHost={socket.gethostname()}(127.0.0.1)"

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as out:
            self.servers[name] = subprocess.Popen(
                command, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )

    def _wait(self, what: str, ready, seconds: float = 600) -> None:
        for _ in range(int(seconds / 0.2)):
            if ready():
                return
            time.sleep(0.2)
        texts = [f"{p.name}: {p.read_text(errors='replace')[-600:]}" for p in self.folder.glob("*.log")]
        raise AssertionError(f"no {what} within {seconds:g} s\n" + "\n".join(texts))

    def __call__(self, *command: str) -> str:
        """The output of one of SLURM's commands, or an empty string where it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def lose(self, node: str) -> None:
        """Take a node away as a power cut does: its slurmd, its job steps, and all that they started."""
        daemon = psutil.Process(self.servers[node].pid)
        steps = [
            p for p in psutil.process_iter(["name"]) if p.info["name"] == "slurmstepd" and self._on(p, node)
        ]
        every = [daemon, *steps]
        every += [child for p in every for child in p.children(recursive=True)]
        for p in every:
            with contextlib.suppress(psutil.Error):
                p.kill()
        self.servers.pop(node).wait()

    def _on(self, step: psutil.Process, node: str) -> bool:
        """Whether one of a step's jobs runs on this node of ours."""
        with contextlib.suppress(psutil.Error):
            told = [p.environ() for p in step.children(recursive=True)]
            return any(
                e.get("SLURMD_NODENAME") == node and e.get("SLURM_CONF") == self.environment["SLURM_CONF"]
                for e in told
            )
        return False

    def stop(self) -> None:
        """End every server, and what is left of jobs."""
        self("scancel", "--state=RUNNING", "--user=root")
        for node in [n for n in self.servers if n not in ("munged", "slurmctld")]:
            self.lose(node)
        for server in self.servers.values():
            server.send_signal(signal.SIGTERM)
        for server in self.servers.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=20)
            if server.poll() is None:
                server.kill()
                server.wait()
