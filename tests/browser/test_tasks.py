"""Ten tasks of evaluators: each in at most four clicks on the page, and by one call of the API."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, expect

from consumers.pages.parts import table_cells
from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.period import period_text
from tests.kits.live_site import LiveSite
from tests.kits.page_world import figures

CLICKS_MAX = 4


@dataclass(frozen=True)
class EvaluatorTask:
    """`clicks`: names of links. `at`: the figure with the answer. `says`: words of it."""

    asks: str
    clicks: tuple[str, ...]
    at: str
    says: str
    metric: str
    where: dict[str, str]
    period: str = "2025"


TASKS = (
    EvaluatorTask(
        "Which service has the largest unmet need in New England last year, and how sure is that?",
        ("Needs", "New England"), "new_england-unmet-need-share", "95 times in 100",
        "unmet_need_share", {"division": "new_england", "service_group": "housing"},
    ),
    EvaluatorTask(
        "How many registered agencies are silent?", (), "agencies", "45 were silent",
        "reporting", {"presence": "silent"}, "2025Q4",
    ),
    EvaluatorTask(
        "Did unmet needs rise since the last quarter?", ("Needs",), "unmet-need-share-all", "rose or fell",
        "unmet_need_share", {"service": "all"}, "2025Q4",
    ),
    EvaluatorTask(
        "Why do needs go unmet?", ("Needs",), "unmet-reason-share", "Program full",
        "unmet_reason_share", {"unmet_reason": "no_capacity"},
    ),
    EvaluatorTask(
        "How long do people wait for a first service?", ("Needs",), "days-to-service", "Half of the clients",
        "days_to_service", {"quantile": "p50"},
    ),
    EvaluatorTask(
        "What do survivors themselves say of their lives?", ("Outcomes",), "outcomes-by-survivor", "survivor",
        "outcome_direction_share_by_reporter", {"outcome_direction": "improved", "reported_by": "survivor"},
    ),
    EvaluatorTask(
        "How many cases are confirmed?", ("Possible and confirmed",), "cases-confirmed", "Confirmed",
        "cases_by_trafficking_status", {"trafficking_status": "confirmed"}, "2025Q4",
    ),
    EvaluatorTask(
        "How many clients came in California last year?", ("Needs", "California"), "ca-cases", "California",
        "state_cases", {"state": "ca"},
    ),
    EvaluatorTask(
        "How many agencies are heard from, beside the 98 of 2003?", ("2003 and now",), "figures", "275",
        "reporting", {"presence": "publishing"}, "2025Q4",
    ),
    EvaluatorTask(
        "What do agencies ask help with?", ("Barriers",), "support-needed-share", "providers who want help",
        "support_needed_share", {"support_needed": "lack_of_funding"}, "2025Q4",
    ),
)  # fmt: skip


@pytest.mark.parametrize("task", TASKS, ids=lambda one: one.asks)
def test_a_task_is_done_in_four_clicks_and_by_one_call(
    context: BrowserContext, site: LiveSite, task: EvaluatorTask
) -> None:
    page = context.new_page()
    page.goto(site.address)
    assert len(task.clicks) < CLICKS_MAX, "one is left to open the table"
    for name in task.clicks:
        page.get_by_role("link", name=name, exact=True).first.click()
    answer = page.locator(f"#{task.at}")
    expect(answer).to_contain_text(task.says, ignore_case=True)
    called = page.request.get(
        f"{site.address}/v1/metrics/{task.metric}.json", params={**task.where, "period": task.period}
    )
    (found,) = [one for one in called.json()["figures"] if one["dimensions"] == task.where]
    point = published(task)
    assert found["status"] == ("shown" if table_cells.is_number(point) else "not_usable")
    if table_cells.is_number(point):
        assert found["value"] == float(point.value or 0)


def published(task: EvaluatorTask) -> MetricPoint:
    (found,) = [
        one
        for one in figures().of_series(task.metric, **task.where)
        if one.period is not None and period_text(one.period) == task.period
    ]
    return found
