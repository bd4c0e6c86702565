"""PostgreSQL: settings, pool, named queries, roles and migrations. A service owns one schema under its own roles."""
