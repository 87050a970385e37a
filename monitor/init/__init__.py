"""A starter configuration, guessed from a model file and a data file; every guess says why it was made."""

from monitor.init.columns import Column, DataFacts, inspect_data
from monitor.init.model import ModelFacts, inspect_model
from monitor.init.starter import Starter, make_starter, slug
from monitor.init.traffic import Traffic, find_traffic
from monitor.init.writing import write_starter

__all__ = [
    "Column",
    "DataFacts",
    "ModelFacts",
    "Starter",
    "Traffic",
    "find_traffic",
    "inspect_data",
    "inspect_model",
    "make_starter",
    "slug",
    "write_starter",
]
