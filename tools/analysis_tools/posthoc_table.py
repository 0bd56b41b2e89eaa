"""One table of post-hoc maps: every rule at every stage on the same images of one trained localizer.

    python tools/analysis_tools/posthoc_table.py CONFIG CHECKPOINT --stages stage2 stage3 stage4 --out table

writes table.md and table.html: what the maps locate, the difference in MaxBoxAccV2 to the head's own map (CAM) with
its 95 % interval (paired bootstrap over images, thresholds chosen anew in every resample), the time of a prediction in
plain forward passes of the classifier, and faithfulness on the same maps: insertion and deletion (areas under the class
probability) and ROAD of the library grad-cam. Maps are those of the true class. Nothing is chosen here: the table
compares, and its thresholds are the best ones on these images, for all rows alike.
"""

import argparse
import sys
import time
from pathlib import Path

SLOW = ('eigencam', 'scorecam', 'ablationcam')
"""Rules that the library runs image by image."""
BLUR = 11, 5.0
"""Kernel and deviation in pixels of the image that insertion starts from (Petsiuk et al., BMVC 2018)."""
NUMBERS = {
    'MaxBoxAccV2': ('choe2020-v2', 'MaxBoxAccV2'),
    'MaxBoxAcc': ('choe2020-v1', 'MaxBoxAcc'),
    'PxAP': ('choe2020-pxap', 'PxAP'),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a localizer, or the name of a shipped one')
    parser.add_argument('checkpoint', nargs='?', help='weights (default: those the zoo publishes for the config)')
    parser.add_argument('--methods', nargs='+', metavar='NAME', help='rules (default: all)')
    parser.add_argument('--stages', nargs='+', metavar='STAGE', help='of the backbone (default: the last one)')
    parser.add_argument('--images', type=int, metavar='N', help='of the test split, drawn by the seed (default: all)')
    parser.add_argument('--slow-images', type=int, default=100, metavar='N', help='of those, for ' + ', '.join(SLOW))
    parser.add_argument(
        '--faithful-images', type=int, default=50, metavar='N', help='of those, for faithfulness; 0: none'
    )
    parser.add_argument('--steps', type=int, default=10, metavar='N', help='steps of insertion and deletion')
    parser.add_argument(
        '--road', type=int, nargs='*', default=[20, 40, 60, 80], metavar='P', help='percentiles of ROAD; none: no ROAD'
    )
    parser.add_argument('--batch-size', type=int, default=50, help='images at once')
    parser.add_argument('--resamples', type=int, default=1000, help='of the bootstrap')
    parser.add_argument('--seed', type=int, default=0, help='of the images, the bootstrap and the noise of ROAD')
    parser.add_argument('--device', help='default: the first GPU, else the CPU')
    parser.add_argument('--out', default='posthoc', metavar='FILE', help='without ending; .md and .html are written')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    return parser.parse_args(argv)


def load(args: argparse.Namespace):
    """The model, able to read every map, the metric, and the images as samples of the test pipeline."""
    import numpy as np
    from mmengine.registry import DefaultScope

    from wsolzoo.apis.inferencer import known_device
    from wsolzoo.apis.zoo_models import build, find_model
    from wsolzoo.registry import DATASETS, METRICS
    from wsolzoo.run import launch

    cfg = launch.load_config(args.config, args.cfg_options)
    weights = args.checkpoint or cfg.get('load_from') or find_model(args.config)[1]
    cfg.model = {**cfg.model, 'type': 'PostHocCAM', 'method': 'cam'}
    model = build(cfg, weights, known_device(args.device))
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
        metric = METRICS.build({**cfg.test_evaluator, 'bootstrap': 0, 'per_image': False, 'report': ['GTKnown']})
    if 'choe2020-v2' not in metric.protocols:
        raise launch.UsageError('test_evaluator.protocols lacks choe2020-v2, which the rows are compared by')
    count = min(args.images or len(dataset), len(dataset))
    picked = np.random.default_rng(args.seed).permutation(len(dataset))[:count]
    return model, metric, dataset, [int(index) for index in picked]


def rows_of(args: argparse.Namespace, model) -> list[tuple[str, str]]:
    """``(method, stage)`` of every row, CAM first."""
    from wsolzoo.errors import meant
    from wsolzoo.methods.posthoc import METHODS
    from wsolzoo.run.launch import UsageError

    for name in args.methods or ():
        if name not in METHODS:
            raise UsageError(f'--methods: no rule {name!r}; {meant(name, METHODS)}')
    names = model.backbone.stage_names
    try:
        stages = [names[model.backbone.stage_index(stage)] for stage in args.stages or names[-1:]]
    except ValueError as error:
        raise UsageError(f'--stages: {error}') from None
    asked = [name for name in args.methods or METHODS if name != 'cam']
    return [('cam', names[-1]), *((name, stage) for name in asked for stage in stages)]


class Table:
    """Judges row after row on the same images.

    Args:
        args: of the command line.
        model: a ``PostHocCAM``.
        metric: of the config.
        samples: packed images of the test pipeline.
    """

    def __init__(self, args: argparse.Namespace, model, metric, samples: list[dict]) -> None:
        from wsolzoo.methods.posthoc import ScoresOfImages

        self.args, self.model, self.metric, self.samples = args, model, metric, samples
        self.plain, self.protocol = ScoresOfImages(model).eval(), metric.protocols['choe2020-v2']
        self.base = None

    def row(self, method: str, stage: str) -> dict:
        """Everything about one rule at one stage."""
        from wsolzoo.evaluation.localization.paired import hits_by_threshold, paired_best

        self.model.method, self.model.stage = method, stage
        count = min(self.args.slow_images, len(self.samples)) if method in SLOW else len(self.samples)
        records, faithful, costs, size = [], [], [], self.args.batch_size
        for start in range(0, count, size):
            inputs, predicted, cost = self._predict(self.samples[start : min(start + size, count)], start < 3 * size)
            costs += [cost] if cost else []
            for index, sample in enumerate(predicted):
                records.append(self.metric.record(sample.to_dict()))
                if start + index < self.args.faithful_images:
                    faithful.append(self._faithfulness(inputs[index : index + 1], sample, start + index))
        flat = self.metric.reduce(records)
        out = {'images': count, 'cost': sorted(costs)[len(costs) // 2], 'faithful': len(faithful)}
        out |= {name: flat[f'{p}/{key}'] for name, (p, key) in NUMBERS.items() if f'{p}/{key}' in flat}
        out |= {name: sum(one[name] for one in faithful) / len(faithful) for name in (faithful[0] if faithful else ())}
        boxes = [record['by'][self.protocol.name] for record in records]
        hits = hits_by_threshold(boxes, self.protocol, len(self.metric.thresholds[self.protocol.name]))
        if self.base is None:
            self.base = hits
            return out
        found = paired_best(self.base[:count], hits, num_resamples=self.args.resamples, rng=self.args.seed)
        return out | {'difference': tuple(100 * x for x in found[:3]), 'p': found.p_value}

    def _predict(self, chunk: list[dict], timed: bool):
        """Normalised images, samples with maps, and the seconds in plain forward passes (``None`` where not timed)."""
        import copy

        import torch
        from mmengine.dataset import pseudo_collate

        data = self.model.data_preprocessor(pseudo_collate(copy.deepcopy(chunk)))
        inputs, samples = data['inputs'], data['data_samples']
        with torch.no_grad():
            if timed:
                self.plain(inputs)  # not measured: the first one warms up
                plain = seconds(lambda: self.plain(inputs), inputs.device.type)
            taken = seconds(lambda: self.model.predict(inputs, samples, 'gt'), inputs.device.type)
        return inputs, samples, taken / plain if timed else None

    def _faithfulness(self, image, sample, index: int) -> dict[str, float]:
        """Insertion, deletion and ROAD of one image, (1, 3, H, W)."""
        import cv2
        import numpy as np
        import torch

        from wsolzoo.evaluation.functional.faithfulness import area_under, most_relevant
        from wsolzoo.evaluation.localization.records import normalised

        label, size = int(sample.gt_label), tuple(image.shape[2:])
        map = normalised(sample.pred_raw_map.cpu().double().numpy(), self.protocol, size)
        shares = np.linspace(0, 1, self.args.steps + 1)
        shown = torch.from_numpy(most_relevant(map, shares))[:, None].to(image.device)
        pixels = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy())
        blurred = torch.from_numpy(cv2.GaussianBlur(pixels, (BLUR[0],) * 2, BLUR[1])).permute(2, 0, 1)[None]
        blurred = blurred.to(image.device)
        out = {}
        for name, made in (
            ('insertion', torch.where(shown, image, blurred)),
            ('deletion', torch.where(shown, torch.zeros_like(image), image)),
        ):
            with torch.no_grad():
                scores = self.plain(made).softmax(1)[:, label]
            out[name] = area_under(scores.tolist(), shares)
        return out | ({'ROAD': self._road(image, map, label, index)} if self.args.road else {})

    def _road(self, image, map, label: int, index: int) -> float:
        """ROAD (Rong et al., ICML 2022): least minus most relevant first, halved; higher is better."""
        import numpy as np
        import torch
        from pytorch_grad_cam.metrics.road import ROADCombined
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

        torch.manual_seed(self.args.seed + index)
        combined = ROADCombined(percentiles=self.args.road)
        found = combined(image, np.float32(map)[None], [ClassifierOutputSoftmaxTarget(label)], self.plain)
        return float(found[0])


def seconds(run, device: str) -> float:
    """Seconds of a call: processor time on a CPU, else wall time until the device is done."""
    import torch

    clock = time.process_time if device == 'cpu' else time.perf_counter
    start = clock()
    run()
    if device == 'cuda':
        torch.cuda.synchronize()
    return clock() - start


def markdown(rows: dict[tuple[str, str], dict], centred: dict[str, float]) -> str:
    """The table."""
    first = next(iter(rows.values()))
    shown = [name for name in NUMBERS if name in first]
    faithful = [name for name in ('insertion', 'deletion', 'ROAD') if name in first]
    head = ['map', 'stage', 'images', *shown, 'V2 less CAM', '95 % interval', '× forward', *faithful]
    lines = ['| ' + ' | '.join(head) + ' |', '|---' * len(head) + '|']
    for (method, stage), row in rows.items():
        gap = row.get('difference')
        cells = [method, stage, str(row['images']), *(f'{row[name]:.1f}' for name in shown)]
        cells += [f'{gap[0]:+.1f}', f'{gap[1]:+.1f} to {gap[2]:+.1f}'] if gap else ['', '']
        cells += [f'{row["cost"]:.2f}', *(f'{row[name]:.3f}' for name in faithful)]
        lines.append('| ' + ' | '.join(cells) + ' |')
    cells = ['*centred box*', '', str(first['images']), *(f'{centred[n]:.1f}' if n in centred else '' for n in shown)]
    lines.append('| ' + ' | '.join([*cells, *[''] * (len(head) - len(cells))]) + ' |')
    return '\n'.join(lines) + '\n'


def write(args: argparse.Namespace, rows: dict, centred: dict[str, float]) -> None:
    """``.md`` and ``.html`` beside each other, after every row: a run that is stopped keeps what it has."""
    from wsolzoo.visualization.report import write_report

    note = (
        f'Seed {args.seed}; maps of the true class; insertion, deletion and ROAD over '
        f'{next(iter(rows.values()))["faithful"]} images. No setting was chosen on these images but the thresholds, '
        'for all rows alike.'
    )
    text = markdown(rows, centred) + '\n' + note + '\n'
    path = Path(args.out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix('.md').write_text(text, encoding='utf-8')
    metrics = {}
    for (method, stage), row in rows.items():
        name = f'{method}, {stage}'
        metrics |= {f'{key}: {name}': row[key] for key in (*NUMBERS, 'insertion', 'deletion', 'ROAD') if key in row}
        if 'difference' in row:
            ends = zip(('', '_low', '_high'), row['difference'], strict=True)
            metrics |= {f'MaxBoxAccV2 less CAM: {name}{end}': value for end, value in ends}
    meta = {'config': args.config, 'checkpoint': str(args.checkpoint), 'note': note}
    write_report({'metrics': metrics}, path.with_suffix('.html'), title='Post-hoc maps', meta=meta)


def main(argv: list[str] | None = None) -> int:
    """Judge all rows; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from rich.console import Console
    from rich.progress import track

    from wsolzoo.methods.posthoc import library
    from wsolzoo.run import launch

    try:
        launch.prepare_environment()
        library()
        model, metric, dataset, picked = load(args)
        console = Console(stderr=True)
        samples = [dataset[index] for index in track(picked, 'images', console=console)]
        table, rows, centred = Table(args, model, metric, samples), {}, {}
        for method, stage in track(rows_of(args, model), 'maps', console=console):
            rows[method, stage] = table.row(method, stage)
            if not centred:
                entries = metric.result['protocols'].values()
                centred = {key: value for entry in entries for key, value in (entry.get('centered_box') or {}).items()}
            write(args, rows, centred)
        print(Path(args.out).with_suffix('.md').read_text(encoding='utf-8'), end='')
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
