"""Several VMs from one draft: by a name pattern, or one row of a CSV file each."""
