"""What every HTTP interface shares: who asks, errors as problems, paging, and answers given once."""
