package sqlstore

import (
	"context"
	"time"
)

// PostgreSQL plans by the statistics that it has of its tables, and keeps the plan of
// what is prepared, as it does for the look-ups of foreign keys. It collects them once
// a minute at the most. Of empty tables it has none, and then any index that begins
// with the tenant seems as good as the right one: the load that fills a new directory
// would go through half of the tenant for each user. So the store has the statistics
// collected when a process has made this many changes and they know of fewer: not much
// earlier, for where there is a handful of rows PostgreSQL goes through them all. What
// was kept is planned anew then.
var looks = map[int64]bool{256: true, 1024: true, 4096: true, 16_384: true}

const (
	lookTimeout = 10 * time.Second
	known       = `SELECT reltuples::bigint FROM pg_class WHERE oid = 'usher_events'::regclass`
	collect     = `ANALYZE usher_tenants, usher_users, usher_addresses, usher_folders, usher_groups, usher_members, usher_events`
)

// changed counts a change that was committed. That statistics cannot be collected, as
// by somebody who does not own the tables, is no failure of the change.
func (s *Store) changed(ctx context.Context) {
	n := s.changes.Add(1)
	if !s.d.statistics || !looks[n] {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	var rows int64
	if err := s.db.QueryRowContext(ctx, known).Scan(&rows); err == nil && rows < n/2 {
		_, _ = s.db.ExecContext(ctx, collect)
	}
}
