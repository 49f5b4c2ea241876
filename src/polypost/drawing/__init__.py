"""What a network shows of a post, as data and as an HTML fragment, drawn from the numbers in the network's folder."""

from polypost.drawing.data import data
from polypost.drawing.draw import draw, draw_shown
from polypost.drawing.html import NOTICE, render, style
from polypost.drawing.model import Drawn

__all__ = ["NOTICE", "Drawn", "data", "draw", "draw_shown", "render", "style"]
