"""``make bench``: measures, and prints each figure beside a baseline from the same run."""

import platform

import psutil

from bench import processes, pull, push, reader, resolve, way


def main() -> None:
    """Run every benchmark, one after another."""
    memory = psutil.virtual_memory().total >> 30
    print(
        f"{platform.machine()}, {psutil.cpu_count()} cores, {memory} GiB, Python {platform.python_version()}"
    )
    print("\n## Reading\n")
    reader.main()
    print("\n## From a card's code to its entry\n")
    resolve.main()
    print("\n## From a frame to the screen\n")
    way.main()
    print("\n## A revocation\n")
    push.main()
    print("\n## A full pull\n")
    pull.main()
    print("\n## What each program costs\n")
    processes.main()


if __name__ == "__main__":
    main()
