package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

var markScript = NewScript("mark")

const schemaVersion = "6" // of the key model

// forgottenTTL is how long frontends take a transfer that is not active for one that may have been,
// after Redis lost its data.
const forgottenTTL = 5 * time.Minute

const (
	errSchema = tracker.StoreError("Redis holds another version of the key model, expected " + schemaVersion)
	errMarks  = tracker.StoreError("Redis does not keep the marks of its data")
)

// readMarks reads which key model Redis holds, whether its data are those that we know, and whether
// any frontend saw that they were lost. An empty Redis gets marks.
func (r *Redis) readMarks(ctx context.Context, client rueidis.Client) error {
	for range 2 {
		var marks [3]string
		for i, result := range client.DoMulti(ctx,
			client.B().Get().Key(keys.Schema).Build(),
			client.B().Get().Key(keys.Data).Build(),
			client.B().Get().Key(keys.Lost).Build()) {
			var err error
			if marks[i], err = result.ToString(); err != nil && !rueidis.IsRedisNil(err) {
				return MapError(err)
			}
		}
		version, data, lost := marks[0], marks[1], marks[2]
		switch {
		case version == "" || version == schemaVersion && data == "":
			if err := prepare(ctx, client); err != nil {
				return err
			}
			continue
		case version != schemaVersion:
			return fmt.Errorf("%w: found %q", errSchema, version)
		}
		r.forgotten.Store(lost != "")
		return r.recognize(ctx, client, data)
	}
	return errMarks
}

// prepare gives an empty Redis marks. Another frontend may be faster.
func prepare(ctx context.Context, client rueidis.Client) error {
	return send(ctx, client,
		client.B().Set().Key(keys.Data).Value(rand.Text()).Nx().Build(),
		client.B().Set().Key(keys.Schema).Value(schemaVersion).Nx().Build())
}

// recognize notes that other data than before were lost, for all frontends: one that has just
// started cannot know.
func (r *Redis) recognize(ctx context.Context, client rueidis.Client, data string) error {
	before := r.data.Load()
	if before != nil && *before != data {
		r.forgotten.Store(true)
		if err := send(ctx, client, client.B().Set().Key(keys.Lost).Value("1").Ex(forgottenTTL).Build()); err != nil {
			return err
		}
		r.log.Error("store lost its data: the torrents must be registered again", "address", r.opts.Addr)
	}
	r.data.Store(&data)
	return nil
}

// writes finds out whether Redis takes writes: one that refuses them is as good as none.
func writes(ctx context.Context, client rueidis.Client) error {
	call := markCall()
	reply, err := readReply(markScript.name, markScript.lua.Exec(ctx, client, call.Keys, call.Args), 0)
	if err == nil && reply.Status == 0 {
		err = errSchema
	}
	return err
}

func markCall() Call {
	return Call{Keys: []string{keys.Schema}, Args: []string{schemaVersion}}
}

// Forgets says whether a transfer that is not active may have been, until Redis lost its data. If
// the look that finds that is yet to come, it hurries.
func (r *Redis) Forgets(ctx context.Context) (bool, error) {
	known := r.data.Load() // first, since recognize writes it last
	if r.forgotten.Load() {
		return true, nil
	}
	data, err := r.announces.Do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(keys.Data).Build()
	}).ToString()
	if err != nil && !rueidis.IsRedisNil(err) {
		return false, MapError(err)
	}
	if known == nil || data == *known {
		return false, nil
	}
	r.hurryLook()
	return true, nil
}

// send sends commands in their order. A nil reply is no error.
func send(ctx context.Context, client rueidis.Client, commands ...rueidis.Completed) error {
	for _, result := range client.DoMulti(ctx, commands...) {
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return MapError(err)
		}
	}
	return nil
}
