#!/usr/bin/env python3
"""What the disk itself needs: 8 KiB written over what is there and fdatasync, again and again.

    disk.py FOLDER SECONDS

Prints JSON with latency_us as mqbench has it. The file is made, written once, and removed.
"""
import json
import os
import sys
import tempfile
import time

PAGE = 8192
PAGES = 512


def main():
    folder, seconds = sys.argv[1], float(sys.argv[2])
    block = os.urandom(PAGE)
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(PAGES):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic_ns()
            os.pwrite(file.fileno(), block, len(times) % PAGES * PAGE)
            os.fdatasync(file.fileno())
            times.append((time.monotonic_ns() - began) // 1000)
    times.sort()
    quantiles = {name: times[min(len(times) - 1, int(share * len(times)))]
                 for name, share in (("p50", 0.5), ("p99", 0.99), ("p99_9", 0.999))}
    print(json.dumps({"good": len(times), "latency_us": {**quantiles, "max": times[-1]}}))


if __name__ == "__main__":
    main()
