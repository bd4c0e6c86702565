"""Reports for people, made from what is published and from nothing else."""
