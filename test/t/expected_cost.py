#!/usr/bin/env python3
"""Costs of a call log, computed with exact decimals and without the extension.

usage: expected_cost.py LOG.csv COUNTS.csv PRICES.csv ...
Prints "request_id,cost" for every call. COUNTS has the exact token counts of the log's texts.
"""
import csv
import re
import sys
from datetime import datetime
from decimal import Decimal, getcontext

getcontext().prec = 100  # far beyond what any product here needs: nothing is rounded


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def base_name(model):
    """The price book's name of a model as a client wrote it."""
    name = re.sub(r"^(openai|azure)/", "", model.lower())
    return ":".join(name.split(":")[:2]) if name.startswith("ft:") else name


def billed(call, count):
    """The four meters of a call: the reported number, else the counted one."""
    cached = int(call["cache_read_tokens"] or 0)
    counted_input = int(count["counted_input_tokens"] or 0)
    return {
        "input": int(call["input_tokens"]) if call["input_tokens"] else max(counted_input - cached, 0),
        "cache_read": cached,
        "output": int(call["output_tokens"] or count["counted_output_tokens"] or 0),
        "reasoning": int(call["reasoning_tokens"] or 0),
    }


def unit_price(prices, provider, model, meter, at):
    """The price per token in effect; that of the whole where a part has none of its own."""
    for name in {"reasoning": ["output"], "cache_read": ["cache_read", "input"]}.get(meter, [meter]):
        rows = [p for p in prices
                if (p["provider"], p["model"], p["meter"], p["service_tier"], p["context_above"])
                == (provider, model, name, "standard", "0")
                and datetime.fromisoformat(p["effective_from"] + ":00") <= at]
        if rows:
            row = max(rows, key=lambda p: p["effective_from"])
            return Decimal(row["unit_price"]) / Decimal(row["unit_quantity"])
    raise SystemExit(f"no price for {meter} of {provider} {model} at {at}")


def cost(call, count, prices):
    at = datetime.fromisoformat(re.sub(r"\+00$", "+00:00", call["occurred_at"]))
    model = base_name(call["model"])
    return sum((tokens * unit_price(prices, call["provider"], model, meter, at)
                for meter, tokens in billed(call, count).items() if tokens > 0), Decimal(0))


def main():
    log, counts, *books = (read(path) for path in sys.argv[1:])
    prices = [price for book in books for price in book]
    count_of = {count["request_id"]: count for count in counts}
    for call in log:
        print(f"{call['request_id']},{cost(call, count_of[call['request_id']], prices):f}")


main()
