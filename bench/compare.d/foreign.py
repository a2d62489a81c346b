#!/usr/bin/env python3
"""One run of a server that is no RocketMQ, by its own generator.

    foreign.py redis PID PORT CONNECTIONS DEPTH SECONDS GUESS
    foreign.py nats  PID PORT CONNECTIONS DEPTH SECONDS GUESS

CONNECTIONS clients with DEPTH sends in flight each; DEPTH sends leave together, and the next ones
when all are acknowledged, as redis-benchmark -P and nats bench --batch do it. GUESS is a file with
the rate of the last run, which says how many messages take SECONDS. Prints JSON as mqbench does.
"""
import json
import os
import re
import subprocess
import sys
import time

BODY = 1024
FIRST = 2000  # messages of a first run


def usage(pid):
    """CPU in us, bytes written, anonymous memory in bytes."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    cpu_us = (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        written = int(re.search(r"^write_bytes: (\d+)", file.read(), re.M).group(1))
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        anonymous = int(re.search(r"^RssAnon:\s*(\d+)", file.read(), re.M).group(1)) * 1024
    return cpu_us, written, anonymous


def run(words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def redis(port, connections, depth, n):
    at = ["-h", "127.0.0.1", "-p", port]
    run(["redis-cli", *at, "DEL", "bench"])
    out = run(["redis-benchmark", *at, "--csv", "-c", connections, "-P", depth, "-n", str(n),
               "XADD", "bench", "*", "body", "x" * BODY])
    rps, _, _, p50, _, p99, most = (
        float(field.strip('"')) for field in out.strip().splitlines()[-1].rsplit(",", 7)[1:])
    return rps, {"p50": p50 * 1e3, "p99": p99 * 1e3, "max": most * 1e3}


def nats(port, connections, depth, n):
    how = ["sync"] if depth == "1" else ["async", "--batch", depth]
    out = run(["nats", "--no-context", "-s", f"nats://127.0.0.1:{port}", "bench", "js", "pub",
               *how, "bench", "--stream", "bench", "--create", "--purge", "--storage", "file",
               "--maxbytes", "8GB", "--clients", connections, "--msgs", str(n), "--size",
               str(BODY), "--no-progress"])
    return float(re.findall(r"stats: ([\d,]+) msgs/sec", out)[-1].replace(",", "")), {}


def main():
    kind, pid, port, connections, depth, seconds, guess = sys.argv[1:]
    n = FIRST
    if os.path.exists(guess):
        with open(guess, encoding="ascii") as file:
            n = max(FIRST // 4, int(float(file.read()) * float(seconds)))
    n -= n % (int(connections) * int(depth))
    before, began = usage(pid), time.monotonic()
    rate, latency_us = {"redis": redis, "nats": nats}[kind](port, connections, depth, n)
    after, took = usage(pid), time.monotonic() - began
    with open(guess, "w", encoding="ascii") as file:
        file.write(str(rate))
    print(json.dumps({
        "good": n, "seconds": took, "good_per_second": rate, "latency_us": latency_us, "failed": 0,
        "brokers": {"cpu_us_per_message": (after[0] - before[0]) / n,
                    "anonymous_bytes": after[2], "anonymous_bytes_highest": after[2],
                    "written_bytes_per_message": (after[1] - before[1]) / n}}))


if __name__ == "__main__":
    main()
