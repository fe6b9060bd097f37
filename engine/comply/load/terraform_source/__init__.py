"""FOLDER OF *.tf -> DOCUMENT: Terraform source in the shape of the plan it would make."""
