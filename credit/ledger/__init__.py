"""The general ledger (总账): double entry, proved against every loan in every window and balanced at each day's end."""
