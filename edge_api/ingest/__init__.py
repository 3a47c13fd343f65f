"""Takes in what kiosks report: each event once, in the ledger and acknowledged after the commit."""
