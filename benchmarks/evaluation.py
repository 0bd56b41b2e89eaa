"""The evaluator against a plain threshold-by-threshold one (``reference_evaluation.py``): same results, time, memory.

Goals G1 to G6 and G12. Both sides judge the same raw maps in one process and one thread, interleaved map by map; CPU
time, ratio of the sums (only the row of two threads is wall time). Exits with 1 where results differ or a goal is
missed: ``python benchmarks/evaluation.py [--maps N]``.
"""

import argparse
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table: what was measured, the ratio, the goal, and whether results were equal."""

    goal: str
    what: str
    reference_ms: float | None
    ours_ms: float
    ratio: float
    target: float | None
    equal: bool
    at_most: bool = False
    doubt: str = ''
    """Why the machine cannot tell, if it cannot."""

    @property
    def reached(self) -> bool:
        """Whether the goal is met with equal results."""
        if self.target is None or self.doubt:
            return self.equal
        return self.equal and (self.ratio <= self.target if self.at_most else self.ratio >= self.target)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--maps', type=int, default=20, help='maps of each kind (default: 20)')
    parser.add_argument('--only', metavar='GOAL', help='one goal, such as G2')
    parser.add_argument('--rounds', type=int, default=5, help='rounds of the row of two threads (default: 5)')
    return parser.parse_args(argv)


def make_maps(kind: str, count: int):
    """Raw maps and true boxes: 'smooth' 14x14 noise, 'blob' a few Gaussians at 28x28, 'noise' at full size."""
    import numpy as np

    rng = np.random.default_rng(['smooth', 'blob', 'noise'].index(kind))
    maps = []
    for _ in range(count):
        if kind == 'smooth':
            raw = rng.normal(size=(14, 14))
        elif kind == 'noise':
            raw = rng.random((224, 224))
        else:
            y, x = np.indices((28, 28))
            raw = 0.02 * rng.random((28, 28))
            for _ in range(rng.integers(1, 4)):
                cy, cx, width = rng.uniform(4, 24), rng.uniform(4, 24), rng.uniform(2, 6)
                raw += rng.uniform(0.4, 1) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
        corner = rng.integers(0, 120, (rng.integers(1, 3), 2))
        maps.append((raw.astype(np.float32), np.concatenate([corner, corner + rng.integers(30, 100, corner.shape)], 1)))
    return maps


def race(slow: Callable, fast: Callable, items: list) -> tuple[float, float]:
    """CPU milliseconds per item of two functions, called in turns."""
    slow(*items[0])
    fast(*items[0])
    spent = [0, 0]
    for k, item in enumerate(items):
        order = ((0, slow), (1, fast)) if k % 2 else ((1, fast), (0, slow))
        for side, function in order:
            start = time.process_time_ns()
            function(*item)
            spent[side] += time.process_time_ns() - start
    return spent[0] / len(items) / 1e6, spent[1] / len(items) / 1e6


def box_counter(name: str, interval: float):
    """Our evaluator of one protocol, without the fixed threshold: its counts, and the function that adds a map."""
    from wsolzoo.evaluation.localization import protocols
    from wsolzoo.evaluation.localization.counts import BoxCounts
    from wsolzoo.evaluation.localization.records import box_record

    protocol = protocols.vary(name, f'{name} at {interval}', threshold={'interval': interval, 'fixed': None})
    thresholds = protocol.threshold.grid()
    counts = BoxCounts(protocol, thresholds)
    return counts, lambda raw, truths: counts.add(box_record(raw, truths, protocol, thresholds, (224, 224)), 0)


def box_rows(goal: str, name: str, interval: float, target: float | None, count: int, note: str = '') -> list[Row]:
    """Time and compare one box protocol on smooth maps, on blobs, and (which the goal is about) on both together."""
    import numpy as np
    from reference_evaluation import BoxEvaluator

    second, rows = name == 'choe2020-v2', []
    for kind in ('smooth', 'blob'):
        reference = BoxEvaluator(interval, (0.3, 0.5, 0.7) if second else (0.5,), second)
        counts, add = box_counter(name, interval)
        slow, fast = race(reference.add, add, make_maps(kind, count))
        equal = np.array_equal(reference.hits, counts.total().hits[0])
        rows.append(Row('', f'{name} {interval:g}{note}, {kind}', slow, fast, slow / fast, None, equal))
    slow, fast = (sum(row[side] for row in rows) / 2 for side in (2, 3))
    equal = all(row.equal for row in rows)
    return [*rows, Row(goal, f'{name} {interval:g}{note}, both', slow, fast, slow / fast, target, equal)]


def worst_case_rows(count: int) -> list[Row]:
    """White noise against blobs, both ours; a ratio of at most 10 is asked for."""
    rows = []
    for name in ('choe2020-v1', 'choe2020-v2'):
        _, add = box_counter(name, 0.001)
        noise, blobs = make_maps('noise', count), make_maps('blob', count)
        pairs = [(*a, *b) for a, b in zip(noise, blobs, strict=True)]
        worst, usual = race(lambda a, b, c, d, add=add: add(a, b), lambda a, b, c, d, add=add: add(c, d), pairs)
        rows.append(Row('G4', f'{name} noise / blob', worst, usual, worst / usual, 10, True, at_most=True))
    return rows


def pixel_row(count: int) -> Row:
    """PxAP histograms of normalised maps."""
    import numpy as np
    from reference_evaluation import PixelEvaluator, prepare

    from wsolzoo.evaluation.functional import pxap

    rng = np.random.default_rng(5)
    items = [
        (prepare(raw), rng.choice([0, 0, 0, 1, 1, 255], (224, 224)).astype(np.uint8))
        for raw, _ in make_maps('smooth', count)
    ]
    reference, thresholds = PixelEvaluator(0.001), np.arange(0, 1, 0.001)
    ours = np.zeros((2, 1002), np.int64)

    def add(scores, mask) -> None:
        nonlocal ours
        ours += pxap.histograms(scores, mask, thresholds)[0]

    slow, fast = race(reference.add, add, items * 5)
    equal = np.array_equal(ours, reference.counts) and 100 * pxap.pxap(ours) == reference.average_precision()
    return Row('G5', 'PxAP histograms 0.001', slow, fast, slow / fast, 2.5, equal)


def mask_row(count: int, folder: Path, depth: int) -> Row:
    """PxAP from the raw map and the pictures of two masks, of 8 or 1 bit a pixel, on disk."""
    import cv2
    import numpy as np
    from reference_evaluation import PixelEvaluator, prepare, read_mask

    from wsolzoo.evaluation.functional import pxap
    from wsolzoo.evaluation.localization import protocols
    from wsolzoo.evaluation.localization.records import pixel_record
    from wsolzoo.evaluation.offline import masks

    protocol, reference = protocols.get('choe2020-pxap'), PixelEvaluator(0.001)
    thresholds, items, records = protocol.threshold.grid(), [], []
    rng = np.random.default_rng(7)
    for k, (raw, _) in enumerate(make_maps('smooth', count)):
        for name in (f'{k}.png', f'{k}i.png'):
            picture = np.zeros((375, 500), np.uint8)
            centre = tuple(int(n) for n in rng.integers(100, 300, 2))
            cv2.ellipse(picture, centre, (90, 60), 20, 0, 360, 255, -1)
            cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_PNG_BILEVEL, int(depth == 1)])
        items.append((raw, f'{k}.png', f'{k}i.png'))

    def slow_add(raw, mask, ignored) -> None:
        reference.add(prepare(raw), read_mask(folder, [mask], [ignored]))

    def add(raw, mask, ignored) -> None:
        truth = masks.read_mask([(mask, ignored)], folder, protocol.view)
        records.append(pixel_record(raw, truth, protocol, thresholds))

    slow, fast = race(slow_add, add, items * 3)
    ours = sum((record.histogram for record in records), np.zeros((2, 1002), np.int64))
    equal = np.array_equal(ours, reference.counts) and 100 * pxap.pxap(ours) == reference.average_precision()
    return Row('', f'PxAP with two {depth}-bit PNG masks of 500x375', slow, fast, slow / fast, None, equal)


def program_row(count: int, folder: Path) -> Row:
    """Whole programs over saved maps at interval 0.01, start-up included: CPU milliseconds of the processes."""
    import re
    import resource
    import subprocess

    import numpy as np

    (folder / 'maps').mkdir()
    items, boxes = make_maps('blob', 50), []
    for k in range(count):
        raw, truths = items[k % 50]
        np.save(folder / 'maps' / f'{k}.npy', raw)
        boxes.append(f'{k},' + ','.join(map(str, truths[0])))
    (folder / 'localization.txt').write_text('\n'.join(boxes))
    (folder / 'image_ids.txt').write_text('\n'.join(map(str, range(count))))
    (folder / 'image_sizes.txt').write_text('\n'.join(f'{k},224,224' for k in range(count)))
    here = Path(__file__).resolve().parent
    ours = [here.parent / 'tools' / 'evaluate_maps.py', folder / 'maps', folder]
    ours += ['--protocol', 'choe2020-v1', '--interval', '0.01', '--fixed', 'choe2020-v1=0']
    reference = [here / 'reference_evaluation.py', folder / 'maps', folder, '0.01']
    spent, said = [[], []], ['', '']
    subprocess.run([sys.executable, *map(str, ours)], capture_output=True, check=True)  # compiles, if nothing has yet
    for _ in range(3):
        for side, command in enumerate((reference, ours)):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            said[side] = subprocess.run(
                [sys.executable, *map(str, command)], capture_output=True, text=True, check=True
            ).stdout
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent[side].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    found = float(re.search(r'MaxBoxAcc\D+([\d.]+)', said[1])[1])
    slow, fast = (1000 * min(times) for times in spent)
    what = f'evaluate_maps, choe2020-v1 0.01, {count} maps, whole program'
    return Row('', what, slow, fast, slow / fast, None, abs(found - float(said[0])) < 0.006)


def on_disk_rows(count: int) -> list[Row]:
    """What reads files."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        masks = [mask_row(count, Path(folder), depth) for depth in (8, 1)]
        return [*masks, program_row(50 * count, Path(folder))]


