"""How many processes a load needs, by what was measured: `python -m tests.bench.capacity --help`.

The figures are those of deploy/SCALE.md, each with its command there; its examples are tested by
`tests/ops/test_scale.py`.
"""

import argparse
from dataclasses import dataclass
from math import ceil

# A half of what was measured on loopback, for TLS, other machines and what else a host does.
EDGE_PER_SECOND = 20_000  # tracked links a process answers
INGEST_SQLITE_PER_SECOND = 17_000  # hits a data folder's ingester takes, as measured
INGEST_POSTGRES_PER_SECOND = 10_600  # the same, with the server's share
CONNECTIONS = 48  # that a process may hold at PostgreSQL when it is busy
BESIDE = 2  # an ingester and a sender, or one of them and the migration


@dataclass(frozen=True, slots=True)
class Need:
    """What a load needs."""

    machines: int  # that answer links, each with its data folder and ingester
    edges: int  # processes in all
    lag_seconds: int  # until the last click of a peak is in
    connections: int  # max_connections of PostgreSQL; 0 on SQLite


def need(*, clicks_per_second: int, peak_seconds: int, machines: int, sqlite: bool) -> Need:
    """What a peak needs: so many clicks a second, so long, over so many machines.

    Args:
        machines: on SQLite 1; with PostgreSQL each has its own ingester.
    """
    edges = max(machines, ceil(clicks_per_second / EDGE_PER_SECOND))
    taken = INGEST_SQLITE_PER_SECOND if sqlite else INGEST_POSTGRES_PER_SECOND * machines
    backlog = max(0, clicks_per_second - taken) * peak_seconds
    connections = 0 if sqlite else CONNECTIONS * (edges + BESIDE * machines)
    return Need(machines, edges, ceil(backlog / taken), connections)


def main() -> None:
    """Print what a load needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks-per-second", type=int, required=True)
    parser.add_argument("--peak-seconds", type=int, default=60)
    parser.add_argument("--machines", type=int, default=1)
    parser.add_argument("--sqlite", action="store_true")
    print(need(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
