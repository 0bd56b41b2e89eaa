"""Draw the rooms of the package and who imports whom, measured from the code.

python tools/visualization/house.py docs/_static/house.svg
"""

import argparse
import ast
import sys
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / 'wsolzoo'
ROWS = (
    ('testing', 'apis', 'run', 'cli'),
    ('methods', 'zoo'),
    ('models', 'datasets', 'evaluation', 'visualization', 'engine'),
    ('maps', 'synthetic', 'structures', 'registry', 'errors', 'digest', 'resources', 'compat'),
)
"""Rooms from the top floor to the ground; imports go down."""
ROOM, GAP, FLOOR = (132, 46), 18, 108


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Draw the rooms of the package and who imports whom.')
    parser.add_argument('out', metavar='OUT.svg')
    return parser.parse_args(argv)


def room_of(dotted: str) -> str:
    """``wsolzoo.models.heads`` lies in the room ``models``."""
    return dotted.split('.')[1] if dotted.count('.') else ''


def imports() -> tuple[Counter, Counter]:
    """How often each room imports each other one, and the lines of each."""
    arrows: Counter = Counter()
    lines: Counter = Counter()
    for path in sorted(PACKAGE.rglob('*.py')):
        parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
        source, own = path.read_text(encoding='utf-8'), room_of('.'.join(parts))
        lines[own] += len(source.splitlines())
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or '').partition('.')[0] == 'wsolzoo':
                names = [node.module] if '.' in node.module else [f'wsolzoo.{alias.name}' for alias in node.names]
                arrows.update((own, room_of(name)) for name in names if room_of(name) != own)
    return arrows, lines


def svg() -> str:
    """The picture."""
    arrows, lines = imports()
    missing = set(lines) - {'', '__init__'} - {room for row in ROWS for room in row}
    if missing:
        raise SystemExit(f'rooms without a place in ROWS: {", ".join(sorted(missing))}')
    width = max(len(row) for row in ROWS) * (ROOM[0] + GAP) + GAP
    height = len(ROWS) * FLOOR
    place = {}
    for floor, row in enumerate(ROWS):
        left = (width - len(row) * (ROOM[0] + GAP) + GAP) / 2
        for index, room in enumerate(row):
            place[room] = (left + index * (ROOM[0] + GAP), 20 + floor * FLOOR)
    drawn = [arrow(place[a], place[b], count, f'{a} imports {b}: {count} times') for (a, b), count in
             sorted(arrows.items(), key=lambda item: (item[1], item[0])) if a in place and b in place]  # fmt: skip
    rooms = [box(place[room], room, lines[room]) for row in ROWS for room in row]
    style = (
        'text{font:13px system-ui,sans-serif;fill:#1b2733}.n{font-size:11px;fill:#5b6b7a}'
        'rect{fill:#f4f7fa;stroke:#8aa0b4}path{fill:none;stroke:#2f6f9f}'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"><style>{style}</style>'
    ground = f'<rect width="{width}" height="{height}" style="fill:#fff;stroke:none"/>'
    return '\n'.join([head, ground, *drawn, *rooms, '</svg>']) + '\n'


def arrow(start: tuple[float, float], end: tuple[float, float], count: int, title: str) -> str:
    """A curve from the foot of one room to the head of another; the more imports, the stronger."""
    same = start[1] == end[1]
    x0, y0 = start[0] + ROOM[0] / 2, start[1] + (0 if same else ROOM[1])
    x1, y1 = end[0] + ROOM[0] / 2, end[1]
    bend = -26 if same else (y1 - y0) / 2
    stroke, opacity = min(1 + count / 12, 5), min(0.18 + count / 60, 0.8)
    curve = (
        f'M{x0:.0f},{y0:.0f} C{x0:.0f},{y0 + bend:.0f} {x1:.0f},{y1 + (bend if same else -bend):.0f} {x1:.0f},{y1:.0f}'
    )
    return f'<path d="{curve}" stroke-width="{stroke:.1f}" opacity="{opacity:.2f}"><title>{title}</title></path>'


def box(at: tuple[float, float], room: str, lines: int) -> str:
    """A room with its name and size."""
    x, y = at
    middle = x + ROOM[0] / 2
    size = f'{round(lines, -2):,} lines' if lines >= 100 else 'under 100 lines'
    return (
        f'<g><rect x="{x:.0f}" y="{y:.0f}" width="{ROOM[0]}" height="{ROOM[1]}" rx="6"/>'
        f'<text x="{middle:.0f}" y="{y + 20:.0f}" text-anchor="middle">{room}</text>'
        f'<text class="n" x="{middle:.0f}" y="{y + 36:.0f}" text-anchor="middle">{size}</text></g>'
    )


def main(argv: list[str] | None = None) -> int:
    """Write the picture; returns the exit status."""
    args = parse_args(argv)
    Path(args.out).write_text(svg(), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
