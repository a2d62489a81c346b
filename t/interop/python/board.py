"""Evaluates each query of the Grafana board at a Prometheus: board.py BOARD URL.

Prints a line for each query: "ok TITLE" or "not ok TITLE: why", and takes the variables of the board
as a user of it does who chose all jobs.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request


def evaluate(url, expression):
    """None, or why the query gives nothing."""
    query = urllib.parse.urlencode({"query": expression})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/v1/query?{query}", timeout=60) as answer:
            result = json.load(answer)
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    return None if result["data"]["result"] else "no data"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        board = json.load(file)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"].replace("$job", ".*").replace("$__rate_interval", "30s")
            why = evaluate(sys.argv[2], expression)
            name = f'{panel["title"]} ({target["refId"]})'
            print(f"ok {name}" if why is None else f"not ok {name}: {why}: {expression}")


main()