class InMemory:
    """Stands in for files on disk, so that the row of two threads measures evaluation and not the disk."""

    def __init__(self, maps: dict) -> None:
        self.maps, self.path = maps, Path('memory')

    def read(self, image_id: str):
        """The map."""
        return self.maps[image_id]


def free_cores(rounds: int) -> float:
    """Speed-up of two threads on work that never holds the interpreter's lock: what this machine has to give."""
    import hashlib
    import threading

    def work(times: int) -> None:
        for _ in range(times):
            hashlib.sha256(bytes(1 << 20)).digest()

    best = {1: float('inf'), 2: float('inf')}
    for _ in range(rounds):
        for number in (1, 2):
            threads = [threading.Thread(target=work, args=(60 // number,)) for _ in range(number)]
            start = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            best[number] = min(best[number], time.perf_counter() - start)
    return best[1] / best[2]


def thread_row(count: int, rounds: int) -> Row:
    """Wall time of one thread against two, the best of several rounds each; only where a second core is free."""
    from wsolzoo.evaluation.localization import protocols
    from wsolzoo.evaluation.offline.annotations import Annotations
    from wsolzoo.evaluation.offline.standalone import Evaluation, Options

    items = make_maps('blob', count)
    annotations = Annotations(Path('memory'), ids=[str(k) for k in range(count * 10)])
    annotations.boxes = {name: items[k % count][1].astype(float) for k, name in enumerate(annotations.ids)}
    annotations.sizes = dict.fromkeys(annotations.ids, (224, 224))
    source = InMemory({name: items[k % count][0] for k, name in enumerate(annotations.ids)})
    best, hits = {1: float('inf'), 2: float('inf')}, {}
    available = free_cores(rounds)
    for _ in range(rounds):
        for workers in (1, 2):
            evaluation = Evaluation([protocols.get('choe2020-v2')], source, annotations, Options(workers=workers))
            start = time.perf_counter()
            evaluation.run()
            best[workers] = min(best[workers], 1000 * (time.perf_counter() - start) / len(annotations.ids))
            hits[workers] = evaluation.boxes['choe2020-v2'].total().hits
    equal = bool((hits[1] == hits[2]).all())
    doubt = '' if available >= 1.8 else f'not judged: busy machine, two threads of anything gain {available:.1f}'
    what = 'choe2020-v2, 1 thread / 2 threads (wall)'
    return Row('G6', what, best[1], best[2], best[1] / best[2], 1.7, equal, doubt=doubt)


def component_row(count: int) -> Row:
    """Box of the largest component of a mask, as BAS takes it."""
    from reference_evaluation import largest_component, prepare

    from wsolzoo import maps

    masks = [(prepare(raw) > t,) for raw, _ in make_maps('blob', count) for t in (0.1, 0.2, 0.4)]
    equal = all(tuple(maps.largest_component_box(mask)) == largest_component(mask) for (mask,) in masks)
    slow, fast = race(largest_component, maps.largest_component_box, masks)
    return Row('G12', 'largest component, one threshold', slow, fast, slow / fast, 8, equal)


def memory_row() -> Row:
    """Memory kept after 40 and after 400 maps."""
    kept = []
    items = make_maps('smooth', 10)
    for repeats in (4, 40):
        _, add = box_counter('choe2020-v2', 0.001)
        add(*items[0])
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for item in items * repeats:
            add(*item)
        kept.append(max(tracemalloc.get_traced_memory()[0] - before, 0) + 4096)
        tracemalloc.stop()
    return Row(
        'memory', 'bytes kept after 400 maps / after 40', None, kept[1], kept[1] / kept[0], 1.5, True, at_most=True
    )


def main(argv: list[str] | None = None) -> int:
    """Measure, print, judge."""
    args = parse_args(argv)
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMBA_NUM_THREADS'):
        os.environ[name] = '1'
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]
    import cv2

    cv2.setNumThreads(1)
    count = args.maps
    plan: list[tuple[str, Callable[[], list[Row]]]] = [
        ('G1', lambda: box_rows('G1', 'choe2020-v1', 0.001, 25, count)),
        ('G2', lambda: box_rows('G2', 'choe2020-v2', 0.001, 50, count)),
        ('G3', lambda: box_rows('G3', 'choe2020-v1', 0.01, 3, count)),
        ('G3', lambda: box_rows('G3', 'choe2020-v2', 0.01, 3, count)),
        ('G4', lambda: worst_case_rows(count)),
        ('G5', lambda: [pixel_row(count)]),
        ('disk', lambda: on_disk_rows(count)),
        ('G6', lambda: [thread_row(count, args.rounds)]),
        ('G12', lambda: [component_row(count)]),
        ('memory', lambda: [memory_row()]),
    ]
    rows = [row for goal, measure in plan if args.only in (None, goal) for row in measure()]
    show(rows)
    return 0 if all(row.reached for row in rows) else 1


def show(rows: list[Row]) -> None:
    """Print the table and the versions it was made with."""
    from rich.console import Console
    from rich.table import Table

    from wsolzoo.compat import versions

    table = Table(title='evaluation: reference / ours')
    for column in ('goal', 'what', 'reference ms', 'ours ms', 'ratio', 'asked', 'equal', ''):
        table.add_column(column, justify='left' if column in ('goal', 'what') else 'right')
    for row in rows:
        slow = '' if row.reference_ms is None else f'{row.reference_ms:.2f}'
        fast = f'{row.ours_ms:.2f}' if row.reference_ms is not None else f'{row.ours_ms:.0f} B'
        asked = '' if row.target is None else f'{"<=" if row.at_most else ">="} {row.target:g}'
        verdict = row.doubt or ('' if row.target is None else 'reached' if row.reached else 'MISSED')
        table.add_row(row.goal, row.what, slow, fast, f'{row.ratio:.1f}', asked, 'yes' if row.equal else 'NO', verdict)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    console.print(', '.join(f'{name} {version}' for name, version in versions().items()))


if __name__ == '__main__':
    sys.exit(main())
