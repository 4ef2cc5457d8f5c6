"""Pages of the kernel: people, organisations, sites, coaches, the programme, the own account, the audit trail."""
