package shared

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// What only tests see.
const (
	SettingsKept = settingsKept
	StrangersMax = strangersMax
)

var (
	ErrSecret  = errSecret
	Unreadable = unreadable
)

type Comparison = comparison

func (s *Settings) NewComparison(settings []Setting) *Comparison { return s.newComparison(settings) }

func (c *comparison) Compare(ctx context.Context) error { return c.compare(ctx) }
func (c *comparison) Forget()                           { c.forget() }
func (c *comparison) Differ(setting string) prometheus.Gauge {
	return c.differ.WithLabelValues(setting)
}

func NewSecrets(redis *client.Client) *Secrets {
	return newSecrets(redis, slog.New(slog.DiscardHandler))
}

func (k *Secrets) Refresh(ctx context.Context) error { return k.refresh(ctx) }
func (k *Secrets) Known() int                        { return len(*k.known.Load()) }
func (k *Secrets) SetKnown(known map[int64][16]byte) { k.known.Store(&known) }
func (k *Secrets) SetClient(redis *client.Client)    { k.redis = redis }
func (k *Secrets) Hour() int64                       { return k.hour() }

func (n *Notes) NoteStranger(ctx context.Context, hash tracker.InfoHash) error {
	return n.noteStranger(ctx, hash)
}

func (n *Notes) NoteHost(ctx context.Context, a tracker.Announce) error {
	return n.noteHost(ctx, noteKey{a.InfoHash, a.Location, a.Addr.Addr()})
}

// Calls are one call of each script of this package.
func Calls() map[string]client.Call {
	return map[string]client.Call{"moment": momentCall(), "settings": settingsCall([]string{"host/1 PEER_TTL 660"}, "")}
}
