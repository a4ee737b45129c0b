"""What crosses a stage: frozen dataclasses and enums, without behaviour and without effects."""
