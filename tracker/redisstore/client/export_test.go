package client

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// What only tests see.
const (
	ErrSchema  = errSchema
	NoEviction = noEviction
)

var RefusalOf = refusalOf

func (r *Redis) Look(ctx context.Context) error { return r.look(ctx) }

// LookAnew looks as the frontend does half a minute later.
func (r *Redis) LookAnew(ctx context.Context) error {
	r.looking <- struct{}{}
	r.proved = time.Time{}
	<-r.looking
	return r.look(ctx)
}

func (r *Redis) Heed(err error) error { return r.announces.heed(err) }

func (r *Redis) CheckEviction(ctx context.Context, c rueidis.Client) { r.checkEviction(ctx, c) }

// Calls are one call of each script of this package.
func Calls() map[string]Call { return map[string]Call{"mark": markCall(), "ready": readyCall()} }
