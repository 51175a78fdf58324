"""What a module beside it imports."""

from expcache import experiment

START = 10


@experiment
def kept(x: int) -> int:
    """Be an experiment that another one calls."""
    return START + x
