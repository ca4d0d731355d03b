"""What a request costs and who pays for it: the balance, its ledger, holds and charges."""
