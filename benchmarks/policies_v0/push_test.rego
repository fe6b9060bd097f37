package spacelift

files(names, branch) = {
	"push": {"affected_files": names, "branch": branch, "tag": "", "message": "x"},
	"stack": {"branch": "main", "project_root": "infra", "additional_project_globs": ["modules"]},
}

test_track {
	track with input as files(["infra/main.tf"], "main")
}

test_propose {
	propose with input as files(["modules/x/main.tf"], "feature")
	not track with input as files(["modules/x/main.tf"], "feature")
}

test_ignore {
	ignore with input as files(["docs/README.md"], "main")
}

test_ignore_mocked {
	ignore with affected as false with input as files(["infra/main.tf"], "main")
}
