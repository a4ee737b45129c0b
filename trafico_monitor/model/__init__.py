"""Values that cross a stage boundary: frozen dataclasses and enums, without effects."""
