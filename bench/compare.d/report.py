#!/usr/bin/env python3
"""What bench/compare measured: a table on stdout, compare.json, and a chart if gnuplot is here.

    report.py --lines FILE [--json FILE] [--svg FILE] [--markdown FILE] RESULTS

--lines is bench/compare.d/lines. RESULTS has a line for each run (load, side, block and mqbench's
JSON, with tabs between them) and remarks that begin with #. Exit status: 0, or 2 with one line.
"""
import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys

OURS = "a"  # the side that all is about
AGREES = 0.95, 1.05  # a broker and itself must agree so well, or nothing can be concluded
RESAMPLES = 2000
UNITS = {"rate": "per_second", "us": "us", "ms": "ms", "bytes": "bytes", "count": "count",
         "speed": "bytes_per_second"}
# From so much on a figure is shown with this factor and this name.
SCALES = {
    "rate": [(1e6, 1e-6, " M/s"), (1e3, 1e-3, " k/s"), (0, 1, "/s")],
    "us": [(1e6, 1e-6, " s"), (1e3, 1e-3, " ms"), (0, 1, " us")],
    "ms": [(1e3, 1e-3, " s"), (0, 1, " ms")],
    "bytes": [(1e6, 1e-6, " MB"), (1e4, 1e-3, " kB"), (0, 1, " B")],
    "count": [(0, 1, "")],
    "speed": [(0, 1e-6, " MB/s")],
}
DISK = "disk"  # the "side" that is the disk itself, beside open loops
COLUMNS = ["id", "scenario", "ratio (95 %)", "TwinMQ", "other", "which", "CPU us", "memory MB",
           "written B", "target (stretch)", "met"]
OPEN_COLUMNS = ["id", "load", "side", "p50", "p99", "p99.9", "longest", "CPU us", "written B",
                "segments", "began late, p99", "send, p99", "failed", "disk: p50 / p99 / p99.9"]
OPEN_HEAD = """
Open loops: messages are due at a constant rate, and each time counts from then; with a consumer group
(P20) until a consumer has the message. "NO" is a missed target, which stands behind it.

"""
WARM_COLUMNS = ["before", "side", "seconds", "CPU us of the first window", "of the last three", ""]
WARM_HEAD = """
How warm the sides were, by the CPU a message of their brokers:

"""
FOOT = """
Ratios are medians of pairs, ours divided by theirs; for CPU, memory, bytes and times less is better.
CPU and bytes written are of the brokers, for each good message; memory is anonymous.
"""


def fail(text):
    print(f"compare: {text}", file=sys.stderr)
    sys.exit(2)


# ---- reading

def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def read_lines(path):
    lines = []
    for row in open(path, encoding="utf-8"):
        if not row.strip() or row.startswith("#"):
            continue
        fields = [field.strip() for field in row.split("|")]
        if len(fields) != 9 or fields[3] not in UNITS:
            fail(f"{path}: a line of the table is not understood: {row.strip()}")
        names = ["id", "load", "figure", "unit", "better", "of", "target", "stretch", "what"]
        line = dict(zip(names, fields))
        line["target"], line["stretch"] = number(fields[6]), number(fields[7])
        lines.append(line)
    return lines


def read_results(path):
    sheet = {"title": "", "when": "", "machine": "", "version": "", "incomplete": None,
             "labels": {}, "notes": [], "warm": [], "runs": []}
    for row in open(path, encoding="utf-8", errors="replace"):
        fields = row.rstrip("\n").split("\t")
        try:
            if not row.strip():
                continue
            if fields[0] == "#note":
                sheet["notes"].append(fields[1])
            elif fields[0] == "#warm":
                before, side, seconds, end, cpu = fields[1:]
                sheet["warm"].append({"before": before, "side": side, "seconds": int(seconds),
                                      "steady": end == "steady",
                                      "cpu_us_per_message": [float(one) for one in cpu.split()]})
            elif fields[0] == "#side":
                sheet["labels"][fields[1]] = fields[2]
            elif fields[0].startswith("#"):
                if fields[0][1:] not in ("title", "when", "machine", "version", "incomplete"):
                    raise ValueError
                sheet[fields[0][1:]] = fields[1]
            else:
                load, side, block, result = fields
                sheet["runs"].append({"load": load, "side": side, "block": int(block),
                                      "result": json.loads(result)})
        except (ValueError, IndexError):
            fail(f"{path}: a line is not understood: {row.strip()[:200]}")
    return sheet


# ---- judging

def figure(run, path):
    at = run["result"]
    for part in path.split("."):
        at = at.get(part) if isinstance(at, dict) else None
    return at if isinstance(at, (int, float)) and not isinstance(at, bool) else None


