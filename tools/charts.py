"""The common parts of the charts in docs/: pieces of SVG, and the pages of figures, one for each kind of processor."""

import math

MARKERS = ("<!-- table: begin -->", "<!-- table: end -->")
KINDS = {"amd": "AMD", "intel": "Intel", "other": "other"}  # Of processors. The page of the first explains all of them.
LABEL_GAP = 15


def text(x, y, words, anchor="start", size=12, colour="#4a5568", weight="normal"):
    style = f'font-size="{size}" fill="{colour}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{words}</text>'


def line(x1, y1, x2, y2, colour, width=1.0):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def circle(x, y, colour, radius=3.5):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'


def document(width, height, body):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *body, "</svg>"]) + "\n"


def round_up(value):
    """The least of 1, 2, 2.5, 5 times a power of ten that is not below the value."""
    power = 10 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value)


def decades(values):
    """The powers of ten that enclose the values."""
    least, greatest = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(least, max(greatest, least + 1) + 1)]


def spread_labels(labels):
    """Moves labels (y, words, colour), downwards in order, so that none covers another."""
    placed = []
    for y, words, colour in sorted(labels):
        placed.append((max(y, placed[-1][0] + LABEL_GAP) if placed else y, words, colour))
    return placed


def replace_table(page, lines):
    begin, end = MARKERS
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    return before + "\n".join([begin, *lines, end]) + after


def write_page(folder, subject, title, kind, charts, lines):
    """Puts the lines between the markers of FOLDER/SUBJECT-KIND.md, and returns its path.

    A page that is not there yet is begun, with the charts: pairs of their titles and file names.
    """
    path = folder / f"{subject}-{kind}.md"
    if not path.exists():
        path.write_text("\n".join(new_page(subject, title, kind, charts)), encoding="utf-8")
    path.write_text(replace_table(path.read_text(encoding="utf-8"), lines), encoding="utf-8")
    return path


def new_page(subject, title, kind, charts):
    first = f"{subject}-{next(iter(KINDS))}.md"
    yield f"# {title}, on {KINDS[kind]} processors"
    yield ""
    yield f"[{first}]({first}) says what is compared, and how."
    for chart_title, name in charts:
        yield from ("", f"![{chart_title}]({name})")
    yield from ("", "## The figures", "", *MARKERS, "")
