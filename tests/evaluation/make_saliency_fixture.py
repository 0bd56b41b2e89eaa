"""Seeded maps for the saliency tests, and the script that measured them with PySODMetrics.

PySODMetrics needs an older NumPy than the project, so it is run once, in an environment of its own::

    python3.11 -m venv sod && sod/bin/pip install 'numpy<2' 'opencv-python-headless<4.11' pysodmetrics==1.6.2
    sod/bin/python tests/evaluation/make_saliency_fixture.py tests/evaluation/saliency_pysodmetrics.json
"""

import hashlib
import json
import platform
import sys

import numpy as np

COMMAND = 'sod/bin/python tests/evaluation/make_saliency_fixture.py tests/evaluation/saliency_pysodmetrics.json'


def make_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a uint8 map and a uint8 grey mask, both (h, w), drawn with integer arithmetic from the seed."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(9, 49, 2))
    rows, columns = np.mgrid[:height, :width]
    noise = np.floor(rng.random((height, width)) * 256).astype(np.int64)
    gt = np.zeros((height, width), np.int64)
    for _ in range(int(rng.integers(1, 4))):
        top, left = int(rng.integers(0, height - 4)), int(rng.integers(0, width - 4))
        gt[top : top + int(rng.integers(2, height // 2 + 1)), left : left + int(rng.integers(2, width // 2 + 1))] = 255
    gt[-1, :], gt[:, -1] = 0, 0
    kind = seed % 6
    if kind == 0:
        pred = noise
    elif kind == 1:
        pred = np.where(gt > 0, 255 - noise // 4, noise // 3)
    elif kind == 2:
        pred = np.clip(255 - 3 * ((rows - height // 2) ** 2 + (columns - width // 2) ** 2), 0, 255)
    elif kind == 3:
        pred = np.where(noise > 128, 60, 190)
    elif kind == 4:
        pred = np.roll(gt, (2, -3), (0, 1)) * 100 // 255 + 7
    else:
        pred = (columns * 255) // (width - 1)
        gt = np.where(gt > 0, 100 + noise // 2, noise // 4)
        gt[-1, :], gt[:, -1] = 0, 0
    return pred.astype(np.uint8), gt.astype(np.uint8)


def digest(pred: np.ndarray, gt: np.ndarray) -> str:
    """Return a hash that tells whether another NumPy drew the same pixels."""
    return hashlib.sha256(repr(pred.shape).encode() + pred.tobytes() + gt.tobytes()).hexdigest()[:16]


def measure(seeds: list[int], normalize: bool) -> dict:
    """Run PySODMetrics over the cases together: set averages, curves averaged over images, values per image."""
    import py_sod_metrics as sod

    tools = dict(F=sod.Fmeasure(beta=0.3), wF=sod.WeightedFmeasure(), MAE=sod.MAE(), S=sod.Smeasure(), E=sod.Emeasure())
    for seed in seeds:
        pred, gt = make_case(seed)
        if not normalize:  # the toolbox then wants the values ready
            pred, gt = pred / 255, gt > 128
        for tool in tools.values():
            tool.step(pred, gt, normalize=normalize)
    f, e = tools['F'].get_results()['fm'], tools['E'].get_results()['em']
    averages = dict(
        adpF=f['adp'],
        maxF=f['curve'].max(),
        meanF=f['curve'].mean(),
        adpE=e['adp'],
        maxE=e['curve'].max(),
        meanE=e['curve'].mean(),
        MAE=tools['MAE'].get_results()['mae'],
        S=tools['S'].get_results()['sm'],
        wF=tools['wF'].get_results()['wfm'],
    )
    per_image = dict(
        adpF=tools['F'].adaptive_fms,
        adpE=tools['E'].adaptive_ems,
        MAE=tools['MAE'].maes,
        S=tools['S'].sms,
        wF=tools['wF'].weighted_fms,
    )
    return dict(
        averages={name: float(value) for name, value in averages.items()},
        curve_F=[float(value) for value in f['curve'][::-1]],
        curve_E=[float(value) for value in e['curve'][::-1]],
        per_image={name: [float(value) for value in values] for name, values in per_image.items()},
    )


def main(path: str) -> None:
    """Write the fixture."""
    from importlib.metadata import version

    seeds = list(range(24))
    fixture = dict(
        made_by=dict(
            command=COMMAND,
            python=platform.python_version(),
            **{name: version(name) for name in ('pysodmetrics', 'numpy', 'scipy', 'opencv-python-headless')},
        ),
        seeds=seeds,
        digests=[digest(*make_case(seed)) for seed in seeds],
        stretched=measure(seeds, True),
        raw=measure(seeds, False),
    )
    with open(path, 'w') as file:
        json.dump(fixture, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main(sys.argv[1])
