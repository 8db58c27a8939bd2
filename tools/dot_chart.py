"""A chart of rows: a dot for each contestant, on a logarithmic axis, so that equal distances are equal ratios."""

import math
import statistics
from typing import NamedTuple

from charts import circle, decades, document, line, text

WIDTH, LEFT, RIGHT, TOP, ROW = 940, 190, 40, 84, 26
LEGEND_TOP = 48


class DotChart(NamedTuple):
    """The words of the chart, and its contestants by colour."""

    title: str
    axis: str
    colours: dict  # Of contestant; the first is drawn last, above the others.
    words: dict    # The word for a contestant in the legend, if it is not its name.

    def draw(self, rows):
        """`rows` is a list of (words, {contestant: values}): a dot at the median, a bar from least to greatest."""
        ticks = decades([value for _, cells in rows for values in cells.values() for value in values])
        bottom = TOP + ROW * len(rows)
        body = [text(20, 26, self.title, size=15, colour="#1a202c")]
        body += self.draw_legend({name for _, cells in rows for name in cells})
        for tick in ticks:
            at = place(tick, ticks)
            body.append(line(at, TOP - 12, at, bottom, "#e2e8f0"))
            body.append(text(at, bottom + 18, f"{tick:g}", anchor="middle", size=11))
        body.append(text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, self.axis, anchor="middle", size=11))
        for index, (words, cells) in enumerate(rows):
            body += self.draw_row(TOP + ROW * index + ROW / 2, words, cells, ticks)
        return document(WIDTH, bottom + 50, body)

    def draw_row(self, y, words, cells, ticks):
        yield text(LEFT - 14, y + 4, words, anchor="end")
        yield line(LEFT, y, WIDTH - RIGHT, y, "#f2f5f8")
        for index, (name, colour) in reversed(list(enumerate(self.colours.items()))):
            if values := cells.get(name):
                yield line(place(min(values), ticks), y, place(max(values), ticks), y, colour, 2)
                yield circle(place(statistics.median(values), ticks), y, colour, 5 if index == 0 else 4)

    def draw_legend(self, present):
        left = 20
        for name, colour in self.colours.items():
            if name not in present:
                continue
            words = self.words.get(name, name)
            yield circle(left + 5, LEGEND_TOP, colour, 5)
            yield text(left + 15, LEGEND_TOP + 4, words, colour=colour)
            left += 40 + 7 * len(words)


def place(value, ticks):
    share = math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])
    return LEFT + share * (WIDTH - LEFT - RIGHT)
