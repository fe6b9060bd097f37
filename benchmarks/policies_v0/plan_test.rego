package spacelift

test_refuses_user {
	msgs := deny with input as {"terraform": {"resource_changes": [{
		"address": "aws_iam_user.one",
		"type": "aws_iam_user",
		"change": {"actions": ["create"], "after": {}},
	}]}}
	count(msgs) == 1
	msgs["aws_iam_user.one (aws_iam_user) may not be made here"]
}

test_allows_bucket {
	count(deny) == 0 with input as {"terraform": {"resource_changes": [{
		"address": "aws_s3_bucket.one",
		"type": "aws_s3_bucket",
		"change": {"actions": ["create"], "after": {"password": "sanitized-1"}},
	}]}}
}

test_plain_password {
	deny["a.b holds a plain password"] with input as {"terraform": {"resource_changes": [{
		"address": "a.b",
		"type": "a",
		"change": {"actions": ["update"], "after": {"password": "x", "token": null}},
	}]}}
}

test_warns_of_destroy {
	warn["a.c will be destroyed"] with input as {"terraform": {"resource_changes": [{
		"address": "a.c",
		"type": "a",
		"change": {"actions": ["delete"], "after": null},
	}]}}
}
