"""What each program costs: memory (PSS, megabytes) and CPU (percent of a core), idle and while scanning; and
how long the scanner takes from its start to its first result.
"""

import time
from collections.abc import Callable

import psutil

from bench.site import running_site
from tests.end_to_end.shop import Shop
from tests.end_to_end.site import Site, eventually
from tests.factories.cards import as_png, card_image

SECONDS = 15.0
_PROGRAMS = ("scanner", "agent", "ingest", "worker", "web", "broker")


def main() -> None:
    """Print a table of all programs."""
    with running_site() as site:
        site.kill("scanner")
        started = time.perf_counter()
        site.start("scanner")
        ready = time.perf_counter() - started
        first = _first_scan(site, started)
        idle = _watch(site, lambda: time.sleep(SECONDS))
        busy = _watch(site, lambda: _scan_for(site, SECONDS))
        memory = {name: sum(_pss(each) for each in _family(site, name)) for name in _PROGRAMS}
    print(f"After the scanner's start: page {ready:.2f} s, first scan stored {first:.2f} s.")
    print("\n| | memory, MB (PSS) | CPU idle, % | CPU scanning, % |\n|---|---|---|---|")
    for name in _PROGRAMS:
        print(f"| {name} | {memory[name]:.0f} | {idle[name]:.1f} | {busy[name]:.1f} |")


def _first_scan(site: Site, started: float) -> float:
    known = len(site.scans())
    site.show(Shop(site).linked_cards()[0].url)
    eventually(lambda: len(site.scans()) > known, "the first scan is stored")
    return time.perf_counter() - started


def _watch(site: Site, work: Callable[[], None]) -> dict[str, float]:
    """Return each program's share of a core while ``work`` goes on."""
    families = {name: _family(site, name) for name in _PROGRAMS}
    before = {name: sum(map(_cpu, family)) for name, family in families.items()}
    started = time.perf_counter()
    work()
    took = time.perf_counter() - started
    return {name: 100 * (sum(map(_cpu, families[name])) - before[name]) / took for name in _PROGRAMS}


def _scan_for(site: Site, seconds: float) -> None:
    pictures = [as_png(card_image(card.url, seed=card.id)) for card in Shop(site).linked_cards()[20:60]]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for picture in pictures:
            site.show_image(picture)
            time.sleep(0.3)
            if time.perf_counter() >= until:
                return


def _family(site: Site, name: str) -> list[psutil.Process]:
    return [site.process(name), *site.children(name)]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _pss(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 1e6


if __name__ == "__main__":
    main()
