"""A checkpoint as it is published: the bare weights, named after their config, the day and their SHA-256.

python tools/model_converters/publish_model.py work_dirs/demo/epoch_15.pth configs/cam/cam_x.py --out-dir configs/cam
"""

import argparse
import sys
from pathlib import Path
from typing import Any


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Strip a checkpoint to its weights and name it after its content.')
    parser.add_argument('checkpoint', help='checkpoint of a training run')
    parser.add_argument('config', help='the config it was trained with')
    parser.add_argument('--out-dir', default='.', help='where the file goes')
    parser.add_argument('--half', action='store_true', help='store half precision: half the size, read as single')
    parser.add_argument(
        '--trunk', type=Path, metavar='FILE', help='leave out the backbone where it is that of this published file'
    )
    parser.add_argument('--date', help='yyyymmdd; by default the day the checkpoint was written')
    return parser.parse_args(argv)


def publish(
    checkpoint: Path,
    config: Path,
    out_dir: Path,
    date: str | None = None,
    half: bool = False,
    trunk: Path | None = None,
) -> Path:
    """Write ``{config}_{date}-{sha8}.pth``; the same weights give the same file.

    Args:
        checkpoint: of a training run.
        config: it was trained with.
        out_dir: where the file goes.
        date: yyyymmdd; by default the day the checkpoint was written.
        half: store floating-point numbers as float16, which is read back as float32. Test the file, not what it was
            made from.
        trunk: a published file whose backbone was held in training: what is the same there is not stored again.
    """
    from datetime import datetime, timezone

    from wsolzoo.engine.weights import trunk as trunks
    from wsolzoo.engine.weights.atomic import save_named_after_hash
    from wsolzoo.engine.weights.mismatch import state_dict_of
    from wsolzoo.engine.weights.sources import load_from_local
    from wsolzoo.engine.width_plan import record as width_plan

    loaded = load_from_local(str(checkpoint), map_location='cpu')
    weights = {name: value.contiguous() for name, value in state_dict_of(loaded).items()}
    if half:
        weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    record = width_plan.record_of(loaded)  # a network that was cut needs it to rebuild itself
    meta: dict[str, Any] = {width_plan.KEY: record} if record else {}
    if trunk is not None:
        weights, meta[trunks.KEY] = trunks.without_trunk(weights, trunk, out_dir)
    content = {'state_dict': weights, 'meta': meta} if meta else weights
    day = date or datetime.fromtimestamp(checkpoint.stat().st_mtime, timezone.utc).strftime('%Y%m%d')
    return save_named_after_hash(content, out_dir / f'{config.stem}_{day}')


def main(argv: list[str] | None = None) -> int:
    """Publish one checkpoint; returns the exit status."""
    args = parse_args(argv)
    checkpoint = Path(args.checkpoint)
    from wsolzoo.errors import UserError

    try:
        print(publish(checkpoint, Path(args.config), Path(args.out_dir), args.date, args.half, args.trunk))
    except (UserError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
