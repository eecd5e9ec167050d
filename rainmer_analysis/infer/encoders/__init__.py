"""Encoders: the contract they all keep to, the built-in ones, and the registry that names them."""

from __future__ import annotations

from rainmer_analysis.infer.encoders.contract import API_VERSION, Encoder, identity
from rainmer_analysis.infer.encoders.deviation import deviation
from rainmer_analysis.infer.encoders.networks import PRECISIONS, SHIPPED, choose_device
from rainmer_analysis.infer.encoders.registry import encoder_names, load_encoder
from rainmer_analysis.infer.encoders.statistics import StatisticsEncoder, fit_constants

__all__ = [
    "API_VERSION",
    "PRECISIONS",
    "SHIPPED",
    "Encoder",
    "StatisticsEncoder",
    "choose_device",
    "deviation",
    "encoder_names",
    "fit_constants",
    "identity",
    "load_encoder",
]
