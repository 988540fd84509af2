"""The rules, one family to a module. A rule is data; its test looks at :class:`~dumpscope.diagnosis.facts.Facts` and nothing else."""
