package bench.public_s3

import rego.v1

deny contains msg if {
	some bucket in input.resource_changes
	bucket.type == "aws_s3_bucket"
	"create" in bucket.change.actions
	not has_block(bucket.address)
	msg := sprintf("bucket %s has no public access block", [bucket.address])
}

# As widely published: any complete block will do, whatever the address.
has_block(_) if {
	some block in input.resource_changes
	block.type == "aws_s3_bucket_public_access_block"
	"create" in block.change.actions
	block.change.after.block_public_acls == true
	block.change.after.block_public_policy == true
	block.change.after.ignore_public_acls == true
	block.change.after.restrict_public_buckets == true
}

deny contains msg if {
	some block in input.resource_changes
	block.type == "aws_s3_bucket_public_access_block"
	"create" in block.change.actions
	not block.change.after.block_public_acls == true
	msg := sprintf("block %s must have block_public_acls", [block.address])
}

deny contains msg if {
	some block in input.resource_changes
	block.type == "aws_s3_bucket_public_access_block"
	"create" in block.change.actions
	not block.change.after.block_public_policy == true
	msg := sprintf("block %s must have block_public_policy", [block.address])
}

deny contains msg if {
	some block in input.resource_changes
	block.type == "aws_s3_bucket_public_access_block"
	"create" in block.change.actions
	not block.change.after.restrict_public_buckets == true
	msg := sprintf("block %s must have restrict_public_buckets", [block.address])
}
