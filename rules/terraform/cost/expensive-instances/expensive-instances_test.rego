package comply.terraform.cost.expensive_instances_test

import rego.v1

import data.comply.terraform.cost.expensive_instances as rule

plan(type, actions, before, after) := {"resource_changes": [{
	"address": "a",
	"type": type,
	"change": {"actions": actions, "before": before, "after": after},
}]}

machine(actions, before, after) := plan("aws_instance", actions, {"instance_type": before}, {"instance_type": after})

warned(document) := {finding.msg | some finding in rule.warn with input as document}

test_new_machine if {
	warned(machine(["create"], null, "m6i.16xlarge")) == {"a uses the expensive instance type m6i.16xlarge"}
}

test_every_resource_type if {
	every type, attribute in rule.attributes {
		count(warned(plan(type, ["create"], null, {attribute: "db.r6g.8xlarge"}))) == 1
	}
}

test_growth_and_replacement if {
	count(warned(machine(["update"], "m6i.large", "m6i.8xlarge"))) == 1
	count(warned(machine(["delete", "create"], "m6i.8xlarge", "m6i.8xlarge"))) == 1
}

test_already_expensive if {
	count(warned(machine(["update"], "m6i.8xlarge", "m6i.8xlarge"))) == 0
	count(warned(machine(["no-op"], "m6i.8xlarge", "m6i.8xlarge"))) == 0
}

test_small_machine if {
	count(warned(machine(["create"], null, "t3.micro"))) == 0
	count(warned(plan("aws_instance", ["delete"], {"instance_type": "m6i.metal"}, null))) == 0
}

test_parameters if {
	chosen := {"terraform/cost/expensive-instances": {"sizes": ["2xlarge"], "types": ["p5.large"]}}
	document := {"resource_changes": array.concat(
		machine(["create"], null, "m6i.8xlarge").resource_changes,
		array.concat(
			machine(["create"], null, "m6i.2xlarge").resource_changes,
			machine(["create"], null, "p5.large").resource_changes,
		),
	)}
	messages := {finding.msg | some finding in rule.warn} with input as document
		with data.comply.parameters as chosen
	messages == {
		"a uses the expensive instance type m6i.2xlarge",
		"a uses the expensive instance type p5.large",
	}
}
