"""RULES x DOCUMENTS -> TIMES: what each rule, unit, index and line of a policy costs."""
