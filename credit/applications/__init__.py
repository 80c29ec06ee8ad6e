"""Applications (贷款申请): the form, admission, the customer register, risk lists and dispatch. What other packages may use is
named here."""

from credit.applications.subsystem import ApplicationsSubsystem
from credit.applications.track import Progress, query, track

__all__ = ["ApplicationsSubsystem", "Progress", "query", "track"]
