"""What the metrics of a split ask for, and what its images have."""

from collections.abc import Iterator
from typing import Any

TOP1 = 'classification/top1'


def keep_what_labels_allow(runner: Any, name: str, loop: Any) -> Iterator[str]:
    """Let images with nothing but class labels be judged by their classification, and a checkpoint be chosen by it.

    Args:
        runner: its hooks may select a checkpoint.
        name: of the split.
        loop: its loop.

    Yields:
        What is left out, for people.
    """
    has = truth_of(loop)
    if has != {'gt_label'}:
        return
    left_out = [
        protocol
        for metric in loop.evaluator.metrics
        if hasattr(metric, 'keep_classification')
        for protocol in metric.keep_classification()
    ]
    if left_out:
        yield (
            f'{name}_dataloader ({type(loop.dataloader.dataset).__name__}) has class labels and no boxes or masks: '
            f'{name}_evaluator reports Top-1 and Top-5, and nothing of {", ".join(left_out)}'
        )
    for hook in runner.hooks if name == 'val' else ():
        wanted = getattr(hook, 'save_best', None) or []
        if any(key.rpartition('/')[0] in left_out or key.partition('/')[0] in left_out for key in wanted):
            hook.save_best = [TOP1]
            hook._init_rule(['greater'], hook.save_best)
            yield f'the best checkpoint is chosen by {TOP1} instead of {", ".join(wanted)}'


def metric_problems(name: str, loop: Any) -> Iterator[str]:
    """Whether an image of a split has the annotation that its metrics say they need (``required_fields``)."""
    has, lacks = truth_of(loop), getattr(loop.dataloader.dataset, 'LACKS', None)
    advice = f'Here {lacks} of' if lacks else 'Add it to the data, read it in the pipeline, or choose other metrics in'
    for metric in () if has is None else loop.evaluator.metrics:
        for field in getattr(metric, 'required_fields', ()):
            options = field.split('|')
            if all(option.startswith('gt_') and option not in has for option in options):
                yield (
                    f'{type(metric).__name__} of {name}_evaluator needs {" or ".join(options)} of every image, and '
                    f'{name}_dataloader ({type(loop.dataloader.dataset).__name__}) gives no such annotation (it gives: '
                    f'{", ".join(sorted(has)) or "none"}). {advice} {name}_evaluator.'
                )


def truth_of(loop: Any) -> set[str] | None:
    """Names of the annotation of the first image; ``None`` where nothing is judged, or not by a ``DataSample``."""
    if getattr(loop, 'evaluator', None) is None:
        return None
    sample = loop.dataloader.dataset[first_index(loop.dataloader)]
    truth = sample.get('data_samples') if isinstance(sample, dict) else None
    return None if truth is None else {*filter(lambda key: key.startswith('gt_'), truth.keys())}


def first_index(loader: Any) -> Any:
    """How the first image of a data set is addressed; a sampler of several sources has its own way."""
    draw = getattr(loader.sampler, 'draw', None)
    return draw(0, 0) if draw else 0
