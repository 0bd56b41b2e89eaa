"""Small SVG charts for the report: they follow the page's colours (light or dark) and need no script.

Each function returns an ``<svg>`` element as text. Everything that comes from outside is escaped here.
"""

import math
from collections.abc import Sequence
from html import escape

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 26, 40


def ticks(low: float, high: float, count: int = 5, whole: bool = False) -> list[float]:
    """Round numbers that cover [low, high] with about ``count`` steps, or whole ones only."""
    if not high > low:
        return [low]
    raw = max((high - low) / count, 1.0 if whole else 0.0)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.8)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def thin(points: Points, limit: int = 240) -> list[tuple[float, float]]:
    """At most about ``limit`` points of a curve: of each stretch its lowest and highest, so that no peak is lost."""
    points = [(float(x), float(y)) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(points) <= limit:
        return points
    size = math.ceil(2 * len(points) / limit)
    kept = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        kept += sorted({min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])})
    return sorted({points[0], points[-1], *kept})


def merge_equal(series: dict[str, Points]) -> dict[str, Points]:
    """Curves that lie on each other as one that bears both names, ``{'a = b': points}``: one would hide the other."""
    groups: dict[tuple, list[str]] = {}
    for name, points in series.items():
        groups.setdefault(tuple(map(tuple, points)), []).append(name)
    return {' = '.join(names): list(points) for points, names in groups.items()}


def number(value: float) -> str:
    """A number in at most four digits; small ones as 1.5e-3."""
    if value != 0 and abs(value) < 0.01:
        digits, power = f'{value:.1e}'.split('e')
        return f'{float(digits):g}e{int(power)}'
    return f'{value:.4g}'


class Frame:
    """Axes of a chart: maps data to the page and draws grid, ticks and labels."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], x_label: str, y_label: str) -> None:
        self.x0, self.x1 = x if x[1] > x[0] else (x[0] - 0.5, x[0] + 0.5)
        self.y0, self.y1 = y if y[1] > y[0] else (y[0] - 0.5, y[0] + 0.5)
        self.x_label, self.y_label = x_label, y_label

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a data point lies on the page."""
        across = (x - self.x0) / (self.x1 - self.x0)
        up = (y - self.y0) / (self.y1 - self.y0)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def axes(self, x_ticks: Sequence[float] | None = None) -> str:
        """Grid lines, tick labels and axis names."""
        parts = []
        for value in ticks(self.y0, self.y1):
            y = self.at(self.x0, value)[1]
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 7}" y="{y + 4:.1f}">{number(value)}</text>')
        for value in ticks(self.x0, self.x1, 6) if x_ticks is None else x_ticks:
            x = self.at(value, self.y0)[0]
            parts.append(
                f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - 22}">{number(value)}</text>'
            )
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(
            f'<text class="axis" text-anchor="middle" x="{middle}" y="{HEIGHT - 4}">{escape(self.x_label)}</text>'
        )
        parts.append(f'<text class="axis" x="2" y="12">{escape(self.y_label)}</text>' if self.y_label else '')
        return ''.join(parts)

    def path(self, points: Points, css: str) -> str:
        """A curve."""
        steps = ' '.join(f'{x:.1f},{y:.1f}' for x, y in (self.at(*point) for point in points))
        return f'<polyline class="{css}" points="{steps}"/>'


def svg(body: str, label: str, css: str = 'chart') -> str:
    """An accessible ``<svg>`` of the common size."""
    return (
        f'<svg class="{css}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def threshold_chart(
    what: str, curves: dict[str, Points], chosen: dict[str, dict[str, float]], baseline: dict[str, float]
) -> str:
    """Localization accuracy against threshold: one curve per IoU, the chosen points marked.

    Args:
        what: the name of the accuracy.
        curves: IoU -> [(threshold, percent)…].
        chosen: IoU -> {who chose (oracle, transferred, fixed): threshold}.
        baseline: IoU -> percent of the centred box, drawn as a thin dashed line.
    """
    frame = Frame((0, 1), (0, 100), 'threshold', '% of images')
    curves = {iou: thin(points) for iou, points in curves.items() if len(points)}
    body, told = [frame.axes()], []
    for index, (iou, points) in enumerate(curves.items()):
        css = f's{index % 3 + 1}'
        if iou in baseline:
            body.append(frame.path([(0, baseline[iou]), (1, baseline[iou])], f'line baseline {css}'))
        body.append(frame.path(points, f'line {css}'))
        best = max(points, key=lambda p: p[1])
        told.append(f'IoU {iou} peaks at {best[1]:.1f}% at threshold {best[0]:.3g}')
    for index, (iou, points) in enumerate(curves.items()):
        for who, threshold in sorted(chosen.get(iou, {}).items()):
            percent = min(points, key=lambda p: abs(p[0] - threshold))[1]
            body.append(
                _marker(
                    *frame.at(threshold, percent), who, f's{index % 3 + 1}', f'IoU {iou}, {who}', threshold, percent
                )
            )
    return svg(''.join(body), f'{what} against threshold: ' + '; '.join(told))


