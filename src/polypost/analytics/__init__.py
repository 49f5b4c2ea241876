"""What posts brought: figures that the networks tell, kept, and asked for only when they are not fresh."""
