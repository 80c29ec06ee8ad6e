"""States of a task (任务), the moves between them, and why a command about it is refused.

WAITING ─claim─► CLAIMED ─────────decision─────────► DONE
   ▲               │ ▲ │
   └────release────┘ │ ├─hand over─► CLAIMED (by somebody else)
                     │ └─add-sign──► ASKED
                     └─opinion given───┘       ASKED ─release─► WAITING
WAITING, CLAIMED, ASKED ─► WITHDRAWN, the room needs it no more
"""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves
from credit.room import Reason


class TaskState(Coded):
    """Where a task stands."""

    WAITING = 1  # 待领取
    CLAIMED = 2  # 办理中
    ASKED = 3  # 加签中, waits for a second opinion
    DONE = 4
    WITHDRAWN = 5


_S = TaskState
MOVES = Moves(
    "task",
    {
        _S.WAITING: (_S.CLAIMED, _S.WITHDRAWN),
        _S.CLAIMED: (_S.WAITING, _S.CLAIMED, _S.ASKED, _S.DONE, _S.WITHDRAWN),
        _S.ASKED: (_S.WAITING, _S.CLAIMED, _S.WITHDRAWN),
        _S.DONE: (),
        _S.WITHDRAWN: (),
    },
)


class Handling(Reason):
    """What else than a decision happens to a task."""

    RELEASED = 1, "released", "退回待办"
    HANDED_OVER = 2, "handed over", "转办"
    OPINION_ASKED = 3, "second opinion asked", "加签"
    OPINION_GIVEN = 4, "second opinion given", "加签意见"
    WITHDRAWN = 5, "withdrawn", "任务撤销"


class Refusal(Reason):
    """Why a command at a desk is refused."""

    SAME_PERSON = 303, "same person twice", "双人审批同一人"
    NO_AUTHORITY = 304, "no authority", "无权限"  # has no seat at this desk of this branch
    NO_OPEN_TASK = 305, "no open task", "无待办任务"
    DECISION_INVALID = 306, "invalid decision", "意见无效"
    NOT_ON_REGISTER = 311, "not on the staff register", "不在员工名册"
    NOT_APPOINTED = 312, "not appointed for that day", "当日未获授权代理"
    EXCLUDED = 313, "excluded from this task", "回避人员"
    CLAIMED_BY_ANOTHER = 314, "claimed by somebody else", "任务已被他人领取"
    CLAIMED_ALREADY = 329, "claimed by the same person before", "任务已由本人领取"
    NAMED_FOR_ANOTHER = 328, "somebody else's ballot", "他人的表决票"
    NOT_CLAIMED = 315, "not claimed", "任务未领取"
    ALREADY_DECIDED = 316, "already decided", "任务已办结"
    OPINION_OUTSTANDING = 317, "second opinion outstanding", "加签意见未回"
    NOT_ADMINISTRATOR = 318, "only the administrator may", "仅限管理员操作", "operator"
    NOT_THIS_DESK = 319, "not a desk of this list", "非本列表岗位", "desk"
    DAYS_REVERSED = 320, "ends before it begins", "起止日期颠倒", "to_day"
