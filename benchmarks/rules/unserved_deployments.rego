# METADATA
# title: Deployments have a service of their name
package bench.unserved_deployments

import rego.v1

deny contains msg if {
	input.kind == "Deployment"
	not served(input.metadata.name)
	msg := sprintf("deployment %s has no service", [input.metadata.name])
}

served(name) if {
	some service in data.kubernetes.objects
	service.kind == "Service"
	service.metadata.name == name
}
