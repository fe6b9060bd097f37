package spacelift

who(team, ip) = {
	"session": {"teams": [team], "login": "x", "admin": false},
	"request": {"remote_ip": ip, "timestamp_ns": 1700000000000000000},
}

test_admin {
	admin with input as who("DevOps", "10.77.1.1")
}

test_allow {
	allow with input as who("Engineering", "10.77.1.1")
}

test_deny {
	deny with input as who("Engineering", "8.8.8.8")
	not deny with input as who("DevOps", "8.8.8.8")
}

test_write {
	not write with input as who("Engineering", "10.77.1.1")
}
