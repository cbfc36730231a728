"""Checks data against JSON Schemas: jsonschema-rs decides, jsonschema explains in the words of the spec."""

from renderer.schema.store import Schemas
from renderer.schema.values import Fault

__all__ = ["Fault", "Schemas"]
