"""Formulas as MathML, which browsers show by themselves: no script, no font and no network."""

from docutils import nodes
from latex2mathml.converter import convert


def setup(app) -> dict:
    """Register the renderer that ``html_math_renderer = 'mathml'`` names."""
    app.add_html_math_renderer('mathml', inline_renderers=(inline, None), block_renderers=(block, None))
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def inline(translator, node) -> None:
    """A formula in the text."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(translator, node) -> None:
    """A formula on a line of its own."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>\n')
    raise nodes.SkipNode
