package registry

import (
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// scanAtOnce is how many entries are looked at together where some are left out, and scanAtMost
// bounds what a page costs: one that has fewer entries than asked for has a cursor of its own.
const (
	scanAtOnce = 1_000
	scanAtMost = 50 * scanAtOnce
)

const errCursor = tracker.ClientError("cursor is not one of ours")

// scanner reads about count entries of a key from a cursor of Redis on. The next cursor is 0 at
// the end.
type scanner[E any] func(cursor uint64, count int) (entries []E, next uint64, err error)

// readPage returns a page of about limit entries, by scans of atOnce each, and the cursor of the
// next page. A small key comes whole, whatever count says: if a scan returns far more than limit,
// the page ends within it, and its cursor says how many entries of the scan are behind.
func readPage[E any](cursor string, limit, atOnce int, scan scanner[E]) (page []E, next string, err error) {
	position, skip, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	for seen := 0; seen < scanAtMost && len(page) <= limit/2; seen += atOnce {
		entries, following, err := scan(position, atOnce)
		if err != nil {
			return nil, "", err
		}
		entries = entries[min(skip, len(entries)):]
		if room := limit - len(page); len(entries) > room+limit {
			return append(page, entries[:room]...), formatCursor(position, skip+room), nil
		}
		page = append(page, entries...)
		if position, skip = following, 0; position == 0 {
			return page, "", nil
		}
	}
	return page, formatCursor(position, 0), nil
}

// formatCursor writes a cursor of Redis, or "CURSOR-SKIP".
func formatCursor(position uint64, skip int) string {
	text := strconv.FormatUint(position, 10)
	if skip > 0 {
		text += "-" + strconv.Itoa(skip)
	}
	return text
}

// parseCursor reads it; an empty one begins.
func parseCursor(text string) (position uint64, skip int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	first, second, cut := strings.Cut(text, "-")
	if position, err = strconv.ParseUint(first, 10, 64); err != nil {
		return 0, 0, errCursor
	}
	if cut {
		n, err := strconv.ParseUint(second, 10, 31)
		if err != nil {
			return 0, 0, errCursor
		}
		skip = int(n)
	}
	return position, skip, nil
}
