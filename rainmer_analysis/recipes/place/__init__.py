"""New images against the datasets of a table."""

from __future__ import annotations

from rainmer_analysis.recipes.place.passport_page import write_passports
from rainmer_analysis.recipes.place.passports import Passport, Passports, place

__all__ = ["Passport", "Passports", "place", "write_passports"]
