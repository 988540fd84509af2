"""Why a debugger command fails on a dump: what the engine accepts, the rules, the planner of a better dump."""