def values(sheet, load, side, path):
    found = [figure(run, path) for run in sheet["runs"]
             if run["load"] == load and run["side"] == side]
    return [value for value in found if value is not None]


def median(numbers):
    return statistics.median(numbers) if numbers else None


def interval(numbers):
    """Holds 95 % of the medians of what is drawn from the numbers; the draws are always the same."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(numbers, k=len(numbers)))
                     for _ in range(RESAMPLES))
    return medians[RESAMPLES // 40], medians[-1 - RESAMPLES // 40]


def figures(sheet, line, side):
    return {
        "side": side,
        "value": median(values(sheet, line["load"], side, line["figure"])),
        "cpu_us_per_message": median(
            values(sheet, line["load"], side, "brokers.cpu_us_per_message")),
        "anonymous_bytes": median(
            values(sheet, line["load"], side, "brokers.anonymous_bytes_highest")),
        "written_bytes_per_message": median(
            values(sheet, line["load"], side, "brokers.written_bytes_per_message")),
    }


def compare(sheet, line, other):
    """The k-th run of ours belongs to their k-th: A B B A makes two pairs."""
    pairs = zip(values(sheet, line["load"], OURS, line["figure"]),
                values(sheet, line["load"], other["side"], line["figure"]))
    ratios = [ours / theirs for ours, theirs in pairs if theirs > 0]
    if ratios:
        low, high = interval(ratios)
        other.update(ratio=median(ratios), ratio_low=low, ratio_high=high, pairs=len(ratios))


def advantage(line, ratio):
    """How many times better: more than 1 is good, whatever is measured."""
    if line["better"] == "higher":
        return ratio
    return 1 / ratio if ratio else float("inf")


def verdict(line, ours, strongest):
    value = ours["value"]
    if line["of"] == "ratio":
        value = strongest.get("ratio") if strongest else None
    reached = [None if value is None or wanted is None else
               value >= wanted if line["better"] == "higher" else value <= wanted
               for wanted in (line["target"], line["stretch"])]
    return ("stretch" if reached[1] else None if reached[0] is None else
            "met" if reached[0] else "missed")


def judge(sheet, line):
    """None when there is no run of ours."""
    ours = figures(sheet, line, OURS)
    if ours["value"] is None:
        return None
    sides = dict.fromkeys(run["side"] for run in sheet["runs"]
                          if run["load"] == line["load"] and run["side"] not in (OURS, DISK))
    others = [figures(sheet, line, side) for side in sides]
    for other in others:
        compare(sheet, line, other)
    paired = [other for other in others if "ratio" in other]
    # Without pairs (nothing failed, say) the figure alone is shown.
    strongest = (min(paired, key=lambda other: advantage(line, other["ratio"])) if paired
                 else others[0] if others else None)
    return {"line": line, "ours": ours, "others": others, "strongest": strongest,
            "verdict": verdict(line, ours, strongest)}


def noise(judgements):
    """What TwinMQ against itself came to; None when that was not measured."""
    for one in judgements:
        if one["line"]["load"] == "aa" and one["strongest"] and "ratio" in one["strongest"]:
            return one["strongest"]
    return None


def is_noisy(aa):
    return not AGREES[0] <= aa["ratio"] <= AGREES[1]


# ---- the table

def show(unit, value):
    if value is None:
        return ""
    factor, name = next((factor, name) for least, factor, name in SCALES[unit]
                        if value >= least or least == 0)
    shown = value * factor
    return f"{shown:.0f}{name}" if shown >= 100 or unit == "count" else f"{shown:.3g}{name}"


def show_target(line):
    def wanted(value):
        if value is None:
            return "-"
        return f"{value:.3g}x" if line["of"] == "ratio" else show(line["unit"], value)

    if line["target"] is None and line["stretch"] is None:
        return ""
    stretch = f" ({wanted(line['stretch'])})" if line["stretch"] is not None else ""
    return f"{'>=' if line['better'] == 'higher' else '<='} {wanted(line['target'])}{stretch}"


def show_ratio(other):
    if not other or "ratio" not in other:
        return ""
    sure = f" ({other['ratio_low']:.2f}-{other['ratio_high']:.2f})" if other["pairs"] > 1 else ""
    return f"{other['ratio']:.2f}{sure}"


def show_both(ours, other, name, factor, decimals):
    shown = [f"{side[name] * factor:.{decimals}f}" for side in (ours, other or {})
             if side.get(name) is not None]
    return " / ".join(shown) if ours[name] is not None else ""


def state(sheet, aa):
    text = f"NOT COMPLETE: {sheet['incomplete']} " if sheet["incomplete"] else ""
    if aa is None:
        return text + "A/A check: not made."
    text += (f"A/A check: {aa['ratio']:.2f} ({aa['ratio_low']:.2f} to {aa['ratio_high']:.2f} in "
             f"{aa['pairs']} pairs), ")
    if is_noisy(aa):
        return text + ("outside of 0.95 to 1.05. THIS MACHINE IS TOO NOISY: NOTHING BELOW CAN BE "
                       "CONCLUDED.")
    return text + "within 0.95 to 1.05."


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
            for row in rows]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text) + "\n"


def is_open(sheet, load):
    return any(run["load"] == load and run["side"] == DISK for run in sheet["runs"])


def open_row(sheet, name, load, side, missed):
    def shown(unit, path):
        value = median(values(sheet, load, side, path))
        if value is None:
            return ""
        text = f"{value:.0f}" if unit is None else show(unit, value)
        target = missed.get(path) if side == OURS else None
        return f"{text} NO ({target})" if target else text

    def disk(path):
        return show("us", median(values(sheet, load, DISK, path)))

    late = any(run["result"].get("saturated") for run in sheet["runs"]
               if run["load"] == load and run["side"] == side)
    return [name, load, sheet["labels"].get(side, side) + (" SATURATED" if late else ""),
            shown("us", "latency_us.p50"), shown("us", "latency_us.p99"),
            shown("us", "latency_us.p99_9"), shown("us", "latency_us.max"),
            shown(None, "brokers.cpu_us_per_message"),
            shown(None, "brokers.written_bytes_per_message"), shown(None, "seals"),
            shown("us", "begin_late_us.p99"), shown("us", "send_p99_us"), shown(None, "failed"),
            " / ".join(disk(f"latency_us.{part}") for part in ("p50", "p99", "p99_9"))]


def open_table(sheet, judgements):
    """A row for each load with the disk beside it, and each side."""
    rows = [OPEN_COLUMNS]
    for load in dict.fromkeys(one["line"]["load"] for one in judgements):
        if not is_open(sheet, load):
            continue
        mine = [one for one in judgements if one["line"]["load"] == load]
        missed = {one["line"]["figure"]: show_target(one["line"])
                  for one in mine if one["verdict"] == "missed"}
        sides = dict.fromkeys(run["side"] for run in sheet["runs"]
                              if run["load"] == load and run["side"] != DISK)
        rows += [open_row(sheet, mine[0]["line"]["id"], load, side, missed) for side in sides]
    return OPEN_HEAD + aligned(rows) if len(rows) > 1 else ""


def warm_table(sheet):
    """Sessions, and all that was still falling."""
    rows = [WARM_COLUMNS]
    for one in sheet["warm"]:
        cpu = one["cpu_us_per_message"]
        if one["before"].startswith("session") or not one["steady"]:
            rows.append([one["before"], sheet["labels"].get(one["side"], one["side"]),
                         str(one["seconds"]), f"{cpu[0]:.1f}",
                         " ".join(f"{value:.1f}" for value in cpu[-3:]),
                         "" if one["steady"] else "THE BOUND IN TIME WAS REACHED"])
    return WARM_HEAD + aligned(rows) if len(rows) > 1 else ""


def table(sheet, judgements, aa):
    rows = [COLUMNS]
    for one in judgements:
        if is_open(sheet, one["line"]["load"]):
            continue
        line, ours, other = one["line"], one["ours"], one["strongest"]
        rows.append([
            line["id"], line["what"], show_ratio(other), show(line["unit"], ours["value"]),
            show(line["unit"], other["value"]) if other else "",
            sheet["labels"].get(other["side"], other["side"]) if other else "",
            show_both(ours, other, "cpu_us_per_message", 1, 1),
            show_both(ours, other, "anonymous_bytes", 1e-6, 1),
            show_both(ours, other, "written_bytes_per_message", 1, 0), show_target(line),
            {"missed": "NO", "met": "yes", "stretch": "yes, stretch", None: ""}[one["verdict"]]])
    facts = [f"{sheet[name]}  " for name in ("title", "when", "machine", "version") if sheet[name]]
    return "\n".join(facts + [state(sheet, aa), ""]) + "\n" + aligned(rows) + open_table(
        sheet, judgements) + warm_table(sheet) + FOOT + "".join(
            f"- {note}\n" for note in sheet["notes"])


# ---- compare.json

def document(sheet, judgements, aa):
    def named(side):
        return dict(side, side=sheet["labels"].get(side["side"], side["side"]))

    lines = [{
        "id": one["line"]["id"], "what": one["line"]["what"], "load": one["line"]["load"],
        "figure": one["line"]["figure"], "unit": UNITS[one["line"]["unit"]],
        "better": one["line"]["better"],
        "target_is": "ratio" if one["line"]["of"] == "ratio" else "value",
        "target": one["line"]["target"], "stretch": one["line"]["stretch"],
        "met": None if one["verdict"] is None else one["verdict"] != "missed",
        "stretch_met": one["verdict"] == "stretch", "ours": named(one["ours"]),
        "strongest": named(one["strongest"])["side"] if one["strongest"] else None,
        "others": [named(other) for other in one["others"]],
    } for one in judgements]
    runs = [named(run) for run in sheet["runs"]]
    return {**{name: sheet[name] for name in ("title", "when", "machine", "version", "incomplete")},
            "too_noisy": None if aa is None else is_noisy(aa), "lines": lines,
            "notes": sheet["notes"], "warm": [named(one) for one in sheet["warm"]], "runs": runs}


# ---- the chart

def plot(sheet, judgements, aa):
    """For gnuplot: a bar for each ratio to the strongest of the others; None without a ratio."""
    shown = [one for one in judgements if one["strongest"] and one["strongest"].get("ratio")]
    if not shown:
        return None

    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'

    rows, tics, least, most = [], [], 0.5, 4
    for row, one in enumerate(shown):
        line, other = one["line"], one["strongest"]
        at, low, high = (advantage(line, other[name] or other["ratio"])
                         for name in ("ratio", "ratio_low", "ratio_high"))
        target = advantage(line, line["target"]) if line["of"] == "ratio" and line["target"] else 1
        colour = {None: 0x8A94A0, "missed": 0xD9822B, "met": 0x3A8A57,
                  "stretch": 0x1F5FA8}[one["verdict"]]
        name = f"{line['id']}  {line['what']}"
        figures_of = (f"{at:.2f}x  {show(line['unit'], one['ours']['value'])} : "
                      f"{show(line['unit'], other['value'])}")
        rows.append(f"{at:g} {row} {min(low, high):g} {max(low, high):g} {target:g} {colour} "
                    f"{quoted(figures_of)}")
        tics.append(f"{quoted(name)} {row}")
        least, most = min(least, at, low, high), max(most, at, low, high, target)
    title = "\\n".join([sheet["title"], f"{sheet['when']}. {sheet['machine']}.", state(sheet, aa),
                        "times better than the strongest other; blue: stretch target met, green: "
                        "target met, orange: missed, grey: none; |: target"])
    return f"""set terminal svg size 1200,{24 * len(rows) + 170} noenhanced background "white"
