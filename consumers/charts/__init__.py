"""Charts of figures: SVG made in a helper process, once for each figure and epoch (ADR 46)."""
