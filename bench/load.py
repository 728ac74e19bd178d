"""What calls and registrations cost, beside a peer in the same run: ``python -m bench.load``.

SIPp drives each server in turn at the same rate, round after round, over loopback. A server's cost
is the user and system time of its processes per 1,000 operations, which is comparable only at
equal rates: a sleeping process pays for every wake-up. The switch rates and limits every call and
makes each durable; Kamailio, if installed, registers, checks digests, counts calls and writes a
line per call, with ``kamailio/kamailio.cfg``.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
HOST = "127.0.0.1"
DOMAIN = "bench.test"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SCENARIOS = {"register": "register_auth.xml", "call": "uac_auth.xml", "options": "options.xml"}
HOLD_MS = 100


@dataclass(frozen=True)
class Result:
    """One load on one server."""

    operations: int
    failed: int
    retransmissions: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_s_per_1000(self) -> float:
        return self.cpu_s / max(1, self.operations) * 1000


class Server:
    """A server under test, in processes of its own."""

    def __init__(self, name: str, port: int, command: list[str], folder: Path) -> None:
        self.name = name
        self.port = port
        self.http_port = 0
        """Where it tells its metrics, if it does."""
        self._command = command
        self._folder = folder
        self._log = (folder / f"{name}.log").open("ab")
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_it_answers(self, *, seconds: float = 30.0) -> None:
        latest = time.monotonic() + seconds
        while time.monotonic() < latest:
            if self._process.poll() is not None:
                raise SystemExit(f"{self.name} ended at once")
            if self._answers():
                return
        raise SystemExit(f"{self.name} does not answer")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def restart(self) -> None:
        """End it and start it anew; what it keeps on disk it has again."""
        self.stop()
        self._log = (self._folder / f"{self.name}.log").open("ab")
        self._process = self._start()
        self.wait_until_it_answers(seconds=120.0)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            probe.settimeout(0.3)
            port = probe.getsockname()[1]
            lines = (
                f"OPTIONS sip:{DOMAIN} SIP/2.0",
                f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bKprobe{time.monotonic_ns()}",
                "Max-Forwards: 5",
                f"From: <sip:probe@{DOMAIN}>;tag=p",
                f"To: <sip:{DOMAIN}>",
                f"Call-ID: probe{port}",
                "CSeq: 1 OPTIONS",
                "Content-Length: 0",
            )
            try:
                probe.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), (HOST, self.port))
                probe.recv(4096)
            except OSError:
                time.sleep(0.1)
                return False
        return True


def main() -> None:
    arguments = read_arguments()
    if shutil.which("sipp") is None:
        sys.exit("bench.load needs SIPp (Debian: sip-tester)")
    with tempfile.TemporaryDirectory() as text, ExitStack() as stack:
        folder = Path(text)
        write_users(folder / "users.csv", arguments.users)
        servers = [start_switch(folder, arguments.users)]
        stack.callback(servers[0].stop)
        if shutil.which("kamailio") is not None:
            servers.append(start_kamailio(folder, arguments.users))
            stack.callback(servers[1].stop)
        else:
            print("note: no Kamailio here, so there is nothing to compare with")
        for server in servers:
            server.wait_until_it_answers()
        results: dict[tuple[str, str], list[Result]] = {}
        for number in range(arguments.rounds):
            for server in servers:
                run_sipp(server, "register", folder, count=arguments.users, rate=200)
                for load in arguments.loads.split(","):
                    result = run_sipp(
                        server,
                        load,
                        folder,
                        count=arguments.rate * arguments.seconds,
                        rate=arguments.rate,
                    )
                    results.setdefault((server.name, load), []).append(result)
                    print(f"round {number + 1} {server.name:9} {load:9} {line_of(result)}")
        report(results, servers, arguments)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rate", type=int, default=100, help="operations a second")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--loads", default="register,call,options")
    return parser.parse_args()


def start_switch(folder: Path, users: int, *, carrier_port: int | None = None) -> Server:
    """Start a switch with so many users, and a carrier for emergency calls if there is a port."""
    port, http = free_port(), free_port()
    config = folder / "bench.toml"
    config.write_text(
        f'state_folder = "{folder / "state"}"\ndomains = ["{DOMAIN}"]\n[log]\nlevel = "warning"\n'
    )
    accounts = "\n".join(
        f'[[accounts]]\nname = "u{i}"\ncustomer = "Bench"\narea_code = "30"\n'
        f'numbers = ["+49301234{i:06d}"]\n'
        f'devices = [{{ user = "u{i}", password = "password{i}" }}]'
        for i in range(users)
    )
    site = folder / "site.toml"
    carrier = (
        ""
        if carrier_port is None
        else f'[[trunks]]\nname = "carrier"\nhost = "{HOST}:{carrier_port}"\nis_emergency = true\n'
    )
    site.write_text(f'customers = ["Bench"]\n{accounts}\n{carrier}')
    freiton = [sys.executable, "-m", "freiton", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*freiton, "site", "import", str(site)], check=True, capture_output=True, env=environment
    )
    os.environ["PYTHONPATH"] = str(ROOT)
    command = [*freiton, "run", "--sip", f"{HOST}:{port}", "--http", f"{HOST}:{http}"]
    server = Server("freiton", port, command, folder)
    server.http_port = http
    return server


def start_kamailio(folder: Path, users: int) -> Server:
    port = free_port()
    command = [
        "kamailio", "-DD", "-E", "-f", str(HERE / "kamailio" / "kamailio.cfg"), "-Y", str(folder),
        "-m", "512", "-M", "16", "-A", f"PORT={port}", "-A", "CHILDREN=2", "-A", f"NUSERS={users}",
    ]  # fmt: skip
    return Server("kamailio", port, command, folder)


def write_users(path: Path, users: int) -> None:
    """Caller u(i) dials u(i + half), so that nobody is called by two at once."""
    lines = ["SEQUENTIAL"]
    for i in range(users):
        callee = (i + users // 2) % users
        lines.append(f"u{i};[authentication username=u{i} password=password{i}];u{callee}")
    path.write_text("\n".join(lines) + "\n")


def run_sipp(server: Server, load: str, folder: Path, *, count: int, rate: int) -> Result:
    """Run one load to its end."""
    uas_port, uac_port = 16_080 + server.port % 100 * 2, 16_081 + server.port % 100 * 2
    statistics_file = folder / f"{server.name}-{load}-{time.monotonic_ns()}.csv"
    command = [
        "sipp", f"{HOST}:{server.port}", "-sf", str(HERE / "scenarios" / SCENARIOS[load]),
        "-inf", str(folder / "users.csv"), "-key", "domain", DOMAIN,
        "-key", "contact_port", str(uas_port), "-key", "expires", "3600",
        "-i", HOST, "-p", str(uac_port), "-r", str(rate), "-m", str(count), "-l", "3000",
        "-d", str(HOLD_MS), "-nostdin", "-timeout", "120s", "-trace_stat", "-fd", "1",
        "-stf", str(statistics_file),
    ]  # fmt: skip
    with ExitStack() as stack:
        if load == "call":
            stack.callback(stop, start_callee(uas_port, folder))
            time.sleep(0.5)
        before, started = cpu_s(server.pid), time.monotonic()
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=180)
        # The last retransmission timers and log writes belong to the load as well.
        time.sleep(0.5)
        used, wall = cpu_s(server.pid) - before, time.monotonic() - started
    with statistics_file.open(newline="") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    return Result(
        operations=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
        cpu_s=used,
        wall_s=wall,
    )


def start_callee(port: int, folder: Path, *, most_s: int = 180) -> subprocess.Popen[bytes]:
    command = [
        "sipp", "-sf", str(HERE / "scenarios" / "uas.xml"), "-i", HOST, "-p", str(port),
        "-nostdin", "-timeout", f"{most_s}s",
    ]  # fmt: skip
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def cpu_s(root: int) -> float:
    """Return the user and system seconds of a process and all that it started."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = re.sub(r"^\d+ \(.*\) ", "", (entry / "stat").read_text()).split()
        except OSError:
            continue
        pid = int(entry.name)
        children.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += ticks.get(pid, 0)
        waiting += children.get(pid, [])
    return total / TICKS_PER_S


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def line_of(result: Result) -> str:
    return (
        f"{result.operations} done, {result.failed} failed, "
        f"{result.retransmissions} retransmissions, {result.cpu_s_per_1000:.3f} CPU s per 1,000"
    )


def report(
    results: dict[tuple[str, str], list[Result]],
    servers: list[Server],
    arguments: argparse.Namespace,
) -> None:
    print(f"\nmedian of {arguments.rounds} rounds at {arguments.rate} a second, CPU s per 1,000")
    for load in arguments.loads.split(","):
        costs = [
            statistics.median(one.cpu_s_per_1000 for one in results[server.name, load])
            for server in servers
        ]
        shown = "  ".join(
            f"{server.name} {cost:.3f}" for server, cost in zip(servers, costs, strict=True)
        )
        ratio = f"  ratio {costs[0] / costs[1]:.1f}" if len(costs) > 1 and costs[1] else ""
        failed = sum(one.failed for one in results[servers[0].name, load])
        print(f"{load:9} {shown}{ratio}  failed {failed}")


if __name__ == "__main__":
    main()
