"""PLAN -> PLAN: passes that keep what a plan means and lower what it costs."""

from collections.abc import Callable
from typing import Final, TypeAlias

from comply.plan import ir
from comply.plan.optimize.constant_rules import inline_constants
from comply.plan.optimize.copies import propagate_copies
from comply.plan.optimize.filled_indexes import fill_indexes
from comply.plan.optimize.fold import fold_constants
from comply.plan.optimize.functions import inline_functions
from comply.plan.optimize.hoist import hoist_inner_lookups, hoist_lookups
from comply.plan.optimize.ignored_operands import remember_searches
from comply.plan.optimize.index import index_scans
from comply.plan.optimize.joins import join_scans
from comply.plan.optimize.sets import scan_through_sets
from comply.plan.optimize.shared_lookups import share_lookups

Pass: TypeAlias = Callable[[ir.Plan], ir.Plan]

PASSES: Final[tuple[Pass, ...]] = (
    inline_constants,
    remember_searches,
    inline_functions,
    scan_through_sets,
    propagate_copies,
    fold_constants,
    hoist_inner_lookups,
    index_scans,
    share_lookups,
    propagate_copies,
    fold_constants,
    hoist_lookups,
    join_scans,
    fill_indexes,
)


def optimize(plan: ir.Plan) -> ir.Plan:
    """Return the plan after all passes, in order."""
    for run in PASSES:
        plan = run(plan)
    return plan
