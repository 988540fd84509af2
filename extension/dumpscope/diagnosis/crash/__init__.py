"""What a dump says of a crash: what happened, where, in which thread, in the program's own words, and what an expert would remark."""
