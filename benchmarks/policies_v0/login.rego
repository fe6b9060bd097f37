package spacelift

# Policy 77: who may sign in and when.

teams := input.session.teams

office := ["10.77.0.0/16", "192.168.0.0/24"]

now := input.request.timestamp_ns

clock := time.clock([now, "Europe/Berlin"])

weekend { time.weekday(now) == ["Saturday", "Sunday"][_] }

admin { teams[_] == "DevOps" }

allow { teams[_] == "Engineering"; not weekend }

allow {
	input.session.login == "on-call"
	office_hours
}

office_hours {
	clock[0] >= 8
	clock[0] <= 18
}

from_office { net.cidr_contains(office[_], input.request.remote_ip) }

deny { not from_office; not admin }

write { allow; input.session.admin == true }

read { allow }
