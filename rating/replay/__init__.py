"""Looking back at calls: rated again, simulated with other plans, compared between tariffs."""

from rating.replay.combinations import Combination, combinations
from rating.replay.fees import Fees, fees_of, months_between
from rating.replay.recorded_call import NotRatable, RecordedCall, recorded_call
from rating.replay.replay import (
    AccountReplay,
    Replay,
    ReplayedCall,
    start_order,
)
from rating.replay.rerate import Rerating, as_of, rerate
from rating.replay.simulate import PeakOfCalls, Simulation, by_account, peak_of, simulate
from rating.replay.tariff_changes import (
    Change,
    RowChange,
    RuleChange,
    changed_lists,
    changed_rows,
    changed_rules,
    price_text,
)

__all__ = [
    "AccountReplay",
    "Change",
    "Combination",
    "Fees",
    "NotRatable",
    "PeakOfCalls",
    "RecordedCall",
    "Replay",
    "ReplayedCall",
    "Rerating",
    "RowChange",
    "RuleChange",
    "Simulation",
    "as_of",
    "by_account",
    "changed_lists",
    "changed_rows",
    "changed_rules",
    "combinations",
    "fees_of",
    "months_between",
    "peak_of",
    "price_text",
    "recorded_call",
    "rerate",
    "simulate",
    "start_order",
]
