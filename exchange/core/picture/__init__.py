"""What a figure says: statuses, sentences and comparisons, for page, API, files and brief.

| to say | call |
|---|---|
| whether and why a number is not shown | `statuses.status_of(point)` |
| a figure as a sentence, a heading, a text to copy | `sentences.sentence_of(point)` and others |
| the numbers of the sentence | `readings.reading(point)` |
| the 50 % band, twenty dots | `bands.half_band(point)`, `bands.dots(point)` |
| a list in order, with ranks | `told.ranked(points, behind)`, with `measured.Behind(released)` |
| the changes of a chart, and who joined | `told.charted(series, behind, coverage)` |
| which of two is the larger, possible pictures | `possible.compared(one, other)` and others |
| who is missing | `coverage_notes.coverage(points)` |
| the figures of 2003 and topics of 2008, live | `asked.study(points)`, `asked.topics(points)` |
| what cannot be computed yet | `unanswered.UNRELEASED` |
| public practices, and their use | `practices.practices(points)` |
| labels of dimensions' codes | `words.label_of(dimension, code)` |

All of it is pure, and sees points and releases only. No module here is imported by a stage.
"""
