"""A contact sheet of a data set: stored image with boxes and masks, and beside it what the pipeline makes of it.

python tools/visualization/browse_dataset.py _base_/datasets/pets370_224px.py --split test --out pets.png
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Draw a contact sheet of a data set.')
    parser.add_argument('config', help='config file, or the name of a shipped one (_base_/datasets/x.py)')
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train')
    parser.add_argument('--out', default='contact_sheet.png', metavar='FILE', help='picture to write (png or jpg)')
    parser.add_argument('--count', type=int, default=12, help='images, spread over the whole split')
    parser.add_argument('--views', type=int, default=2, help='runs of the pipeline to show for each image')
    parser.add_argument('--columns', type=int, default=2, help='images in a row of the sheet')
    parser.add_argument('--height', type=int, default=180, help='height of a picture in pixels')
    parser.add_argument(
        '--role', help='look at the split in another role: train-fullsup shows boxes of training images'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    return parser.parse_args(argv)


def tint(image, mask):
    """The object green and what is ignored grey, half transparent; (H, W, 3) uint8 RGB."""
    import cv2
    import numpy as np

    mask = cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    colored = image.astype(np.float32)
    for value, color in [(1, (60, 220, 100)), (255, (128, 128, 128))]:
        colored[mask == value] = 0.55 * colored[mask == value] + 0.45 * np.array(color, np.float32)
    return colored.astype(np.uint8)


def annotated(image, boxes, mask, height: int):
    """One picture of the sheet: (height, w, 3) uint8 RGB with mask and dashed boxes."""
    import cv2
    import numpy as np

    from wsolzoo.visualization.overlay import draw_boxes

    picture = tint(image, mask) if mask is not None else image
    factor = height / image.shape[0]
    picture = cv2.resize(picture, (max(1, round(image.shape[1] * factor)), height), interpolation=cv2.INTER_AREA)
    return picture if boxes is None else draw_boxes(picture, true=np.asarray(boxes) * factor)


def cell(dataset, index: int, views: int, height: int):
    """Stored image and ``views`` runs of the pipeline, with a line of text below."""
    import numpy as np

    from wsolzoo.datasets.loading import LoadImage, LoadMask
    from wsolzoo.visualization.overlay import draw_text, side_by_side

    info = LoadImage()(dataset.get_data_info(index))
    mask_steps = [step for step in dataset.pipeline.transforms if isinstance(step, LoadMask)]
    if mask_steps:
        info = mask_steps[0](info)
    stored = np.ascontiguousarray(info['img'][..., ::-1])
    pictures = [annotated(stored, info.get('gt_bboxes'), info.get('gt_seg_map'), height)]
    for _ in range(views):
        packed = dataset[index]
        sample, image = (
            packed['data_samples'],
            np.ascontiguousarray(packed['inputs'].permute(1, 2, 0).numpy()[..., ::-1]),
        )
        pictures.append(annotated(image, sample.get('gt_boxes'), sample.get('gt_mask'), height))
    strip, names = side_by_side(pictures), dataset.metainfo.get('classes')
    label = names[info['gt_label']] if names else info['gt_label']
    bar = np.full((22, strip.shape[1], 3), 24, np.uint8)
    return np.concatenate([strip, draw_text(bar, f'{label}   {info["img_id"]}', (4, 3))])


def sheet(cells: list, columns: int):
    """The cells in rows, dark where a row is shorter."""
    import numpy as np

    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    gap = 8
    widths = [max(row[c].shape[1] for row in rows if c < len(row)) for c in range(min(columns, len(cells)))]
    canvas = np.full((sum(row[0].shape[0] + gap for row in rows) + gap, sum(widths) + gap * (len(widths) + 1), 3), 24)
    y = gap
    for row in rows:
        x = gap
        for picture, width in zip(row, widths):
            canvas[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
            x += width + gap
        y += row[0].shape[0] + gap
    return canvas.astype(np.uint8)


def main(argv: list[str] | None = None) -> int:
    """Draw; returns 2 where the command or the config is wrong."""
    args = parse_args(argv)
    from wsolzoo.run.launch import UsageError, load_config

    try:
        cfg = load_config(args.config, args.cfg_options)
        loader = cfg.get(f'{args.split}_dataloader')
        if not loader:
            raise UsageError(f'{args.config} has no {args.split}_dataloader')
        import torch

        from wsolzoo.registry import DATASETS

        role = {'role': args.role} if args.role else {}
        dataset = DATASETS.build({**loader.dataset, **role})
    except (FileNotFoundError, ValueError, UsageError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    from PIL import Image
    from rich.progress import track

    torch.manual_seed(args.seed)
    count = min(args.count, len(dataset))
    indices = [round(i * (len(dataset) - 1) / max(count - 1, 1)) for i in range(count)]
    cells = [cell(dataset, index, args.views, args.height) for index in track(indices, 'drawing', transient=True)]
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet(cells, args.columns)).save(args.out)
    print(f'{count} of {len(dataset)} images ({dataset.role})  {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
