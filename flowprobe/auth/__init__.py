"""Who acts: signers that authorise a persona's calls, and the leases of its accounts."""
