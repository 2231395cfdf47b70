"""Something back: the reports that funders demand, counted from the agency's own file or vault.

    counted_from = input_of(path, profile)
    make_report(ReportKind.OTIP, parse_report_period("2026Q3"), counted_from, today) -> FunderReport

Everything is counted on this machine, and nothing is sent. A report holds counts alone.
"""
