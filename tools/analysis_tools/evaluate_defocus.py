"""Judge a defocus model on generated sets (exact maps) and on real focal stacks (an order of frames).

    python tools/analysis_tools/evaluate_defocus.py CONFIG CHECKPOINT --set pairs=data/defocus/pairs-test \
        --stack usb=$WSOLZOO_DATA/depth/stack_usb --out result.json
    python tools/analysis_tools/evaluate_defocus.py configs/reblur/CONFIG.py --set pairs=data/defocus/pairs-test

A focal stack is a folder whose frames are named by numbers (00.jpg, 01.jpg, …). Its truth is the place of focus among
the frames, see :func:`wsolzoo.evaluation.functional.defocus.focus_index`. Baselines without weights (a constant, the
re-blur ratio) are configs like any other and need no checkpoint.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint', nargs='?', help='default: the weights that the zoo publishes')
    parser.add_argument('--set', nargs='+', default=[], metavar='NAME=DIR', help='folders made by make_defocus.py')
    parser.add_argument('--stack', nargs='+', default=[], metavar='NAME=DIR', help='focal stacks')
    parser.add_argument('--smooth', type=float, default=8.0, help='pixels a stack is averaged over (frames wander)')
    parser.add_argument('--out', help='write the result as JSON')
    return parser.parse_args(argv)


def build(config: str, checkpoint: str | None):
    """The model in evaluation mode."""
    from wsolzoo.apis import get_model

    return get_model(config, checkpoint or True)


def estimate(model, image: np.ndarray) -> tuple[np.ndarray, str]:
    """Map (h, w) of one image (H, W, 3) uint8 BGR, and its unit."""
    import torch

    from wsolzoo.structures import DataSample

    data = {'inputs': [torch.from_numpy(image.transpose(2, 0, 1).copy())], 'data_samples': [DataSample()]}
    with torch.no_grad():
        sample = model.test_step(data)[0]
    return sample.pred_map.numpy(), sample.pred_unit


def judge_set(folder: str, predict) -> dict[str, float]:
    """Errors and blur-mask scores on a generated set; ``predict(image)`` gives map and unit."""
    from wsolzoo.datasets.defocus.readers import GeneratedDefocus
    from wsolzoo.evaluation.metrics.defocus import BlurMaskMetric, DefocusError
    from wsolzoo.synthetic.optics.generate import read_kept

    data = GeneratedDefocus(folder)
    error, mask = DefocusError(), BlurMaskMetric(min_polarity=None)
    for info in data:
        arrays = read_kept(folder, info['img_id'])
        pred, unit = predict(arrays['image'])
        sample = {'img_id': info['img_id'], 'pred_map': pred, 'pred_unit': unit, 'map_unit': data.map_unit}
        sample['gt_map'] = arrays['stored'] / data.map_scale
        sample['gt_mask'] = (arrays['blurred'] > 127).astype(int)
        error.process(None, [sample])
        mask.process(None, [sample])
    return {'images': len(data)} | error.evaluate(len(data)) | mask.evaluate(len(data))


def judge_stack(folder: str, predict, smooth: float) -> dict[str, float]:
    """Does estimated blur follow the focus through a stack? Shares of pixels in percent."""
    from scipy.ndimage import gaussian_filter

    from wsolzoo.evaluation.functional import defocus as fn
    from wsolzoo.evaluation.metrics.keyed import percent
    from wsolzoo.synthetic.optics.lens import to_sigma

    frames = [cv2.imread(str(path)) for path in sorted(Path(folder).glob('[0-9]*.jpg'))]
    blur = np.stack([gaussian_filter(to_sigma(*predict(frame)), smooth) for frame in frames])
    h, w = blur.shape[1:]
    sharp = np.stack([fn.sharpness(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY), smooth)[:h, :w] for f in frames])
    focus = fn.focus_index(sharp, 2 * smooth)
    result = fn.stack_agreement(focus.index, blur, focus.clear)._asdict()
    nearest = np.rint(focus.index[focus.clear])
    chance_near = np.mean([(np.abs(np.arange(len(frames))[:, None] - nearest) <= 1).mean(0).mean()])
    shares = {name: result.pop(name) for name in ('hit', 'near')}
    shares |= {'chance_hit': 1 / len(frames), 'chance_near': float(chance_near)}
    return {'frames': len(frames), **result, **percent(shares)}


def main(argv: list[str] | None = None) -> None:
    """Judge, print and write."""
    args = parse_args(argv)
    cv2.setNumThreads(1)
    model = build(args.config, args.checkpoint)
    result = {'config': args.config, 'checkpoint': args.checkpoint, 'sets': {}, 'stacks': {}}
    for name, folder in (entry.split('=', 1) for entry in args.set):
        result['sets'][name] = judge_set(folder, lambda image: estimate(model, image))
    for name, folder in (entry.split('=', 1) for entry in args.stack):
        result['stacks'][name] = judge_stack(folder, lambda image: estimate(model, image), args.smooth)
    text = json.dumps(result, indent=1)
    print(text)
    if args.out:
        Path(args.out).write_text(text + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
