"""Staffed queues: the people of the bank's desks, their hours and leave, and the work that waits for them. A pool is
served window by window and never sees the future."""

from sim.staff.checks import StaffRuleBroken, check_completions
from sim.staff.desks import Begun, Desks
from sim.staff.hours import ENDLESS, OFFICE, Shift
from sim.staff.people import Person, seats_of
from sim.staff.pool import Pool
from sim.staff.roster import Absence, build_roster, pools_of
from sim.staff.statistics import QueueRows, StaffRows
from sim.staff.tasks import Completions, StaffState, Tasks, join_completions, join_tasks, no_tasks

__all__ = [
    "ENDLESS",
    "OFFICE",
    "Absence",
    "Begun",
    "Completions",
    "Desks",
    "Person",
    "Pool",
    "QueueRows",
    "Shift",
    "StaffRows",
    "StaffRuleBroken",
    "StaffState",
    "Tasks",
    "build_roster",
    "check_completions",
    "join_completions",
    "join_tasks",
    "no_tasks",
    "pools_of",
    "seats_of",
]
