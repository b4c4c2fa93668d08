package redisstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// transient are the first words of refusals that pass by themselves: a server
// that is starting, fails over, or has lost its master, its peers or its memory.
var transient = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "MISCONF", "OOM", "BUSY",
}

// mapError tells a Redis that cannot be asked now, which is
// tracker.ErrUnavailable, from one that refuses. A nil reply stays as it is.
func mapError(err error) error {
	if err == nil || rueidis.IsRedisNil(err) || errors.Is(err, tracker.ErrUnavailable) {
		return err
	}
	if refusal, refused := rueidis.IsRedisErr(err); refused {
		word, _, _ := strings.Cut(refusal.Error(), " ")
		if !slices.Contains(transient, word) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", tracker.ErrUnavailable, err)
}
