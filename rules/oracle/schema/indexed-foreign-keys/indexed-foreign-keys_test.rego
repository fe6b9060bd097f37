package comply.oracle.schema.indexed_foreign_keys_test

import rego.v1

import data.comply.oracle.schema.indexed_foreign_keys as rule

index(columns) := {"columns": columns, "usable": true, "bitmap": false}

key := {"type": "foreign_key", "name": "LINES_FK", "enabled": true, "columns": ["ORDER_ID", "REGION"]}

table(indexes) := {"owner": "SHOP", "name": "LINES", "constraints": [key], "indexes": indexes}

denied(table) := {finding.msg | some finding in rule.deny with input as {"tables": [table]}}

test_no_index if {
	denied(table([])) == {"table SHOP.LINES: no index leads with the foreign key LINES_FK (ORDER_ID, REGION)"}
}

test_leading_columns_in_any_order if {
	every columns in [["ORDER_ID", "REGION"], ["REGION", "ORDER_ID"], ["REGION", "ORDER_ID", "LINE"]] {
		count(denied(table([index(columns)]))) == 0
	}
}

test_columns_that_do_not_lead if {
	every columns in [["LINE", "ORDER_ID", "REGION"], ["ORDER_ID"], ["ORDER_ID", "LINE", "REGION"]] {
		count(denied(table([index(columns)]))) == 1
	}
}

test_indexes_that_do_not_help if {
	columns := ["ORDER_ID", "REGION"]
	count(denied(table([object.union(index(columns), {"bitmap": true})]))) == 1
	count(denied(table([object.union(index(columns), {"usable": false})]))) == 1
}

test_disabled_and_other_constraints if {
	other := {"constraints": [object.union(key, {"enabled": false}), object.union(key, {"type": "unique"})]}
	count(denied(object.union(table([]), other))) == 0
}