def _marker(x: float, y: float, who: str, css: str, text: str, threshold: float, percent: float) -> str:
    """Circle for oracle, diamond for transferred, square for fixed; its tooltip names the point."""
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if who == 'transferred' else ''
    title = f'<title>{escape(text)}: {percent:.2f}% at threshold {threshold:.3f}</title>'
    if who == 'oracle':
        return f'<circle class="mark {css}" cx="{x:.1f}" cy="{y:.1f}" r="5">{title}</circle>'
    return f'<rect class="mark {css}" x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"{turn}>{title}</rect>'


def line_chart(name: str, series: dict[str, Points], x_label: str) -> str:
    """Curves over the course of training."""
    series = {key: thin(points) for key, points in series.items() if len(points)}
    every = [point for points in series.values() for point in points]
    xs, ys = [p[0] for p in every], [p[1] for p in every]
    low, high = min(ys), max(ys)
    low = 0.0 if 0 <= low < (1 if '%' in name else 0.4) * high else low
    if low == high:  # a constant lies in the middle, with ticks of its own size
        low, high = sorted((0.0, 2 * high))
    frame = Frame((min(xs), max(xs)), (low, high + 0.04 * (high - low)), x_label, '')
    body, told = [frame.axes(ticks(frame.x0, frame.x1, 6, whole=True))], []
    for index, (key, points) in enumerate(series.items()):
        css = f's{index % 3 + 1}'
        body.append(frame.path(points, f'line {css}'))
        if len(points) == 1:
            x, y = frame.at(*points[0])
            body.append(f'<circle class="mark {css}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        told.append(f'{key} from {number(points[0][1])} to {number(points[-1][1])}')
    return svg(''.join(body), f'{name} in training: ' + '; '.join(told))


def scatter_chart(name: str, points: Sequence[tuple[float, float, str]], x_label: str, best: int | None = None) -> str:
    """One mark for each point, the best one emphasised.

    Args:
        name: what is drawn upwards.
        points: ``(x, y, tooltip)``, finite.
        x_label: name of the axis.
        best: index of the best point.
    """
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    room = 0.05 * (max(ys) - min(ys))
    frame = Frame((min(xs), max(xs)), (min(ys) - room, max(ys) + room), x_label, '')
    body = [frame.axes()]
    for index, (across, up, text) in enumerate(points):
        x, y = frame.at(across, up)
        css, radius = ('s2', 7) if index == best else ('s1', 4.5)
        body.append(
            f'<circle class="mark {css}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{escape(text)}</title></circle>'
        )
    return svg(''.join(body), f'{name} against {x_label}: {len(points)} points, highest {number(max(ys))}')


def histogram(values: Sequence[float], bins: int = 20, split: float = 0.5) -> str:
    """How many images reach which IoU; bars right of ``split`` count as hits."""
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int(value * bins)))] += 1
    frame = Frame((0, 1), (0, max(max(counts), 1) * 1.08), 'IoU of predicted and true box', 'images')
    body = [frame.axes(x_ticks=[0, 0.25, 0.5, 0.75, 1])]
    for index, count in enumerate(counts):
        (x0, top), (x1, floor) = frame.at(index / bins, count), frame.at((index + 1) / bins, 0)
        css = 'hit' if index / bins >= split else 'miss'
        title = f'<title>IoU {index / bins:.2f}–{(index + 1) / bins:.2f}: {count} images</title>'
        size = f'x="{x0 + 1:.1f}" y="{top:.1f}" width="{x1 - x0 - 2:.1f}" height="{max(floor - top, 0):.1f}"'
        body.append(f'<rect class="bar {css}" rx="1.5" {size}>{title}</rect>')
    x, y = frame.at(split, frame.y1)
    body.append(f'<line class="split" x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{HEIGHT - BOTTOM}"/>')
    hits = sum(value >= split for value in values)
    return svg(''.join(body), f'Histogram of IoU: {hits} of {len(values)} images reach {split}')
