package bench.block_of_the_bucket

import rego.v1

deny contains msg if {
	some bucket in input.resource_changes
	bucket.type == "aws_s3_bucket"
	not has_block(bucket.change.after.bucket)
	msg := sprintf("bucket %s has no public access block", [bucket.address])
}

has_block(name) if {
	some block in input.resource_changes
	block.type == "aws_s3_bucket_public_access_block"
	block.change.after.bucket == name
	block.change.after.block_public_acls == true
}
