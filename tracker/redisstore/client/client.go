package client

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Client sends calls to Redis over connections of its own. While Redis is not seen to be usable every
// call is a tracker.ErrUnavailable at once. It is safe for concurrent use.
type Client struct {
	opts      Options
	doubts    *doubts
	dialed    atomic.Pointer[rueidis.Client]
	connected atomic.Pointer[rueidis.Client] // the same, while calls are let through
}

var errNotUsable = fmt.Errorf("%w: not seen to be usable", tracker.ErrUnavailable)

// client returns the connection, if the last look found that Redis can be used.
func (c *Client) client() (rueidis.Client, error) {
	if client := c.connected.Load(); client != nil {
		return *client, nil
	}
	return nil, errNotUsable
}

// Usable says whether calls are let through at the moment.
func (c *Client) Usable() bool { return c.connected.Load() != nil }

// Do sends one plain command. An error of the result is to go through MapError.
func (c *Client) Do(ctx context.Context, build func(rueidis.Builder) rueidis.Completed) rueidis.RedisResult {
	results, err := c.DoAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{build(b)}
	})
	if err != nil {
		return rueidis.NewErrorResult(err)
	}
	return results[0]
}

// DoAll sends plain commands in one go: those of one transfer, or of one global
// key, in their order; the others, which may lie on several nodes of a cluster, in
// any. The error is that of the first command that failed; a nil reply is none.
func (c *Client) DoAll(ctx context.Context, build func(rueidis.Builder) []rueidis.Completed) ([]rueidis.RedisResult, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	results := client.DoMulti(ctx, build(client.B())...)
	for _, result := range results {
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return nil, c.heed(MapError(err))
		}
	}
	return results, nil
}

// Run calls a script. The reply must have a status number and, if that is more than
// 0, at least the given number of values.
func (c *Client) Run(ctx context.Context, script Script, call Call, values int) (Reply, error) {
	client, err := c.client()
	if err != nil {
		return Reply{}, err
	}
	r, err := readReply(script.name, script.lua.Exec(ctx, client, call.Keys, call.Args), values)
	return r, c.heed(err)
}

// heed remembers a refusal that a call met and that lasts. It returns the error.
func (c *Client) heed(err error) error {
	c.doubts.heed(err)
	return err
}

// Now is the first argument of the scripts that read a clock: unix time in seconds in tests, and else
// empty, which is the clock of Redis.
func (c *Client) Now() string {
	if c.opts.Now == nil {
		return ""
	}
	return fmt.Sprint(c.opts.Now().Unix())
}

// NowMicro is that of a script that reads it in microseconds.
func (c *Client) NowMicro() string {
	if c.opts.Now == nil {
		return ""
	}
	return fmt.Sprint(c.opts.Now().UnixMicro())
}

// Clock returns the time that Redis or this machine told; in tests, that of Options.Now.
func (c *Client) Clock(now time.Time) time.Time {
	if c.opts.Now == nil {
		return now
	}
	return c.opts.Now()
}

// Timeout is how long Redis may take to answer.
func (c *Client) Timeout() time.Duration { return c.opts.Timeout }
