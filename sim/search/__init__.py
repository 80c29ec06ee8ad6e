"""The fault search (故障搜索): one bank on several sites, in one process, in time that only it moves, while faults drawn by a
seed befall it. What the bank has said yes to must still hold at the end, once. The sites are the real ones (`actors.sites`,
`actors.book`, `actors.sequencer`, and the cells with all rules); disks, lines, clocks and callers are simulated here."""
