"""Layered defocus against the straightforward loop: same picture, how much faster?

    python benchmarks/defocus.py --depth $WSOLZOO_DATA/depth/nyu/272 --size 640
    python benchmarks/defocus.py                     # a drawn scene, no data needed

The loop goes through the layers one by one, builds a full-frame mask for each, blurs image and mask with the square
kernel, fills hidden background by a sparse linear solve, and composites full frames. Times are CPU seconds of one
thread; compilation is not counted.
"""

import argparse
import json
import time

import cv2
import numpy as np

from wsolzoo.datasets.defocus.sources import ScenePairs
from wsolzoo.synthetic.optics.layers import composite, cut, kernel
from wsolzoo.synthetic.optics.lens import SIGMA_RULES, disc, sample_lens, shift_depth


def solve_laplace(values: np.ndarray, unknown: np.ndarray, known: np.ndarray) -> None:
    """Fill ``unknown`` pixels of ``values`` (H, W, C) harmonically from ``known`` ones by conjugate gradients."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import cg

    h, w = unknown.shape
    row = np.full((h, w), -1)
    row[unknown] = np.arange(unknown.sum())
    ys, xs = np.nonzero(unknown)
    degree, rows, cols = np.zeros(len(ys)), [], []
    right = np.zeros((len(ys), values.shape[-1]))
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        y, x = ys + dy, xs + dx
        inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
        own, y, x = np.flatnonzero(inside), y[inside], x[inside]
        hole, fixed = unknown[y, x], known[y, x]
        rows.append(own[hole])
        cols.append(row[y[hole], x[hole]])
        right[own[fixed]] += values[y[fixed], x[fixed]]
        degree[own] += hole | fixed
    rows, cols = np.concatenate(rows), np.concatenate(cols)
    own = np.arange(len(ys))
    data = np.concatenate([-np.ones(len(rows)), np.maximum(degree, 1)])
    matrix = coo_matrix((data, (np.concatenate([rows, own]), np.concatenate([cols, own]))))
    guess = values[unknown]
    for channel in range(values.shape[-1]):
        guess[:, channel], _ = cg(matrix.tocsr(), right[:, channel], x0=guess[:, channel], rtol=1e-5)
    values[unknown] = guess


def loop(
    image: np.ndarray, index: np.ndarray, discs: np.ndarray, first_sharp: int, c_max: int, rule: str
) -> np.ndarray:
    """The straightforward version of :func:`wsolzoo.synthetic.optics.layers.composite`."""
    sharp, slope = SIGMA_RULES[rule]
    out, acc = np.zeros_like(image), np.zeros(image.shape[:2], np.float32)
    covered = np.zeros(image.shape[:2], bool)
    for number, c in enumerate(discs):
        mask = (index == number).astype(np.float32)
        layer, m = image * mask[..., None], mask.copy()
        if c > 1:
            taps = kernel(slope * (c - sharp), c_max, radius_sigmas=3.0)
            square = np.outer(taps, taps)
            layer = cv2.filter2D(layer, -1, square, borderType=cv2.BORDER_REFLECT)
            m = cv2.filter2D(m, -1, square, borderType=cv2.BORDER_REFLECT)
            layer[m < 1e-4], m[m < 1e-4] = 0, 0
            if number > first_sharp:
                out, acc = fill(out, acc, covered, mask > 0, square)
        out = (1 - m[..., None]) * out + layer
        acc = (1 - m) * acc + m
        covered |= mask > 0
    return out / np.maximum(acc, 1e-6)[..., None]


def fill(out, acc, covered, mask, square):
    """Hidden background within reach of the layer ``mask``, from a solve over the frame around it."""
    ys, xs = np.nonzero(mask)
    radius = len(square) // 2 + len(square)
    frame = (
        slice(max(0, ys.min() - radius), ys.max() + 1 + radius),
        slice(max(0, xs.min() - radius), xs.max() + 1 + radius),
    )
    union = covered[frame]
    if not union.any() or union.all():
        return out, acc
    spread = cv2.filter2D(union.astype(np.float32), -1, square, borderType=cv2.BORDER_REFLECT)
    unknown = (spread > 1e-3) & ~union
    if not unknown.any():
        return out, acc
    values = np.dstack([out[frame] / np.maximum(acc[frame], 1e-6)[..., None], acc[frame]]).astype(np.float64)
    first = cv2.filter2D(values * union[..., None], -1, square.astype(np.float64), borderType=cv2.BORDER_REFLECT)
    values[unknown] = first[unknown] / spread[unknown][:, None]
    solve_laplace(values, unknown, union)
    out, acc = out.copy(), acc.copy()
    acc[frame][unknown] = values[unknown][:, -1]
    out[frame][unknown] = values[unknown][:, :-1] * values[unknown][:, -1:]
    return out, acc


def main() -> None:
    """Time both and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--depth', help='NAME of a pair NAME.jpg, NAME_depth.png (mm); default: a drawn scene')
    parser.add_argument('--size', type=int, default=640, help='width of the picture')
    parser.add_argument('--c-max', type=int, default=29)
    parser.add_argument('--seeds', type=int, default=3, help='number of lenses')
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.depth:
        image, depth = cv2.imread(args.depth + '.jpg'), cv2.imread(args.depth + '_depth.png', -1).astype(np.float64)
    else:
        image, depth = ScenePairs('train', 1, params={'size': 128}).load('train-0-00000')
    scale = args.size / image.shape[1]
    image = cv2.resize(image, None, fx=scale, fy=scale).astype(np.float32)
    depth = shift_depth(cv2.resize(depth, image.shape[1::-1], interpolation=cv2.INTER_NEAREST), 85)
    for seed in range(args.seeds):
        lens = sample_lens(np.unique(depth), image.shape[1], args.c_max, 'max', np.random.default_rng(seed))
        layers = cut(depth, disc(depth, lens.focus, lens.alpha))
        if seed == 0:  # compile first
            composite(image, layers, args.c_max)
        start = time.process_time()
        fast = composite(image, layers, args.c_max)
        middle = time.process_time()
        slow = loop(image, layers.index, layers.disc, layers.first_sharp, args.c_max, 'released')
        end = time.process_time()
        gap = np.abs(fast - slow)
        row = {'size': list(image.shape[:2]), 'layers': len(layers.disc), 'first_sharp': layers.first_sharp}
        row |= {'fast_cpu_s': round(middle - start, 3), 'loop_cpu_s': round(end - middle, 3)}
        row |= {'speedup': round((end - middle) / (middle - start), 1)}
        row |= {'max_difference': round(float(gap.max()), 3), 'mean_difference': round(float(gap.mean()), 5)}
        print(json.dumps(row))


if __name__ == '__main__':
    main()