set title "{title.replace('"', "'")}"
set logscale x 2
set grid xtics
set xrange [{least / 1.1:g}:{most * 1.1:g}]
set yrange [{len(rows)}:-1]
set ytics ({", ".join(tics)})
set rmargin 36
unset key
$rows << END
{chr(10).join(rows)}
END
plot $rows using 1:2:(1):1:($2-0.3):($2+0.3):6 with boxxyerror fill solid lc rgb variable, \\
     $rows using 1:2:3:4 with xerrorbars pt 0 lc "black", \\
     $rows using 5:2 with points pt "|" lc "black", \\
     $rows using ($4>1?$4:1):2:7 with labels left offset 2,0
"""


def draw(path, text):
    if shutil.which("gnuplot") is None:
        print(f"compare: no chart in {path}: gnuplot is not installed (apt-get install gnuplot-nox)",
              file=sys.stderr)
        return
    if text is None:
        print(f"compare: no chart in {path}: no line has a ratio", file=sys.stderr)
        return
    with open(path, "wb") as chart:
        done = subprocess.run(["gnuplot"], input=text.encode(), stdout=chart, check=False)
    if done.returncode != 0:
        fail(f"{path}: gnuplot ended with status {done.returncode}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", required=True)
    parser.add_argument("--json")
    parser.add_argument("--svg")
    parser.add_argument("--markdown")
    parser.add_argument("results")
    args = parser.parse_args()
    sheet = read_results(args.results)
    judgements = [one for one in (judge(sheet, line) for line in read_lines(args.lines)) if one]
    aa = noise(judgements)
    text = table(sheet, judgements, aa)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(document(sheet, judgements, aa), out, separators=(",", ":"),
                      ensure_ascii=False)
            out.write("\n")
    if args.markdown:
        with open(args.markdown, "w", encoding="utf-8") as out:
            out.write(text)
    sys.stdout.write(text)
    sys.stdout.flush()
    if args.svg:
        draw(args.svg, plot(sheet, judgements, aa))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
