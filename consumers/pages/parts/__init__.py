"""Parts of a page: panels of a figure, cells of a table, citations, comparisons."""
